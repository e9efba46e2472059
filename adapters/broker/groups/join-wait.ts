import type { Clock } from '../clock.js';
import { Deadline } from './deadline.js';

/**
 * How long a rebalance waits for its members to join. That of an empty group waits in turns, for more members are likely
 * to come at once: each turn in which one joined is followed by another (KIP-134).
 */
export class JoinWait {
  readonly #deadline: Deadline;
  /** Length of the current turn. */
  #turnMs = 0;
  /** What further turns may take; 0 without turns. */
  #remainingMs = 0;
  /** Whether a member joined in the current turn. */
  #hasJoined = false;

  /** @param expired - Called when the wait is over, or a turn of it. */
  constructor(clock: Clock, expired: () => void) {
    this.#deadline = new Deadline(clock, expired);
  }

  begin(timeoutMs: number): void {
    this.#deadline.set(timeoutMs);
  }

  /** Begins the wait of an empty group with its first turn. */
  beginTurns(turnMs: number, timeoutMs: number): void {
    this.#turnMs = turnMs;
    this.#remainingMs = Math.max(timeoutMs - turnMs, 0);
    this.#hasJoined = false;
    this.#deadline.set(turnMs);
  }

  /** A new member joined in the current turn. */
  memberJoined(): void {
    this.#hasJoined = true;
  }

  /** Begins another turn if the last one calls for it; returns whether it does. */
  nextTurn(turnMs: number): boolean {
    if (!this.#hasJoined || this.#remainingMs === 0) return false;
    this.#hasJoined = false;
    const nextMs = Math.min(turnMs, this.#remainingMs);
    this.#remainingMs = Math.max(this.#remainingMs - this.#turnMs, 0);
    this.#turnMs = nextMs;
    this.#deadline.set(nextMs);
    return true;
  }

  end(): void {
    this.#deadline.cancel();
    this.#remainingMs = 0;
  }

  /** Expires now if the time has come. */
  settle(): void {
    this.#deadline.settle();
  }
}
