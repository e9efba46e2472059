import type {
  AppendResult,
  PartitionId,
  ReadResult,
  ShardOpening,
  StateShard,
  StoreError,
} from 'iggy-gateway-kafka/adapters/broker';
import {
  createIggyStore,
  type IggyClient,
  type IggyStore,
  type IggyStoreOptions,
} from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, readBatches, readRecords } from 'iggy-gateway-kafka/protocol';
import { onTestFinished } from 'vitest';
import { createStandIn, type Fault, type StandIn } from './iggy-stand-in.js';

/** A store over the stand-in, and what it told its operator. */
export interface StandInStore {
  readonly iggy: StandIn;
  readonly store: IggyStore;
  readonly warnings: string[];
}

/** One whose state is open, as a broker's is that is alone. */
export interface OpenedStore extends StandInStore {
  readonly shard: StateShard;
  /** The shard was fenced with these. */
  readonly fenced: StoreError[];
}

export const NEVER: AbortSignal = new AbortController().signal;

/** What opens shard 0 of a state of one shard, whatever it holds. */
export const OPENING: ShardOpening = {
  shard: 0,
  shardCount: 1,
  owner: Buffer.from('owner'),
  expectedEpoch: null,
  accept: () => undefined,
  fenced: () => undefined,
};

/** Opens a shard, and collects what it is fenced with. */
export async function openShard(store: IggyStore, opening: Partial<ShardOpening> = {}) {
  const fenced: StoreError[] = [];
  const shard = await store.openShard({ ...OPENING, fenced: (error) => fenced.push(error), ...opening }, NEVER);
  return { shard, fenced };
}

/** A store over the stand-in with an open state, closed after the test. */
export async function openStore(options: Partial<IggyStoreOptions> = {}, iggy = createStandIn()): Promise<OpenedStore> {
  const opened = await makeStore(options, iggy);
  return { ...opened, ...(await openShard(opened.store)) };
}

/** A store over the stand-in whose state is not open. */
export async function makeStore(
  options: Partial<IggyStoreOptions> = {},
  iggy = createStandIn(),
): Promise<StandInStore> {
  const warnings: string[] = [];
  const source = options.client === undefined ? { connect: () => iggy.connect() } : {};
  const settings = { ...source, stream: 'kafka', connectTimeoutMs: 500, commandTimeoutMs: 200, ...options };
  const store = createIggyStore(settings, (message) => warnings.push(message));
  onTestFinished(() => store.close());
  await store.open();
  return { iggy, store, warnings };
}

/** Its topic `orders`; the first partition of that. */
export async function createOrders(
  store: IggyStore,
  partitionCount = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<PartitionId> {
  const { id, name } = await store.createTopic({ id: 'any', name: 'orders', partitionCount, configs });
  return { topicId: id, topic: name, partition: 0 };
}

export function batchOf(...values: string[]): Buffer {
  return buildBatch(values.map((value) => ({ timestamp: 1_700_000_000_000, value: Buffer.from(value) })));
}

export async function append(store: IggyStore, partition: PartitionId, batches: Buffer): Promise<AppendResult> {
  const recordCount = [...readBatches(batches)].reduce((sum, each) => sum + each.recordCount, 0);
  const [result] = await store.append([
    { partition, batches, recordCount, maxTimestamp: 0, leaderEpoch: 0, attempt: 0, marker: null },
  ]);
  if (result === undefined) throw new Error('no result');
  return result;
}

export async function read(
  store: IggyStore,
  partition: PartitionId,
  offset = 0,
  maxBytes = 1_000_000,
): Promise<ReadResult> {
  const [result] = await store.read([{ partition, offset, maxBytes, atLeastOneBatch: true }]);
  if (result === undefined) throw new Error('no result');
  return result;
}

export function records(result: ReadResult): (readonly [offset: number, value: string])[] {
  if (result.error !== undefined) throw result.error;
  return result.chunks.flatMap((chunk) =>
    [...readBatches(Buffer.from(chunk))].flatMap((each) =>
      [...readRecords(each)].map(({ offset, value }) => [offset, String(value)] as const),
    ),
  );
}

/** Lets the next command of a name go wrong, once. */
export function failOnce(iggy: StandIn, command: string, fault: Fault): void {
  iggy.fault = (name) => {
    if (name !== command) return undefined;
    iggy.fault = () => undefined;
    return fault;
  };
}

type Send = IggyClient['message']['send'];

/** Makes clients whose sends, by the name of their topic, go through a function. */
export function sendingThrough(
  iggy: StandIn,
  send: (topic: string, go: () => ReturnType<Send>) => ReturnType<Send>,
): () => IggyClient {
  return () => {
    const client = iggy.connect();
    const through: Send = (args) => send(String(args.topicId), () => client.message.send(args));
    return { ...client, message: { ...client.message, send: through } };
  };
}

/** Someone who waits until a door is opened. */
export function door(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** As the server refuses. */
export function refusal(errorCode: number, commandCode: number): Error {
  return Object.assign(new Error(`refused: ${errorCode}`), { errorCode, commandCode });
}

/** Returns the state of the kit, of each value the last five letters. */
export async function kept(shard: StateShard): Promise<Record<string, string>> {
  const values = await shard.load(NEVER);
  return Object.fromEntries(Array.from(values, ([key, value]) => [key, Buffer.from(value).toString().slice(-5)]));
}

/** Puts one value. */
export async function put(shard: StateShard, key: string, value: Uint8Array | string | null): Promise<void> {
  await shard.put([[key, typeof value === 'string' ? Buffer.from(value) : value]]);
}

/** Names of the topics of shard 0. */
export async function generations(iggy: StandIn): Promise<string[]> {
  const topics = await iggy.connect().topic.list({ streamId: 'kafka' });
  const names = topics.map(({ name }) => name);
  return names.filter((name) => name.startsWith('__kafka_gateway_state.shard-0.')).sort();
}

/** Puts so many megabytes under one key: 17 make the topic so long that it is written anew. */
export async function grow(shard: StateShard, megabytes: number): Promise<void> {
  const value = Buffer.alloc(1_000_000, 'x');
  for (let count = 0; count < megabytes; count++) await put(shard, 'big', value);
}
