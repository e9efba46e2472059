import type { BrokerNode } from '../broker-node.js';
import type { ShardEntry } from '../store/state-shard.js';
import { decodeOwnerRecord, OWNER_KEY, type OwnerRecord } from './owner-record.js';
import type { TakeBackWaits } from './take-back-backoff.js';

/** Options of {@link ShardFollower}. */
export interface ShardFollowerOptions extends TakeBackWaits {
  /** Reads entries from a position; returns the next position. */
  readonly read: (from: number, visit: (entry: ShardEntry) => void) => PromiseLike<number> | number;
  readonly sessionTimeoutMs: number;
  /** Monotonic time at which this broker lost the shard, in ms. */
  readonly lostAt: number;
}

const UNKNOWN: OwnerRecord = { node: null, isClosed: false, epoch: null };

/**
 * Follows a shard that another broker owns, and detects which broker that is and whether it is alive. The local clock decides
 * only when this broker tries to open the shard. The store decides which broker owns it.
 */
export class ShardFollower {
  readonly #options: ShardFollowerOptions;
  #position = 0;
  /** Monotonic time at which a new entry was last seen. */
  #aliveAt: number;
  #lookedAt: number;
  #epoch: number | null = null;
  #owner = UNKNOWN;
  /** Monotonic time from which a closed shard may be opened; null while it is not closed. */
  #closedUntil: number | null = null;

  constructor(options: ShardFollowerOptions) {
    this.#options = options;
    this.#aliveAt = options.lostAt;
    this.#lookedAt = options.lostAt;
  }

  /** The broker that owns the shard; null until it publishes its address. The same object until the address or id changes. */
  get owner(): BrokerNode | null {
    return this.#owner.node;
  }

  /** Whether the last owner has closed the shard. */
  get isClosed(): boolean {
    return this.#owner.isClosed;
  }

  /** Highest epoch that was read; null if no entry was read. */
  get epoch(): number | null {
    return this.#epoch;
  }

  /**
   * Reads new entries.
   *
   * @param now - Current monotonic time in ms.
   * @returns Whether it is time to open the shard.
   * @throws StoreError
   */
  async look(now: number): Promise<boolean> {
    const { read, sessionTimeoutMs, silentWaitMs, closedWaitMs } = this.#options;
    // After a long gap between looks, this broker or the store may have been down, not the owner.
    if (now - this.#lookedAt > sessionTimeoutMs) this.#aliveAt = now;
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
    // Of two openings with the same epoch, the first one counts.
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
    const { node } = record;
    const isSame = node?.nodeId === known?.nodeId && node?.host === known?.host && node?.port === known?.port;
    this.#owner = isSame ? { ...record, node: known } : record;
  }
}
