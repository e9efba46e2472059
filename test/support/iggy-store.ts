import type { AppendResult, PartitionId, ReadResult } from 'iggy-gateway-kafka/adapters/broker';
import { createIggyStore, type IggyStore, type IggyStoreOptions } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, readBatches, readRecords } from 'iggy-gateway-kafka/protocol';
import { onTestFinished } from 'vitest';
import { createStandIn, type Fault, type StandIn } from './iggy-stand-in.js';

/** A store over the stand-in, and what it told its operator. */
export interface Opened {
  readonly iggy: StandIn;
  readonly store: IggyStore;
  readonly warnings: string[];
}

/** Opens a store with short patience; it is closed with the test. */
export async function open(options: Partial<IggyStoreOptions> = {}, iggy: StandIn = createStandIn()): Promise<Opened> {
  const warnings: string[] = [];
  const source = options.client === undefined ? { connect: () => iggy.connect() } : {};
  const settings = { ...source, stream: 'kafka', connectTimeoutMs: 500, commandTimeoutMs: 200, ...options };
  const store = createIggyStore(settings, (message) => warnings.push(message));
  await store.open();
  onTestFinished(() => store.close());
  return { iggy, store, warnings };
}

/** Makes the topic `orders`; its first partition. */
export async function topic(
  store: IggyStore,
  partitionCount = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<PartitionId> {
  const { id, name } = await store.createTopic({ id: 'any', name: 'orders', partitionCount, configs });
  return { topicId: id, topic: name, partition: 0 };
}

export function batch(...values: string[]): Buffer {
  return buildBatch(values.map((value) => ({ timestamp: 1_700_000_000_000, value: Buffer.from(value) })));
}

export async function append(store: IggyStore, partition: PartitionId, batches: Buffer): Promise<AppendResult> {
  const recordCount = [...readBatches(batches)].reduce((sum, each) => sum + each.recordCount, 0);
  const [result] = await store.append([{ partition, batches, recordCount, maxTimestamp: 0, leaderEpoch: 0 }]);
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
export function once(iggy: StandIn, command: string, fault: Fault): void {
  iggy.fault = (name) => {
    if (name !== command) return undefined;
    iggy.fault = () => undefined;
    return fault;
  };
}
