import type { Clock } from '../clock.js';

/**
 * A point in time that is pushed back again and again, as a session's end by heartbeats. Pushing it back costs nothing:
 * the timer under it is left alone, and set anew once it has run out too early.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #expired: () => void;
  #at = Infinity;
  /** When the timer runs out, never after the deadline; Infinity without a timer. */
  #timerAt = Infinity;
  #stop: (() => void) | null = null;

  constructor(clock: Clock, expired: () => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** Sets it to so many ms from now, in place of what was set before. */
  set(ms: number): void {
    this.#at = this.#clock.monotonic() + ms;
    if (this.#timerAt <= this.#at) return;
    this.#stop?.();
    this.#arm(ms);
  }

  /** It does not come any more, unless it is set again. */
  cancel(): void {
    this.#at = this.#timerAt = Infinity;
    this.#stop?.();
    this.#stop = null;
  }

  /** Expires now if the time has come and the timer has not run yet, as when the event loop is busy. */
  settle(): void {
    if (this.#clock.monotonic() < this.#at) return;
    this.cancel();
    this.#expired();
  }

  #arm(ms: number): void {
    this.#timerAt = this.#at;
    this.#stop = this.#clock.after(Math.max(1, Math.ceil(ms)), () => {
      this.#stop = null;
      this.#timerAt = Infinity;
      const left = this.#at - this.#clock.monotonic();
      if (left > 0) this.#arm(left);
      else this.cancel();
      if (left <= 0) this.#expired();
    });
  }
}
