import type { Awaitable } from '../../../src/contract/index.js';
import type { StoreError } from './store-error.js';

/**
 * Parameters of the opening of a shard. The durable state of the kit is divided into shards: ordered key/value logs, each
 * with one owner at a time. Keys, values and owner records are opaque to stores. A single broker uses one shard.
 */
export interface ShardOpening {
  /** Number of the shard, from 0. */
  readonly shard: number;
  /** Number of shards. The first successful opening fixes it. Later openings with another number throw `INVALID`. */
  readonly shardCount: number;
  /** Owner record of the new owner, for followers of the shard. */
  readonly owner: Uint8Array;
  /**
   * Epoch of the opening that this one replaces. The opening fails with `FENCED` if the last opening has another epoch, or if
   * there was none. Null replaces any opening.
   */
  readonly expectedEpoch: number | null;
  /**
   * Called with all values of the shard before the current owner is fenced, and again if they have changed in the meantime.
   * If it throws, the opening rejects with that error and the current owner stays.
   */
  readonly accept: (values: Iterable<ShardValue>) => void;
  /**
   * Called at most once, when the store detects that another owner has opened the shard or that its state is gone. The error
   * is the one with which `put` fails from then on. The first `put` or `check` that fails with `FENCED` also counts as
   * detection. Never called after the shard is closed.
   */
  readonly fenced: (error: StoreError) => void;
}

/** A key and its value. */
export type ShardValue = readonly [key: string, value: Uint8Array];

/** A key and its new value; null deletes the key. */
export type ShardChange = readonly [key: string, value: Uint8Array | null];

/** A shard of the durable state that this broker has opened. */
export interface StateShard {
  /**
   * Epoch of this opening, higher than that of every earlier opening. It is the leader epoch and coordinator epoch of
   * everything that belongs to the shard (KIP-101, KIP-98).
   */
  readonly epoch: number;
  /** Returns all values of the shard, from this owner and all earlier ones. */
  load(signal: AbortSignal): Awaitable<Iterable<ShardValue>>;
  /**
   * Applies changes atomically, in their order and in the order of the calls. Either all or none survive a crash. Settles
   * once the changes are as durable as the store promises. The caller may reuse the memory of the values after that.
   *
   * @throws StoreError `FENCED` once another owner has opened the shard; `INVALID` for a change that the engine cannot store.
   */
  put(changes: readonly ShardChange[]): Awaitable<void>;
  /**
   * Checks that this owner still owned the shard at some time after the call. Overlapping calls may share one response of
   * the engine.
   *
   * @throws StoreError `FENCED`.
   */
  check(signal: AbortSignal): Awaitable<void>;
  /**
   * Releases the shard after all changes have settled. Called after all other methods. Also called if the shard is fenced,
   * possibly after it was opened again. Does not change the values of the shard.
   */
  close(signal: AbortSignal): Awaitable<void>;
}

/**
 * An entry that a follower of a shard reads. An entry with a lower epoch than an earlier entry is void, because its owner was
 * fenced. An opening with the same epoch as an earlier entry is void too.
 */
export type ShardEntry =
  | { readonly kind: 'opened'; readonly epoch: number; readonly owner: Uint8Array }
  | { readonly kind: 'put'; readonly epoch: number; readonly key: string; readonly value: Uint8Array | null }
  /**
   * Discards all earlier entries. The newest opening follows, then all values of the shard, each with the epoch of that
   * opening or a later one.
   */
  | { readonly kind: 'reset' };
