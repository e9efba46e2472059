import { setTimeout as delay } from 'node:timers/promises';
import { readStoredOffset, type StoredOffset, StoreError } from '../../broker/index.js';
import type { IggyConsumer } from '../sdk/client.js';
import type { ClientPool } from '../sdk/client-pool.js';
import { storeError } from '../sdk/failures.js';
import { GROUP_PREFIX } from './import-offsets.js';
import type { IggyTopics } from '../log/topics.js';

/** The server is told so often at most; in ms from one answer to the next command. */
const PAUSE_MS = 10;
/** Iggy's names have 255 bytes. */
const MAX_GROUP_BYTES = 255 - GROUP_PREFIX.length;

/** What a mirror needs of the store. */
export interface MirrorContext {
  readonly pool: ClientPool;
  readonly topics: IggyTopics;
  /** Name of the stream. */
  readonly stream: string;
  readonly warn: (message: string) => void;
}

/**
 * Shows Iggy's tools where Kafka's groups are: as the offset of a consumer `kafka.cg.` and the group. That is the message
 * read last, one below what Kafka commits. Nobody waits for it, it may fail, and only the latest of a partition is told.
 */
export class OffsetMirror {
  readonly #context: MirrorContext;
  /** Offsets to store at Iggy, by their keys in the state. */
  readonly #pending = new Map<string, StoredOffset>();
  #running: Promise<void> | null = null;
  #hurry = new AbortController();
  /** The operator knows that it fails. */
  #told = false;

  constructor(context: MirrorContext) {
    this.#context = context;
  }

  /** Something was kept in the state; a committed offset is told. */
  kept(key: string, value: Uint8Array | null): void {
    const stored = readStoredOffset(key, value);
    if (stored === null) return;
    this.#pending.set(key, stored);
    this.#running ??= this.#run();
  }

  /** Tells what is to be told yet, without pauses. */
  async close(): Promise<void> {
    this.#hurry.abort();
    await this.#running;
    this.#hurry = new AbortController();
  }

  async #run(): Promise<void> {
    for (const [key, stored] of this.#pending) {
      this.#pending.delete(key);
      await this.#tell(stored);
      await delay(PAUSE_MS, undefined, { signal: this.#hurry.signal }).catch(() => undefined);
    }
    this.#running = null;
  }

  async #tell({ topicId, partition, groupId: group, offset }: StoredOffset): Promise<void> {
    const { pool, topics, stream, warn } = this.#context;
    try {
      if (Buffer.byteLength(group) > MAX_GROUP_BYTES) throw new StoreError('INVALID', 'Iggy: its name is too long');
      const consumer: IggyConsumer = { kind: 1, id: GROUP_PREFIX + group };
      const ref = { streamId: stream, topicId: topics.nameOf(topicId), partitionId: partition, consumer };
      const committed = offset ?? 0n;
      await pool.query((client) =>
        committed > 0n ? client.offset.store({ ...ref, offset: committed - 1n }) : client.offset.delete(ref),
      );
      this.#told = false;
    } catch (error) {
      const failure = storeError(error, 'it cannot be stored');
      // There is none to be deleted, or no such topic any more.
      if (this.#told || failure.code === 'NOT_FOUND') return;
      this.#told = true;
      warn(`Iggy: what the group '${group}' has committed is not shown: ${failure.message}`);
    }
  }
}
