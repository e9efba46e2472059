// A LogStore of your own: a whole Kafka broker over one file, to which every change is appended.
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
  type ShardChange,
  type ShardOpening,
  type StateShard,
  stampBatches,
  type StoredTopic,
  StoreError,
} from 'iggy-gateway-kafka/adapters/broker';

/** A change, as JSON. In the file, the lengths of change and body stand before them. */
type Change =
  | { readonly kind: 'topic'; readonly topic: StoredTopic }
  | { readonly kind: 'deletion'; readonly topicId: string }
  | { readonly kind: 'batches'; readonly log: string; readonly baseOffset: number; readonly endOffset: number }
  | { readonly kind: 'opening'; readonly epoch: number }
  | {
      readonly kind: 'state';
      readonly values: readonly (readonly [string, string])[];
      readonly deleted: readonly string[];
    };

/** Batches of one append: their offsets, and their place in the file. */
interface Slot {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly position: number;
  readonly bytes: number;
}

const LENGTHS_BYTES = 8;

class FileStore implements LogStore {
  readonly name = 'file';
  readonly durability = 'process'; // the file is not synced
  readonly keeps = 'batches';
  #file: FileHandle | null = null;
  #size = 0;
  #isTorn = false; // whether the file may end with a part of a change
  #lastWrite: Promise<unknown> = Promise.resolve();
  readonly #topics = new Map<string, StoredTopic>();
  readonly #logs = new Map<string, Slot[]>();
  readonly #state = new Map<string, Uint8Array>();
  #epoch = -1; // number of the newest opening of the state

  constructor(private readonly path: string) {}

