// Imported from Node's module because fake timers of a test replace the global one, and may never run the callback.
import { setImmediate as afterThisTurn } from 'node:timers';
import { MAX_TIMER_MS } from '../../src/contract/index.js';

/** The kit's source of time. Tests replace it to control time. */
export interface Clock {
  /** Returns the wall-clock time in ms since the epoch, for stored timestamps. */
  now(): number;
  /** Returns a monotonic time in ms, for durations such as timeouts and sessions. */
  monotonic(): number;
  /**
   * Calls `callback` once after `ms` milliseconds, or earlier if `ms` exceeds the longest timer of the clock. The timer does
   * not keep the process alive. Returns a function that cancels it.
   */
  after(ms: number, callback: () => void): () => void;
}

let time = 0;

/** The machine's clock. It reads the wall-clock time once per turn of the event loop, because every batch needs it. */
export const systemClock: Clock = {
  now() {
    if (time === 0) {
      time = Date.now();
      afterThisTurn(forget);
    }
    return time;
  },
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, MAX_TIMER_MS)).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

function forget(): void {
  time = 0;
}
