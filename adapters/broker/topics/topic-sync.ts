import type { Awaitable } from '../../../src/contract/index.js';
import type { StoredTopic } from '../store/log-store.js';

/** Brings topics that changed elsewhere in: one list at a time, and one more if topics changed meanwhile. */
export class TopicSync {
  readonly #list: () => Awaitable<readonly StoredTopic[]>;
  readonly #reconcile: (stored: readonly StoredTopic[]) => void;
  #running: Promise<void> | null = null;
  #isOutdated = false;
  /** Changes that were made from here: a list that was asked for before one of them does not count. */
  #ownChanges = 0;

  /**
   * @param list - Asks the store for its topics.
   * @param reconcile - Takes in what the store has.
   */
  constructor(list: () => Awaitable<readonly StoredTopic[]>, reconcile: (stored: readonly StoredTopic[]) => void) {
    this.#list = list;
    this.#reconcile = reconcile;
  }

  /** A topic was changed from here, and the change is taken in. */
  changedHere(): void {
    this.#ownChanges++;
  }

  /** Settles once a list that was asked for from now on is taken in. */
  run(): Promise<void> {
    this.#isOutdated = true;
    this.#running ??= (async () => {
      try {
        while (this.#isOutdated) {
          this.#isOutdated = false;
          const ownChanges = this.#ownChanges;
          const stored = await this.#list();
          if (ownChanges === this.#ownChanges) this.#reconcile(stored);
          else this.#isOutdated = true;
        }
      } finally {
        this.#running = null;
      }
    })();
    return this.#running;
  }
}
