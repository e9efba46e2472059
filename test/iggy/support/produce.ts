import { createTopicsApi, produceApi } from 'iggy-gateway-kafka/protocol';
import type { WireClient } from '../../../src/wire-client/index.js';

/** Codes on which a producer sends again: unknown topic or partition, not leader, timed out, storage error, ... */
const RETRIABLE: ReadonlySet<number> = new Set([3, 5, 6, 7, 56]);

export async function createTopic(client: WireClient, name: string, numPartitions = 1): Promise<void> {
  const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }];
  const { topics: results } = await client.send(createTopicsApi, { topics, timeoutMs: 10_000 });
  const [result] = results;
  if (result?.errorCode !== 0)
    throw new Error(`CreateTopics gave ${String(result?.errorCode)}: ${String(result?.errorMessage)}`);
}

/** What one Produce request for one partition is answered. */
export async function produce(
  client: WireClient,
  topic: string,
  index: number,
  records: Buffer,
): Promise<{ errorCode: number; errorMessage: string | null; baseOffset: bigint }> {
  const request = { acks: -1, timeoutMs: 10_000, topicData: [{ name: topic, partitionData: [{ index, records }] }] };
  const { responses } = await client.send(produceApi, request, 9);
  const answer = responses[0]?.partitionResponses[0];
  if (answer === undefined) throw new Error('Produce gave no answer');
  const { errorCode, errorMessage, baseOffset } = answer;
  return { errorCode, errorMessage, baseOffset };
}

/** Sends a batch again, as a producer does, until it is acknowledged; notes the errors. Returns its offset. */
export async function produceUntilTaken(
  client: WireClient,
  topic: string,
  index: number,
  records: Buffer,
  errors: Map<number, number> = new Map(),
): Promise<bigint> {
  for (;;) {
    const { errorCode, errorMessage, baseOffset } = await produce(client, topic, index, records);
    if (errorCode === 0) return baseOffset;
    errors.set(errorCode, (errors.get(errorCode) ?? 0) + 1);
    if (!RETRIABLE.has(errorCode)) throw new Error(`Produce gave ${String(errorCode)}: ${String(errorMessage)}`);
  }
}
