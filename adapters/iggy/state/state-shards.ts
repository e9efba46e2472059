import { setTimeout as delay } from 'node:timers/promises';
import { type ShardEntry, type ShardOpening, type ShardValue, StoreError } from '../../broker/index.js';
import { throwIfAborted, unlessAborted } from '../sdk/abortable.js';
import type { IggyTopic } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { storeError } from '../sdk/failures.js';
import { IggyShard } from './iggy-shard.js';
import { OvertakenError } from './overtaken.js';
import { ForeignShardReader } from './foreign-shard-reader.js';
import { ShardGenerations } from './shard-generations.js';
import { StateLayout } from './state-layout.js';
import { openState, StateRefusedError } from './state-opener.js';
import { EntrySequence } from './state-replay.js';
import { StateRewriter } from './state-rewriter.js';
import { StateTopics } from './state-topics.js';
import { StateValues } from './state-values.js';

/** Maximum rounds of an opening while other gateways open or rewrite the shard, and base of the random pauses in ms. */
const MAX_ROUNDS = 10;
const PAUSE_MS = 20;

/** The shard with the adapter's own values. */
const OWN_SHARD = 0;

/** Options of {@link StateShards}. */
export interface StateShardsOptions {
  readonly pool: ClientPool;
  /** Name of the stream. */
  readonly stream: string;
  /** Prefix of the names of the topics. */
  readonly prefix: string;
  /** Interval in ms at which `look` is called. */
  readonly refreshMs: number;
  readonly warn: (message: string) => void;
  /** Called with each stored change of the kit. */
  readonly stored: (key: string, value: Uint8Array | null) => void;
}

/** The state of one stream. Opens its shards, and stores the adapter's own values in shard 0. */
export class StateShards {
  readonly #options: StateShardsOptions;
  readonly #topics: StateTopics;
  readonly #follower: ForeignShardReader;
  /** The newest opening of each shard. */
  readonly #shards = new Map<number, IggyShard>();

  constructor(options: StateShardsOptions) {
    const topics = new StateTopics(options.pool, options.stream, options.prefix);
    this.#options = options;
    this.#topics = topics;
    this.#follower = new ForeignShardReader(topics);
  }

  /** Whether a topic belongs to the state of this or another gateway. */
  isOwnTopic(name: string): boolean {
    return this.#topics.isOwnTopic(name);
  }

  /**
   * Opens a shard, which is to be started, or closed.
   *
   * @throws StoreError when it cannot be opened; and what `accept` throws.
   */
  open(opening: ShardOpening, signal: AbortSignal): Promise<IggyShard> {
    return unlessAborted(this.#open(opening, signal), signal, 'opening a shard');
  }

  async #open(opening: ShardOpening, signal: AbortSignal): Promise<IggyShard> {
    const { shard, shardCount, expectedEpoch } = opening;
    const layout = new StateLayout(this.#topics, this.#options.stream, shardCount);
    const generations = new ShardGenerations(this.#topics, shard);
    const replaceable = expectedEpoch === null ? null : new Set([expectedEpoch]);
    for (let round = 1; ; round++) {
      let why = 'others open it, or write it anew, all the time';
      const sequence = new EntrySequence();
      const values = new StateValues();
      const rewriter = new StateRewriter({ generations, sequence, values, owner: opening.owner });
      try {
        const context = { opening, layout, generations, sequence, values, rewriter, replaceable, signal };
        const topic = await openState(context);
        throwIfAborted(signal, 'opening a shard');
        if (topic !== null) {
          const opened = new IggyShard({
            ...this.#options,
            suspicionMs: this.#options.refreshMs,
            shard,
            topic,
            sequence,
            values,
            rewriter,
            fenced: opening.fenced,
          });
          this.#shards.set(shard, opened);
          return opened;
        }
      } catch (error) {
        if (error instanceof StateRefusedError) throw error.reason;
        const failure = storeError(error, 'state cannot be kept');
        // Another gateway has opened the shard after this one, or has dropped a topic after a rewrite.
        if (!(failure instanceof OvertakenError) && failure.code !== 'NOT_FOUND') throw failure;
        why = failure.message;
      }
      if (round >= MAX_ROUNDS) throw new StoreError('UNAVAILABLE', `Iggy: the state cannot be opened: ${why}`);
      // A random pause, so that two gateways that disturb each other do not retry in step.
      await delay(Math.random() * PAUSE_MS * round);
      throwIfAborted(signal, 'opening a shard');
    }
  }

  /** Reads a shard without opening it. @throws StoreError */
  follow(shard: number, from: number, visit: (entry: ShardEntry) => void, signal: AbortSignal): Promise<number> {
    const visitWhileWaited = (entry: ShardEntry): void => {
      if (!signal.aborted) visit(entry);
    };
    return unlessAborted(this.#follower.follow(shard, from, visitWhileWaited), signal, 'following a shard');
  }

  /** Waits for pending changes. */
  async close(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from(this.#shards.values(), (shard) => shard.close(signal)));
    this.#shards.clear();
  }

  /** Checks whether another gateway owns the shards now, at most once per `refreshMs` for each. */
  suspect(): void {
    for (const shard of this.#shards.values()) shard.suspect();
  }

  /** Checks the topics of the stream, which are listed periodically anyway. */
  look(topics: readonly IggyTopic[]): void {
    for (const shard of this.#shards.values()) shard.look(topics);
  }

  /** Returns the adapter's values whose keys have this prefix, with the prefix removed; none before shard 0 is open. */
  own(prefix: string): Iterable<ShardValue> {
    return this.#shards.get(OWN_SHARD)?.own(prefix) ?? [];
  }

  /** Stores a value of the adapter, or deletes it if null. @throws StoreError */
  async putOwn(key: string, value: Uint8Array | null): Promise<void> {
    const shard = this.#shards.get(OWN_SHARD);
    if (shard === undefined) throw new StoreError('UNAVAILABLE', 'Iggy: shard 0 of the state is not open');
    await shard.putOwn(key, value);
  }
}
