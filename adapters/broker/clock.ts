// Of Node's module, and not the global one: what waits for a test's fake timers is never run once they are gone.
import { setImmediate as afterThisTurn } from 'node:timers';
import { MAX_TIMER_MS } from '../../src/contract/index.js';

/** Time as the kit sees it, so that tests can turn it. */
export interface Clock {
  /** Wall-clock time in ms since the epoch, for timestamps that are stored. */
  now(): number;
  /** Milliseconds that only go forward, for what lasts: timeouts, sessions. */
  monotonic(): number;
  /**
   * Calls back once, after so many ms, or earlier where that is more than the clock can wait; does not keep the process
   * alive. Returns how to stop.
   */
  after(ms: number, callback: () => void): () => void;
}

let time = 0;

/** The machine's clock. Wall-clock time is asked for once in a turn of the event loop: every batch needs it. */
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
