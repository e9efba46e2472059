// An engine of one's own: a whole Kafka broker over one file, to which everything is appended.
import { type FileHandle, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createKafkaGateway } from 'iggy-gateway-kafka';
import {
  type AppendEntry,
  type AppendResult,
  createBrokerBackend,
  type LogOffsets,
  type LogStore,
  type PartitionId,
  type ReadEntry,
  type ReadResult,
  stampBatches,
  type StoredTopic,
  StoreError,
} from 'iggy-gateway-kafka/adapters/broker';

/** What the file tells, entry by entry: two lengths, this as JSON, and bytes that belong to it. */
type Told =
  | { readonly what: 'topic'; readonly topic: StoredTopic }
  | { readonly what: 'gone'; readonly topicId: string }
  | {
      readonly what: 'records';
      readonly log: string;
      readonly baseOffset: number;
      readonly endOffset: number;
    }
  | { readonly what: 'state'; readonly key: string; readonly kept: boolean };

/** Where one append lies in the file. */
interface Slot {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly position: number;
  readonly bytes: number;
}

const LENGTHS_BYTES = 8;

class FileStore implements LogStore {
  readonly name = 'one file';
  readonly durability = 'process';
  readonly keeps = 'batches';
  private file: FileHandle | null = null;
  private size = 0;
  /** Entries go to the file one behind the other. */
  private written: Promise<unknown> = Promise.resolve();
  private readonly topics = new Map<string, StoredTopic>();
  private readonly logs = new Map<string, Slot[]>();
  private readonly state = new Map<string, Uint8Array>();

  constructor(private readonly path: string) {}

  async open(): Promise<void> {
    this.file = await open(this.path, 'a+');
    const { size } = await this.file.stat();
    this.size = 0;
    for (let left = size; left >= LENGTHS_BYTES; left = size - this.size) {
      const lengths = await this.bytesAt(this.size, LENGTHS_BYTES);
      const [head, body] = [lengths.readUInt32BE(0), lengths.readUInt32BE(4)];
      if (LENGTHS_BYTES + head + body > left) break;
      const told = JSON.parse((await this.bytesAt(this.size + LENGTHS_BYTES, head)).toString()) as Told;
      await this.take(told, this.size + LENGTHS_BYTES + head, body);
      this.size += LENGTHS_BYTES + head + body;
    }
    // An entry that was cut off when the process ended was never acknowledged.
    await this.file.truncate(this.size);
  }

  async close(): Promise<void> {
    await this.written;
    await this.file?.close();
    this.file = null;
  }

  listTopics(): readonly StoredTopic[] {
    return [...this.topics.values()];
  }

  async createTopic(topic: StoredTopic): Promise<StoredTopic> {
    await this.tell({ what: 'topic', topic });
    return topic;
  }

  async createPartitions(topicId: string, partitionCount: number): Promise<void> {
    await this.tell({ what: 'topic', topic: { ...this.topic(topicId), partitionCount } });
  }

  async alterTopicConfigs(topicId: string, configs: Readonly<Record<string, string>>): Promise<void> {
    await this.tell({ what: 'topic', topic: { ...this.topic(topicId), configs } });
  }

  async deleteTopic(topicId: string): Promise<void> {
    this.topic(topicId);
    await this.tell({ what: 'gone', topicId });
  }

  append(entries: readonly AppendEntry[]): Promise<readonly AppendResult[]> {
    return Promise.all(
      entries.map(async ({ partition, batches, leaderEpoch }) => {
        try {
          this.topic(partition.topicId);
          const baseOffset = this.logOffsets(partition).logEndOffset;
          // Offset and leader epoch are written into the batches; their checksums do not cover them.
          const endOffset = stampBatches(batches, baseOffset, leaderEpoch);
          await this.tell({ what: 'records', log: keyOf(partition), baseOffset, endOffset }, batches);
          return { baseOffset, logStartOffset: 0 };
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          return { error };
        }
      }),
    );
  }

