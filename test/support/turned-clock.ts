// A fake on purpose: timeouts of minutes are tested in no time, and to the millisecond.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../adapters/broker/clock.js';

const MAX_STEPS = 10_000;

/** A clock that stands still until it is turned. */
export class TurnedClock implements Clock {
  #time = 0;
  readonly #start: number;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  constructor(start = 1_700_000_000_000) {
    this.#start = start;
  }

  now(): number {
    return this.#start + this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#time + ms, callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass without running timers, as a busy event loop does; they run at the next turn. */
  stall(ms: number): void {
    this.#time += ms;
  }

  /** Turns on, and runs what is due on the way at its own time. */
  turn(ms: number): void {
    const end = this.#time + ms;
    for (;;) {
      let next: { readonly at: number; readonly callback: () => void } | null = null;
      for (const timer of this.#timers) {
        if (timer.at <= end && (next === null || timer.at < next.at)) next = timer;
      }
      if (next === null) break;
      this.#timers.delete(next);
      this.#time = Math.max(this.#time, next.at);
      next.callback();
    }
    this.#time = end;
  }
}

/** Turns a clock step by step until something holds. What its timers begin has some turns of the event loop after each step. */
export async function turnUntil(
  clock: TurnedClock,
  stepMs: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let step = 0; step < MAX_STEPS; step++) {
    if (await holds()) return;
    clock.turn(stepMs);
    await nextTurn();
  }
  throw new Error(`did not hold within ${String(MAX_STEPS)} steps of ${String(stepMs)} ms`);
}
