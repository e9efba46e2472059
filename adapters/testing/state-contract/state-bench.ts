import assert from 'node:assert/strict';
import type { Awaitable } from '../../../src/contract/index.js';
import type {
  LogStore,
  ShardChange,
  ShardEntry,
  ShardOpening,
  ShardValue,
  StateShard,
  StoreError,
} from '../../broker/index.js';
import { eventually } from '../contract/eventually.js';
import type { StateNeed } from './case.js';
import { copied, type Row, sameValues } from './rows.js';

/** An engine for stores under test. */
export interface StateContractEngine {
  /**
   * Creates a store, which the case opens and closes. Called again after the previous store was closed; if the engine is
   * `shared`, also while it is open. May return the same store again.
   */
  createStore(): Awaitable<LogStore>;
  /** Releases the engine. Called last. */
  close?(): Awaitable<void>;
}

/** Dependencies of a bench. */
interface BenchContext {
  readonly engine: StateContractEngine;
  readonly has: (need: StateNeed) => boolean;
  readonly refusedChange: ShardChange | null;
  readonly patienceMs: number;
}

/** An opening of a shard. */
export interface Owner {
  /** The store that has opened it. */
  readonly store: LogStore;
  readonly shard: StateShard;
  /** Values of the last call of `accept`. */
  readonly accepted: readonly ShardValue[];
  /** Errors of the calls of `fenced`. */
  readonly fenced: readonly StoreError[];
}

export const NEVER: AbortSignal = new AbortController().signal;

/** Test bench of a case: an engine without state, its stores and shards. */
export class StateBench {
  readonly #context: BenchContext;
  /** Open stores. */
  readonly #stores = new Set<LogStore>();
  /** Open shards. */
  readonly #shards = new Set<StateShard>();
  #follower: LogStore | null = null;

  constructor(context: BenchContext) {
    this.#context = context;
  }

  has(need: StateNeed): boolean {
    return this.#context.has(need);
  }

  /** A change that the store rejects. */
  get refusedChange(): ShardChange {
    const { refusedChange } = this.#context;
    assert(refusedChange !== null, 'the case needs refusedChange');
    return refusedChange;
  }

  /** Returns the open store of the next broker. If the engine is shared, each broker has its own store. */
  async nextStore(): Promise<LogStore> {
    const [first] = this.#stores;
    if (first !== undefined && !this.has('shared')) return first;
    const store = await this.#context.engine.createStore();
    if (this.#stores.has(store)) return store;
    this.#stores.add(store);
    await store.open?.(NEVER);
    return store;
  }

  /**
   * Opens shard 0 of a state with one shard, as the next broker does.
   *
   * @param store - The store that opens it. Default: the store of the next broker.
   */
  async open(opening: Partial<ShardOpening> = {}, store?: LogStore): Promise<Owner> {
    const opener = store ?? (await this.nextStore());
    const fenced: StoreError[] = [];
    const seen: { values: readonly ShardValue[] | null } = { values: null };
    const shard = await opener.openShard(
      {
        shard: 0,
        shardCount: 1,
        owner: Buffer.from('owner'),
        expectedEpoch: null,
        fenced: (error) => fenced.push(error),
        ...opening,
        accept(values) {
          seen.values = copied(values);
          opening.accept?.(seen.values);
        },
      },
      NEVER,
    );
    this.#shards.add(shard);
    assert(seen.values !== null, 'openShard has not called accept');
    return { store: opener, shard, accepted: seen.values, fenced };
  }

  /** Closes a shard. */
  async closeShard({ shard }: Owner): Promise<void> {
    this.#shards.delete(shard);
    await shard.close(NEVER);
  }

  /**
   * Checks the values of a shard: for its owner, for the next owner and, if the engine is durable, for an owner with a new
   * store. Fences the owner.
   */
  async holds({ shard }: Owner, expected: readonly Row[], opening: Partial<ShardOpening> = {}): Promise<void> {
    sameValues(await shard.load(NEVER), expected, 'load of the owner');
    await this.#nextHolds(expected, opening, 'the next owner');
    if (!this.has('durable')) return;
    await this.closeStores();
    await this.#nextHolds(expected, opening, 'the owner in a new store');
  }

  /** Reads a shard from a position without opening it. Returns the next position. */
  async follow(shard: number, from: number, visit: (entry: ShardEntry) => void): Promise<number> {
    this.#follower ??= await this.nextStore();
    const position = await this.#follower.followShard?.(shard, from, visit, NEVER);
    assert(position !== undefined, 'the store has no followShard; expected capabilities: { followShard: false }');
    return position;
  }

  /** Repeats an attempt until it succeeds. */
  eventually(attempt: () => void): Promise<void> {
    return eventually(attempt, this.#context.patienceMs);
  }

  /** Closes all shards and stores. Shards that are opened afterwards use new stores. */
  async closeStores(): Promise<void> {
    for (const shard of this.#shards) await shard.close(NEVER);
    this.#shards.clear();
    for (const store of this.#stores) await store.close?.(NEVER);
    this.#stores.clear();
    this.#follower = null;
  }

  async close(): Promise<void> {
    await this.closeStores();
    await this.#context.engine.close?.();
  }

  async #nextHolds(expected: readonly Row[], opening: Partial<ShardOpening>, who: string): Promise<void> {
    const { shard, accepted } = await this.open(opening);
    sameValues(accepted, expected, `accept of ${who}`);
    sameValues(await shard.load(NEVER), expected, `load of ${who}`);
  }
}
