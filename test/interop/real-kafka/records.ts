import { produceApi } from 'iggy-gateway-kafka/protocol';
import type { Side } from './side.js';

/** When records were made: long enough ago not to be taken for now. */
export const THEN: number = Date.now() - 3_600_000;

/** Appends to a partition. */
export async function append(side: Side, topic: string, records: Buffer, partition = 0): Promise<bigint> {
  const request = { acks: -1, timeoutMs: 2000, topicData: [{ name: topic, partitionData: [{ index: partition, records }] }] };
  const { responses } = await side.send(produceApi, 9, request);
  const answer = responses[0]?.partitionResponses[0];
  if (answer?.errorCode !== 0) throw new Error(`Produce: ${String(answer?.errorCode)}`);
  return answer.baseOffset;
}