  read(entries: readonly ReadEntry[]): Promise<readonly ReadResult[]> {
    return Promise.all(
      entries.map(async ({ partition, offset, maxBytes, atLeastOneBatch }): Promise<ReadResult> => {
        const { logStartOffset, logEndOffset } = this.logOffsets(partition);
        if (offset < logStartOffset || offset > logEndOffset) {
          return { error: new StoreError('OUT_OF_RANGE', `offset ${String(offset)} of ${String(logEndOffset)}`) };
        }
        const chunks: Buffer[] = [];
        let bytes = 0;
        for (const slot of this.slots(partition)) {
          if (slot.endOffset <= offset) continue;
          if (bytes + slot.bytes > maxBytes && !(atLeastOneBatch && bytes === 0)) break;
          chunks.push(await this.bytesAt(slot.position, slot.bytes));
          bytes += slot.bytes;
        }
        return { chunks, bytes, logStartOffset, logEndOffset };
      }),
    );
  }

  logOffsets(partition: PartitionId): LogOffsets {
    const slots = this.slots(partition);
    const bytes = slots.reduce((sum, slot) => sum + slot.bytes, 0);
    return { logStartOffset: 0, logEndOffset: slots.at(-1)?.endOffset ?? 0, bytes };
  }

  async put(key: string, value: Uint8Array | null): Promise<void> {
    await this.tell({ what: 'state', key, kept: value !== null }, value ?? Buffer.alloc(0));
  }

  load(): Iterable<readonly [string, Uint8Array]> {
    return this.state;
  }

  /** Appends to the file; settles once the entry holds. */
  private tell(told: Told, body: Uint8Array = Buffer.alloc(0)): Promise<void> {
    const head = Buffer.from(JSON.stringify(told));
    const lengths = Buffer.alloc(LENGTHS_BYTES);
    lengths.writeUInt32BE(head.length, 0);
    lengths.writeUInt32BE(body.length, 4);
    const done = this.written.then(async () => {
      if (this.file === null) throw new StoreError('UNAVAILABLE', 'the file is closed');
      await this.file.appendFile(Buffer.concat([lengths, head, body]));
      await this.take(told, this.size + lengths.length + head.length, body.length);
      this.size += lengths.length + head.length + body.length;
    });
    this.written = done.catch(() => undefined);
    return done;
  }

  /** Takes in what the file tells. */
  private async take(told: Told, position: number, bytes: number): Promise<void> {
    switch (told.what) {
      case 'topic':
        this.topics.set(told.topic.id, told.topic);
        break;
      case 'gone':
        for (const key of this.logs.keys()) if (key.startsWith(told.topicId)) this.logs.delete(key);
        this.topics.delete(told.topicId);
        break;
      case 'records': {
        const { log, baseOffset, endOffset } = told;
        const slots = this.logs.get(log) ?? [];
        slots.push({ baseOffset, endOffset, position, bytes });
        this.logs.set(log, slots);
        break;
      }
      case 'state':
        if (told.kept) this.state.set(told.key, await this.bytesAt(position, bytes));
        else this.state.delete(told.key);
    }
  }

  private async bytesAt(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    await this.file?.read(buffer, 0, length, position);
    return buffer;
  }

  private slots(partition: PartitionId): readonly Slot[] {
    return this.logs.get(keyOf(partition)) ?? [];
  }

  private topic(id: string): StoredTopic {
    const topic = this.topics.get(id);
    if (topic === undefined) throw new StoreError('NOT_FOUND', `no topic ${id}`);
    return topic;
  }
}

function keyOf({ topicId, partition }: PartitionId): string {
  return `${topicId}/${String(partition)}`;
}

export function createFileStore(path: string): LogStore {
  return new FileStore(path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = process.env['FILE'] ?? 'broker.log';
  const gateway = createKafkaGateway({
    listener: { port: Number(process.env['PORT'] ?? 9093) },
    backend: createBrokerBackend({ store: createFileStore(path) }),
  });
  const { port } = await gateway.listen();
  console.log(`a broker on port ${String(port)}, over ${path}`);
  process.once('SIGTERM', () => {
    void gateway.close();
  });
}
