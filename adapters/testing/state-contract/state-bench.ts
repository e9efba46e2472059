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

/** An engine that stores are made over. */
export interface StateContractEngine {
  /**
   * Makes a store, which the case opens and closes. Called again after the store before was closed, and meanwhile if the
   * engine is `shared`. May return a store again.
   */
  createStore(): Awaitable<LogStore>;
  /** Called last. */
  close?(): Awaitable<void>;
}

/** What a bench works with. */
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
  /** What `accept` was called with last. */
  readonly accepted: readonly ShardValue[];
  /** What `fenced` was called with. */
  readonly fenced: readonly StoreError[];
}

export const NEVER: AbortSignal = new AbortController().signal;

/** Gives a case an engine without state, and opens shards of it. */
export class StateBench {
  readonly #context: BenchContext;
  /** Stores that are open. */
  readonly #stores = new Set<LogStore>();
  /** Shards that were opened and not closed. */
  readonly #shards = new Set<StateShard>();
  #follower: LogStore | null = null;

  constructor(context: BenchContext) {
    this.#context = context;
  }

  has(need: StateNeed): boolean {
    return this.#context.has(need);
  }

  /** A change that the store refuses. */
  get refusedChange(): ShardChange {
    const { refusedChange } = this.#context;
    assert(refusedChange !== null, 'the case needs refusedChange');
    return refusedChange;
  }

  /** Returns the store of the next broker, open: one of its own, if the engine is shared. */
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
   * Opens shard 0 of a state of one shard as the next broker does.
   *
   * @param store - The store to open it with. Default: that of the next broker.
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

  /** Gives a shard back. */
  async closeShard({ shard }: Owner): Promise<void> {
    this.#shards.delete(shard);
    await shard.close(NEVER);
  }

  /**
   * Checks what the shard of an owner holds: for that owner, for the next one, and, if the engine is durable, for a new
   * store. Fences the owner.
   */
  async holds({ shard }: Owner, expected: readonly Row[], opening: Partial<ShardOpening> = {}): Promise<void> {
    sameValues(await shard.load(NEVER), expected, 'load of the owner');
    await this.#nextHolds(expected, opening, 'the next owner');
    if (!this.has('durable')) return;
    await this.closeStores();
    await this.#nextHolds(expected, opening, 'the owner in a new store');
  }

  /** Reads a shard from a position on without opening it. Returns the next position. */
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

  /** Closes all shards and their stores; shards that are opened from now on are those of new stores. */
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
