import {
  fetchApi,
  type FetchRequestFetchPartitionInit,
  type FetchRequestInit,
  produceApi,
  RecordBatch,
  type RecordBatchOptions,
} from 'iggy-gateway-kafka/protocol';
import { batchOf } from '../../support/log-requests.js';
import type { Side } from './side.js';

/** When records were made: long enough ago not to be taken for now. */
export const THEN: number = Date.now() - 3_600_000;

/** A batch of records that were made then, a millisecond apart. */
export function batch(
  values: readonly (string | null)[],
  options: RecordBatchOptions = {},
  record: { readonly key?: string | null; readonly timestamp?: number } = {},
): Buffer {
  return batchOf(values, options, { timestamp: THEN, ...record });
}

/** A batch of two records that somebody wrote into; its checksum is right again unless told otherwise. */
export function tampered(change: (bytes: Buffer) => void, { crc = true, from = batch(['a', 'b']) } = {}): Buffer {
  const bytes = Buffer.from(from);
  change(bytes);
  if (crc) bytes.writeUInt32BE(new RecordBatch(bytes).computeCrc(), 17);
  return bytes;
}

/** A Produce request for one partition. */
export function produceTo(
  topic: { readonly name?: string; readonly topicId?: string },
  records: Buffer | null,
  { partition = 0, acks = -1 } = {},
) {
  return { acks, timeoutMs: 2000, topicData: [{ ...topic, partitionData: [{ index: partition, records }] }] };
}

/** Appends to a partition; gives the offset. */
export async function append(side: Side, topic: string, records: Buffer, partition = 0): Promise<bigint> {
  const { responses } = await side.send(produceApi, 9, produceTo({ name: topic }, records, { partition }));
  const answer = responses[0]?.partitionResponses[0];
  if (answer?.errorCode !== 0) throw new Error(`Produce: ${String(answer?.errorCode)}`);
  return answer.baseOffset;
}

/** A partition to fetch, from offset 0 on unless told otherwise. */
export function from(
  partition: number,
  fetchOffset = 0,
  rest: Partial<FetchRequestFetchPartitionInit> = {},
): FetchRequestFetchPartitionInit {
  return { partition, fetchOffset: BigInt(fetchOffset), partitionMaxBytes: 1_000_000, ...rest };
}

/** A Fetch request without a session that does not wait. */
export function fetchOf(
  topic: { readonly topic?: string; readonly topicId?: string },
  partitions: readonly FetchRequestFetchPartitionInit[],
  rest: Partial<FetchRequestInit> = {},
): FetchRequestInit {
  return { maxWaitMs: 0, minBytes: 1, maxBytes: 10_000_000, topics: [{ ...topic, partitions }], ...rest };
}

/** Writes down all that a partition has: what was refused must have left nothing. */
export async function askForAll(side: Side, topic: string, what = `all of ${topic}`): Promise<void> {
  await side.ask(what, fetchApi, 12, fetchOf({ topic }, [from(0)]));
}
