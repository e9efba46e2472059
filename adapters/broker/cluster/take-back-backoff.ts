/** Back-off doubles so many times at most. */
const MAX_DOUBLINGS = 6;
/** A gateway that has had the log for so many session timeouts since it took it back starts over with its back-off. */
const STABLE_SESSIONS = 10;
/** Which share of a session timeout is waited at most after the other gateway has closed the log. */
const CLOSED_SHARE = 0.1;

/** How much longer than necessary a follower waits, in ms. */
export interface TakeBackWaits {
  /** After the gateway that has the log has closed it. */
  readonly closedWaitMs: number;
  /** After the session timeout without an entry of it. */
  readonly silentWaitMs: number;
}

/**
 * Draws how long the log is left alone that another gateway has: at random, so that of several gateways one takes it, and
 * twice as long for one that has just taken it back, so that two do not take it from each other in turn.
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

  /** The log was taken back, at a time of the monotonic clock. */
  takenBack(now: number): void {
    this.#takenBackAt = now;
  }

  /** Another gateway has the log. */
  lost(now: number): TakeBackWaits {
    const isStable = now - this.#takenBackAt > STABLE_SESSIONS * this.#sessionTimeoutMs;
    this.#doublings = isStable ? 0 : Math.min(MAX_DOUBLINGS, this.#doublings + 1);
    const silentWaitMs = this.#random() * this.#sessionTimeoutMs * 2 ** this.#doublings;
    return { silentWaitMs, closedWaitMs: silentWaitMs * CLOSED_SHARE };
  }
}
