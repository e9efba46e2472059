/** Maximum number of doublings of the back-off. */
const MAX_DOUBLINGS = 6;
/** Session timeouts of ownership after which the back-off is reset. */
const STABLE_SESSIONS = 10;
/** Wait after the owner has closed the log, as a share of the wait after silence. */
const CLOSED_SHARE = 0.1;

/** Additional waits of a follower before it opens the log, in ms. */
export interface TakeBackWaits {
  /** Wait after the owner has closed the log. */
  readonly closedWaitMs: number;
  /** Wait after a session timeout without an entry of the owner. */
  readonly silentWaitMs: number;
}

/**
 * Draws random waits before the log of another gateway is opened, so that only one of several gateways opens it. The wait
 * doubles for a gateway that has taken the log back recently, so that two gateways do not take it from each other in turn.
 */
export class TakeBackBackoff {
  readonly #sessionTimeoutMs: number;
  readonly #random: () => number;
  #doublings = 0;
  #takenBackAt = -Infinity;

  constructor(sessionTimeoutMs: number, random: () => number = Math.random) {
    this.#sessionTimeoutMs = sessionTimeoutMs;
    this.#random = random;
  }

  /** Records that the log was taken back. @param now - Monotonic time in ms. */
  takenBack(now: number): void {
    this.#takenBackAt = now;
  }

  /** Records that another gateway owns the log and returns the waits. @param now - Monotonic time in ms. */
  lost(now: number): TakeBackWaits {
    const isStable = now - this.#takenBackAt > STABLE_SESSIONS * this.#sessionTimeoutMs;
    this.#doublings = isStable ? 0 : Math.min(MAX_DOUBLINGS, this.#doublings + 1);
    const silentWaitMs = this.#random() * this.#sessionTimeoutMs * 2 ** this.#doublings;
    return { silentWaitMs, closedWaitMs: silentWaitMs * CLOSED_SHARE };
  }
}
