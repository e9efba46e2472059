import type { Clock } from '../clock.js';
import { Deadline } from './deadline.js';

/** The wait of a new generation for its members to ask for their assignments. */
export class SyncWait {
  readonly #deadline: Deadline;
  /** Members that know of the generation and have not asked. */
  readonly #missing = new Set<string>();
  /** The generation whose assignment is being stored; -1 for none. */
  storingGeneration = -1;

  /** @param expired - Called when the time for all of them is over. */
  constructor(clock: Clock, expired: () => void) {
    this.#deadline = new Deadline(clock, expired);
  }

  /** Ids of members that have not asked. */
  get missing(): readonly string[] {
    return [...this.#missing];
  }

  begin(memberIds: Iterable<string>, timeoutMs: number): void {
    for (const memberId of memberIds) this.#missing.add(memberId);
    this.#deadline.set(timeoutMs);
  }

  /** A member has asked. */
  synced(memberId: string): void {
    this.#missing.delete(memberId);
    if (this.#missing.size === 0) this.end();
  }

  /** A member is gone: it is not waited for. */
  remove(memberId: string): void {
    this.#missing.delete(memberId);
  }

  /** A static member is known by another id. */
  rename(oldId: string, memberId: string): void {
    if (this.#missing.delete(oldId)) this.#missing.add(memberId);
  }

  end(): void {
    this.#missing.clear();
    this.#deadline.cancel();
  }

  /** Expires now if the time has come. */
  settle(): void {
    this.#deadline.settle();
  }
}
