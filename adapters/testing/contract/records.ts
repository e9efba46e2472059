import assert from 'node:assert/strict';
import {
  buildBatch,
  fetchApi,
  type FetchResponsePartitionData,
  listOffsetsApi,
  type ListOffsetsResponseListOffsetsPartitionResponse,
  produceApi,
  type ProduceRequestInit,
  type ProduceResponsePartitionProduceResponse,
  readBatches,
  readRecords,
  type RecordBatchOptions,
  type RecordInit,
} from '../../../src/protocol/index.js';
import type { WireClient } from '../../../src/wire-client/index.js';
import { type BenchTopic, isCode } from './bench.js';

/** A broker may truncate the last batch at its size limit. */
const WHOLE = { partial: 'skip' } as const;

/** First versions that identify topics by id (KIP-516). */
const PRODUCE_BY_ID = 13;
const FETCH_BY_ID = 13;

/** Returns a record with a text value. */
export function text(value: string, more: Partial<RecordInit> = {}): RecordInit {
  return { timestamp: Date.now(), value: Buffer.from(value), ...more };
}

/** Returns a batch of records with these values. */
export function batchOf(values: readonly string[], options: RecordBatchOptions = {}): Buffer {
  return buildBatch(
    values.map((value) => text(value)),
    options,
  );
}

export interface ProduceOptions {
  readonly partition?: number;
  readonly acks?: number;
  readonly version?: number;
}

/** Returns a Produce request with one batch for one partition. */
export function produceRequest(
  topic: BenchTopic,
  records: Uint8Array | null,
  version: number,
  { partition = 0, acks = -1 }: ProduceOptions = {},
): ProduceRequestInit {
  const partitionData = [{ index: partition, records }];
  const named = version >= PRODUCE_BY_ID ? { topicId: topic.id } : { name: topic.name };
  return { acks, timeoutMs: 10_000, topicData: [{ ...named, partitionData }] };
}

/** Produces records to a partition and returns the response for it. */
export async function produce(
  client: WireClient,
  topic: BenchTopic,
  records: Uint8Array | null,
  options: ProduceOptions = {},
): Promise<ProduceResponsePartitionProduceResponse> {
  const version = options.version ?? client.version(produceApi);
  const { responses } = await client.send(produceApi, produceRequest(topic, records, version, options), version);
  const answer = responses[0]?.partitionResponses[0];
  assert(answer !== undefined, 'Produce: nothing was answered for the partition');
  return answer;
}

/** Produces records, which must succeed, and returns the offset of the first. */
export async function append(
  client: WireClient,
  topic: BenchTopic,
  records: readonly string[] | Uint8Array,
  options: ProduceOptions = {},
): Promise<number> {
  const batch = records instanceof Uint8Array ? records : batchOf(records);
  const { errorCode, errorMessage, baseOffset } = await produce(client, topic, batch, options);
  isCode(errorCode, 'NONE', `Produce (${errorMessage ?? 'no message'})`);
  return Number(baseOffset);
}

export interface FetchOptions {
  readonly partition?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly leaderEpoch?: number;
  readonly isolationLevel?: number;
  readonly rackId?: string;
  readonly version?: number;
}

/** Fetches a partition from an offset on and returns the response for it. */
export async function fetch(
  client: WireClient,
  topic: BenchTopic,
  offset: number,
  options: FetchOptions = {},
): Promise<FetchResponsePartitionData> {
  const { partition = 0, maxWaitMs = 0, minBytes = 1, maxBytes = 0x7fff_ffff, partitionMaxBytes = 1 << 20 } = options;
  const version = options.version ?? client.version(fetchApi);
  const named = version >= FETCH_BY_ID ? { topicId: topic.id } : { topic: topic.name };
  const wanted = {
    partition,
    fetchOffset: BigInt(offset),
    partitionMaxBytes,
    ...(options.leaderEpoch === undefined ? {} : { currentLeaderEpoch: options.leaderEpoch }),
  };
  const topics = [{ ...named, partitions: [wanted] }];
  const { isolationLevel = 0, rackId } = options;
  const request = {
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel,
    // Without a fetch session: each response is complete.
    ...(version >= 7 ? { sessionId: 0, sessionEpoch: -1 } : {}),
    ...(rackId === undefined ? {} : { rackId }),
    topics,
  };
  const { errorCode, responses } = await client.send(fetchApi, request, version);
  isCode(errorCode, 'NONE', 'Fetch');
  const answer = responses[0]?.partitions[0];
  assert(answer !== undefined, 'Fetch: nothing was answered for the partition');
  return answer;
}

