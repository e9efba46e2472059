import { randomInt } from 'node:crypto';
import type { Awaitable } from '../../../src/contract/index.js';
import { andThen, attempt } from '../awaitable.js';
import type { Kit } from '../kit.js';

/** How many ids are reserved at a time: a restart skips those of the last block that were not given. */
const BLOCK = 1000;
/** Each broker has a range of its own, so that two over one store never give the same id. */
const RANGE = 2 ** 32;

/** Where the ids of a store that forgets begin, at most: half of the range is left to give. */
const MAX_FIRST = RANGE / 2;

const KEY = 'log/producer-ids/';

/** Gives out producer ids (KIP-98), none twice, not even after a restart. */
export class ProducerIds {
  readonly #kit: Kit;
  #next = 0;
  #reserved = 0;
  #reserving: PromiseLike<void> | null = null;

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  open(): void {
    const nodeId = String(this.#kit.placement.nodeId);
    // Clients outlive a store that forgets: with the id of one of them, a new producer's batches would be taken for its.
    this.#next = this.#kit.store.durability !== 'none' ? 0 : randomInt(MAX_FIRST);
    for (const [key, value] of this.#kit.state.load(KEY)) if (key === nodeId) this.#next = Number(value.toString());
    this.#reserved = this.#next;
    this.#reserving = null;
  }

  /** Returns an id that no producer has, of this broker's own range. @throws StoreError */
  next(): Awaitable<number> {
    return andThen(this.#take(), (id) => this.#kit.placement.nodeId * RANGE + id);
  }

  #take(): Awaitable<number> {
    if (this.#next < this.#reserved) return this.#next++;
    return andThen(this.#reserve(), () => this.#take());
  }

  #reserve(): Awaitable<void> {
    if (this.#reserving !== null) return this.#reserving;
    const reserved = this.#next + BLOCK;
    const nodeId = String(this.#kit.placement.nodeId);
    const kept = attempt(
      () => this.#kit.state.put(KEY + nodeId, Buffer.from(String(reserved))),
      () => {
        this.#reserved = reserved;
        this.#reserving = null;
      },
      (error) => {
        this.#reserving = null;
        throw error;
      },
    );
    if (kept === undefined) return;
    this.#reserving = kept;
    return kept;
  }
}
