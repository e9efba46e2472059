/** Number of timeout checks within the shortest timeout. */
const SWEEPS_PER_LIMIT = 8;
const MIN_SWEEP_MS = 5;
const MAX_SWEEP_MS = 1_000;

/** Checks the timeouts periodically, and provides the clock that they use. */
export class SweepClock {
  /**
   * Time in milliseconds. Advances only with the sweeps, because reading the real clock for each chunk would cost more.
   */
  now = 0;
  private timer: NodeJS.Timeout | null = null;

  /** Starts the sweeps, often enough for a timeout of the given number of milliseconds. */
  start(shortestLimitMs: number, sweep: (now: number) => void): void {
    const interval = Math.min(Math.max(shortestLimitMs / SWEEPS_PER_LIMIT, MIN_SWEEP_MS), MAX_SWEEP_MS);
    let last = performance.now();
    this.timer = setInterval(() => {
      const now = performance.now();
      // A blocked process has not read the bytes that its clients sent meanwhile, so this time does not count.
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
