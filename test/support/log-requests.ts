import {
  buildBatch,
  fetchApi,
  type FetchResponsePartitionData,
  listOffsetsApi,
  type ListOffsetsResponseListOffsetsPartitionResponse,
  produceApi,
  type ProduceResponsePartitionProduceResponse,
  readBatches,
  readRecords,
  type RecordBatchOptions,
} from 'iggy-gateway-kafka/protocol';
import type { WireClient } from './wire-client.js';

/** A batch with one record for each value, a millisecond apart from now on. */
export function batchOf(
  values: readonly (string | null)[],
  options: RecordBatchOptions = {},
  { key, timestamp = Date.now() }: { readonly key?: string | null; readonly timestamp?: number } = {},
): Buffer {
  const records = values.map((value, index) => ({
    timestamp: timestamp + index,
    key: key === null ? null : Buffer.from(key ?? 'k'),
    value: value === null ? null : Buffer.from(value),
  }));
  return buildBatch(records, options);
}

export interface ProduceSettings {
  readonly version?: number;
  readonly acks?: number;
  readonly partition?: number;
  readonly topicId?: string;
}

/** Produces to one partition; what it was answered. */
export async function produce(
  client: WireClient,
  topic: string,
  records: Buffer | null,
  { version = 9, acks = -1, partition = 0, topicId }: ProduceSettings = {},
): Promise<ProduceResponsePartitionProduceResponse> {
  const { response } = await client.send(produceApi, version, {
    acks,
    timeoutMs: 1000,
    topicData: [{ name: topic, topicId, partitionData: [{ index: partition, records }] }],
  });
  return response.responses[0]!.partitionResponses[0]!;
}

export interface FetchSettings {
  readonly version?: number;
  readonly partition?: number;
  readonly offset?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly currentLeaderEpoch?: number;
  readonly topicId?: string;
}

/** Fetches from one partition, without a session; what it was answered. */
export async function fetchFrom(
  client: WireClient,
  topic: string,
  settings: FetchSettings = {},
): Promise<FetchResponsePartitionData> {
  const { version = 12, partition = 0, offset = 0, maxWaitMs = 0, minBytes = 1, topicId } = settings;
  const { response } = await client.send(fetchApi, version, {
    maxWaitMs,
    minBytes,
    maxBytes: settings.maxBytes ?? 50_000_000,
    topics: [
      {
        topic,
        topicId,
        partitions: [
          {
            partition,
            fetchOffset: BigInt(offset),
            currentLeaderEpoch: settings.currentLeaderEpoch,
            partitionMaxBytes: settings.partitionMaxBytes ?? 1_000_000,
          },
        ],
      },
    ],
  });
  return response.responses[0]!.partitions[0]!;
}

/** The records in a fetched field, as offset and value. */
export function valuesOf(records: Buffer | null): [offset: number, value: string | null][] {
  return [...readBatches(records!)].flatMap((batch) =>
    [...readRecords(batch)].map(({ offset, value }): [number, string | null] => [offset, value?.toString() ?? null]),
  );
}

/** Looks up one timestamp. */
export async function offsetFor(
  client: WireClient,
  topic: string,
  timestamp: number,
  version = 9,
  partitionIndex = 0,
): Promise<ListOffsetsResponseListOffsetsPartitionResponse> {
  const { response } = await client.send(listOffsetsApi, version, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions: [{ partitionIndex, timestamp: BigInt(timestamp) }] }],
  });
  return response.topics[0]!.partitions[0]!;
}
