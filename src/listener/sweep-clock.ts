/** How often the limits on time are looked at, in relation to the shortest of them. */
const SWEEPS_PER_LIMIT = 8;
const MIN_SWEEP_MS = 5;
const MAX_SWEEP_MS = 1_000;

/** Looks at the limits on time again and again, and is the clock that they are measured by. */
export class SweepClock {
  /** In milliseconds. Moves with the sweeps only: reading the real clock for each chunk would cost more. */
  now = 0;
  private timer: NodeJS.Timeout | null = null;

  /** Starts the sweeps, often enough for a limit of so many milliseconds. */
  start(shortestLimitMs: number, sweep: (now: number) => void): void {
    const interval = Math.min(Math.max(shortestLimitMs / SWEEPS_PER_LIMIT, MIN_SWEEP_MS), MAX_SWEEP_MS);
    let last = performance.now();
    this.timer = setInterval(() => {
      const now = performance.now();
      // A process that was held up has not read what its clients sent meanwhile: that time is none of theirs.
      this.now += Math.min(now - last, 2 * interval);
      last = now;
      sweep(this.now);
    }, interval).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