  async open(): Promise<void> {
    const file = (this.#file = await open(this.path, 'a+'));
    for (const known of [this.#topics, this.#logs, this.#state]) known.clear(); // of an earlier open()
    const { size } = await file.stat();
    for (this.#size = 0; size - this.#size >= LENGTHS_BYTES;) {
      const lengths = await this.#bytesAt(this.#size, LENGTHS_BYTES);
      const [head, body] = [lengths.readUInt32BE(0), lengths.readUInt32BE(4)];
      const position = this.#size + LENGTHS_BYTES;
      if (position + head + body > size) break;
      this.#apply(JSON.parse((await this.#bytesAt(position, head)).toString()) as Change, position + head, body);
      this.#size = position + head + body;
    }
    this.#isTorn = false;
    await file.truncate(this.#size); // a change that was cut off was never acknowledged
  }

  async close(): Promise<void> {
    await this.#lastWrite;
    await this.#file?.close();
    this.#file = null;
  }

  listTopics(): readonly StoredTopic[] {
    return [...this.#topics.values()];
  }

  createTopic(topic: StoredTopic): Promise<StoredTopic> {
    return this.#write({ kind: 'topic', topic }).then(() => topic);
  }

  createPartitions(topicId: string, partitionCount: number): Promise<void> {
    return this.#write({ kind: 'topic', topic: { ...this.#topic(topicId), partitionCount } });
  }

  alterTopicConfigs(topicId: string, configs: StoredTopic['configs']): Promise<void> {
    return this.#write({ kind: 'topic', topic: { ...this.#topic(topicId), configs } });
  }

  deleteTopic(topicId: string): Promise<void> {
    return this.#write({ kind: 'deletion', topicId: this.#topic(topicId).id });
  }

  append(entries: readonly AppendEntry[]): Promise<readonly AppendResult[]> {
    return Promise.all(entries.map((entry) => this.#append(entry).catch(failed)));
  }

  read(entries: readonly ReadEntry[]): Promise<readonly ReadResult[]> {
    return Promise.all(entries.map((entry) => this.#read(entry).catch(failed)));
  }

  logOffsets(partition: PartitionId): LogOffsets {
    const slots = this.#slots(keyOf(partition));
    const bytes = slots.reduce((sum, slot) => sum + slot.bytes, 0);
    return { logStartOffset: 0, logEndOffset: slots.at(-1)?.endOffset ?? 0, bytes };
  }

  async openShard({ shardCount, expectedEpoch, accept }: ShardOpening): Promise<StateShard> {
    if (shardCount !== 1) throw new StoreError('INVALID', 'this store has one shard');
    if (expectedEpoch !== null && expectedEpoch !== this.#epoch) throw fenced();
    accept(this.#state);
    const epoch = ++this.#epoch;
    await this.#write({ kind: 'opening', epoch });
    const check = (): Promise<void> => (epoch === this.#epoch ? Promise.resolve() : Promise.reject(fenced()));
    const put: StateShard['put'] = (changes) => check().then(() => this.#write(stateOf(changes)));
    return { epoch, load: () => this.#state, put, check, close: () => undefined };
  }

  async #append({ partition, batches, leaderEpoch }: AppendEntry): Promise<AppendResult> {
    this.#topic(partition.topicId);
    const baseOffset = this.logOffsets(partition).logEndOffset;
    const endOffset = stampBatches(batches, baseOffset, leaderEpoch);
    await this.#write({ kind: 'batches', log: keyOf(partition), baseOffset, endOffset }, batches);
    return { baseOffset, logStartOffset: 0 };
  }

  async #read({ partition, offset, maxBytes, atLeastOneBatch }: ReadEntry): Promise<ReadResult> {
    const { logStartOffset, logEndOffset } = this.logOffsets(partition);
    if (offset < logStartOffset || offset > logEndOffset) throw new StoreError('OUT_OF_RANGE', `offset ${offset}`);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (const slot of this.#slots(keyOf(partition))) {
      if (slot.endOffset <= offset) continue;
      if (bytes + slot.bytes > maxBytes && !(atLeastOneBatch && bytes === 0)) break;
      chunks.push(await this.#bytesAt(slot.position, slot.bytes));
      bytes += slot.bytes;
    }
    return { chunks, bytes, logStartOffset, logEndOffset };
  }

  /** Appends a change to the file and applies it. Changes are written one after the other. */
  #write(change: Change, body: Uint8Array = new Uint8Array(0)): Promise<void> {
    const entry = encode(change, body);
    const write = this.#lastWrite.then(async () => {
      if (this.#file === null || this.#isTorn) throw new StoreError('UNAVAILABLE', 'the file cannot be written');
      this.#isTorn = true;
      const failure: unknown = await this.#file.appendFile(entry).catch((error: unknown) => error);
      if (failure !== undefined) await this.#file.truncate(this.#size); // removes what was written of it
      this.#isTorn = false;
      if (failure !== undefined) throw new StoreError('UNAVAILABLE', 'the file cannot be written', { cause: failure });
      this.#size += entry.length;
      this.#apply(change, this.#size - body.length, body.length);
    });
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }

  #apply(change: Change, position: number, bytes: number): void {
    if (change.kind === 'topic') this.#topics.set(change.topic.id, change.topic);
    else if (change.kind === 'deletion') this.#topics.delete(change.topicId);
    else if (change.kind === 'opening') this.#epoch = Math.max(this.#epoch, change.epoch);
    else if (change.kind === 'state') {
      for (const key of change.deleted) this.#state.delete(key);
      for (const [key, value] of change.values) this.#state.set(key, Buffer.from(value, 'base64'));
    } else this.#slots(change.log).push({ ...change, position, bytes });
  }

  async #bytesAt(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    await this.#file?.read(buffer, 0, length, position);
    return buffer;
  }

  #slots(log: string): Slot[] {
    const slots = this.#logs.get(log) ?? [];
    this.#logs.set(log, slots);
    return slots;
  }

  #topic(id: string): StoredTopic {
    const topic = this.#topics.get(id);
    if (topic === undefined) throw new StoreError('NOT_FOUND', `topic id ${id} does not exist`);
    return topic;
  }
}

/** Changes of the state are written at once, and so made whole or not at all. Of several of one key the last one counts. */
function stateOf(changes: readonly ShardChange[]): Change {
  const values: [string, string][] = [];
  const deleted: string[] = [];
  for (const [key, value] of new Map(changes)) {
    if (value === null) deleted.push(key);
    else values.push([key, Buffer.from(value).toString('base64')]);
  }
  return { kind: 'state', values, deleted };
}

function fenced(): StoreError {
  return new StoreError('FENCED', 'another broker has opened the state of this store');
}

/** A change as the file has it. */
function encode(change: Change, body: Uint8Array): Buffer {
  const head = Buffer.from(JSON.stringify(change));
  const lengths = Buffer.alloc(LENGTHS_BYTES);
  lengths.writeUInt32BE(head.length, 0);
  lengths.writeUInt32BE(body.length, 4);
  return Buffer.concat([lengths, head, body]);
}

/** Turns what one partition failed with into its result: the others go on. */
function failed(error: unknown): { readonly error: StoreError } {
  if (error instanceof StoreError) return { error };
  throw error;
}

function keyOf({ topicId, partition }: PartitionId): string {
  return `${topicId}/${partition}`;
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
  console.log(`a broker on port ${port}, over ${path}`);
  process.once('SIGTERM', () => {
    void gateway.close();
  });
}
