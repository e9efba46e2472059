/** Shares checks of who owns a shard among those who ask. */
export class SharedCheck {
  readonly #suspicionMs: number;
  readonly #write: () => Promise<void>;
  /** A check that is on its way, and the one that is to follow it. */
  #current: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  /** When the owner may be looked up again for a suspicion, by the monotonic clock. */
  #nextSuspicion = -Infinity;

  /**
   * @param suspicionMs - Time between two checks that are made for suspicions.
   * @param write - Writes an entry that has no key into the log.
   */
  constructor(suspicionMs: number, write: () => Promise<void>) {
    this.#suspicionMs = suspicionMs;
    this.#write = write;
  }

  /**
   * Resolves once it is certain that the shard was this gateway's at a moment after the call. Concurrent calls share one
   * entry.
   *
   * @throws StoreError when another gateway has it, or that cannot be told.
   */
  check(): Promise<void> {
    if (this.#current === null) return this.#begin();
    // The one on its way may have been written before whatever the caller has seen.
    const next = (): Promise<void> => {
      this.#next = null;
      return this.#begin();
    };
    this.#next ??= this.#current.then(next, next);
    return this.#next;
  }

  /**
   * Another gateway seems to have the shard. A busy partition suspects at each append: suspicions shortly after another one
   * are ignored.
   */
  suspect(): void {
    const now = performance.now();
    if (now < this.#nextSuspicion) return;
    this.#nextSuspicion = now + this.#suspicionMs;
    void this.check().catch(() => undefined);
  }

  #begin(): Promise<void> {
    const check = this.#write().finally(() => {
      this.#current = null;
    });
    this.#current = check;
    return check;
  }
}
