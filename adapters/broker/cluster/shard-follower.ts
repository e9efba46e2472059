import type { BrokerNode } from '../broker-node.js';
import type { ShardEntry } from '../store/state-shard.js';
import { decodeOwnerRecord, OWNER_KEY, type OwnerRecord } from './owner-record.js';
import type { TakeBackWaits } from './take-back-backoff.js';

/** What a follower goes by. */
export interface ShardFollowerOptions extends TakeBackWaits {
  /** Reads on from a position; returns the next one. */
  readonly read: (from: number, visit: (entry: ShardEntry) => void) => PromiseLike<number> | number;
  readonly sessionTimeoutMs: number;
  /** How often `look` is called, in ms. */
  readonly intervalMs: number;
  /** When this broker lost the shard, by the monotonic clock. */
  readonly lostAt: number;
}

const UNKNOWN: OwnerRecord = { node: null, isClosed: false, epoch: null };

/**
 * Follows a shard that another broker owns: who that is, and whether it is alive. Time is this machine's own and decides
 * only when to try: the store decides who owns the shard.
 */
export class ShardFollower {
  readonly #options: ShardFollowerOptions;
  #position = 0;
  /** When something new was last seen in the shard. */
  #aliveAt: number;
  #lookedAt: number;
  #epoch: number | null = null;
  #owner = UNKNOWN;
  /** When a shard that was closed may be opened; null while it is not closed. */
  #closedUntil: number | null = null;

  constructor(options: ShardFollowerOptions) {
    this.#options = options;
    this.#aliveAt = options.lostAt;
    this.#lookedAt = options.lostAt;
  }

  /** The broker that owns the shard; null while it has not said what it advertises. The same object until it says otherwise. */
  get owner(): BrokerNode | null {
    return this.#owner.node;
  }

  /** Whether the broker that opened the shard last has given it back. */
  get isClosed(): boolean {
    return this.#owner.isClosed;
  }

  /** The highest epoch that was read; null where nothing was. */
  get epoch(): number | null {
    return this.#epoch;
  }

  /**
   * Reads what is new.
   *
   * @param now - By the monotonic clock.
   * @returns Whether it is time to open the shard.
   * @throws StoreError
   */
  async look(now: number): Promise<boolean> {
    const { read, sessionTimeoutMs, intervalMs, silentWaitMs, closedWaitMs } = this.#options;
    // As long as nobody looked, the silence was perhaps this broker's, or the store's.
    if (now - this.#lookedAt > Math.max(sessionTimeoutMs, 2 * intervalMs)) this.#aliveAt = now;
    const position = await read(this.#position, (entry) => {
      this.#take(entry);
    });
    this.#lookedAt = now;
    if (position !== this.#position) this.#aliveAt = now;
    this.#position = position;
    if (!this.isClosed) {
      this.#closedUntil = null;
      return now - this.#aliveAt >= sessionTimeoutMs + silentWaitMs;
    }
    this.#closedUntil ??= now + closedWaitMs;
    return now >= this.#closedUntil;
  }

  #take(entry: ShardEntry): void {
    if (entry.kind === 'reset') {
      this.#epoch = null;
      return;
    }
    const { epoch } = entry;
    const isOpening = entry.kind === 'opened';
    // Of two openings with one number, the first one counts.
    if (this.#epoch !== null && (isOpening ? epoch <= this.#epoch : epoch < this.#epoch)) return;
    this.#epoch = epoch;
    if (isOpening) {
      this.#learn(decodeOwnerRecord(entry.owner) ?? UNKNOWN);
    } else if (entry.key === OWNER_KEY && entry.value !== null) {
      const record = decodeOwnerRecord(entry.value);
      if (record?.epoch === epoch) this.#learn(record);
    }
  }

  #learn(record: OwnerRecord): void {
    const known = this.#owner.node;
    const { node, isClosed } = record;
    const isSame = node?.nodeId === known?.nodeId && node?.host === known?.host && node?.port === known?.port;
    this.#owner = isSame ? { ...record, node: known, isClosed } : record;
  }
}