/** A fetched record. */
export interface ReadRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [key: string, value: string | null])[];
}

/** Decodes the records of a response. Skips those before an offset, as consumers do. */
export function recordsIn(records: Uint8Array | null, from = 0): ReadRecord[] {
  if (records === null) return [];
  const read: ReadRecord[] = [];
  const textOf = (bytes: Uint8Array | null | undefined): string | null =>
    bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString('latin1');
  for (const batch of readBatches(Buffer.from(records), WHOLE)) {
    batch.checkCrc();
    if (batch.isControl) continue;
    for (const { offset, timestamp, key, value, headers } of readRecords(batch)) {
      if (offset < from) continue;
      const pairs = headers.map((header) => [header.key, textOf(header.value)] as const);
      read.push({ offset, timestamp, key: textOf(key), value: textOf(value), headers: pairs });
    }
  }
  return read;
}

/** Fetches all records of a partition from an offset on, with as many requests as needed. */
export async function readAll(
  client: WireClient,
  topic: BenchTopic,
  { from = 0, partition = 0 }: { readonly from?: number; readonly partition?: number } = {},
): Promise<ReadRecord[]> {
  const read: ReadRecord[] = [];
  for (let offset = from; ;) {
    const { errorCode, highWatermark, records } = await fetch(client, topic, offset, { partition });
    isCode(errorCode, 'NONE', `Fetch from offset ${String(offset)}`);
    read.push(...recordsIn(records, offset));
    const next = records === null ? offset : nextOffset(records, offset);
    if (next >= Number(highWatermark)) return read;
    assert(
      next > offset,
      `Fetch from offset ${String(offset)} gave nothing; the high watermark is ${String(highWatermark)}`,
    );
    offset = next;
  }
}

/** Returns the offset after the last batch. */
function nextOffset(records: Uint8Array, otherwise: number): number {
  let next = otherwise;
  for (const { lastOffset } of readBatches(Buffer.from(records), WHOLE)) next = lastOffset + 1;
  return next;
}

export async function values(client: WireClient, topic: BenchTopic, partition = 0): Promise<(string | null)[]> {
  return (await readAll(client, topic, { partition })).map(({ value }) => value);
}

/** Special timestamps of ListOffsets. */
export const LATEST = -1;
export const EARLIEST = -2;

/** Requests the offset of a timestamp or special timestamp. */
export async function listOffset(
  client: WireClient,
  topic: BenchTopic,
  timestamp: number,
  {
    partition = 0,
    version = client.version(listOffsetsApi),
    leaderEpoch = -1,
  }: { readonly partition?: number; readonly version?: number; readonly leaderEpoch?: number } = {},
): Promise<ListOffsetsResponseListOffsetsPartitionResponse> {
  const epoch = version >= 4 ? { currentLeaderEpoch: leaderEpoch } : {};
  const partitions = [{ partitionIndex: partition, timestamp: BigInt(timestamp), ...epoch }];
  const request = { replicaId: -1, topics: [{ name: topic.name, partitions }] };
  const { topics } = await client.send(listOffsetsApi, request, version);
  const answer = topics[0]?.partitions[0];
  assert(answer !== undefined, 'ListOffsets: nothing was answered for the partition');
  return answer;
}

/** Returns the log start offset and the log end offset. */
export async function bounds(client: WireClient, topic: BenchTopic, partition = 0): Promise<[number, number]> {
  const ends: number[] = [];
  for (const timestamp of [EARLIEST, LATEST]) {
    const { errorCode, offset } = await listOffset(client, topic, timestamp, { partition });
    isCode(errorCode, 'NONE', `ListOffsets of ${String(timestamp)}`);
    ends.push(Number(offset));
  }
  return ends as [number, number];
}
