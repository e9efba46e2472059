import { fetchApi, readBatches, readRecords } from 'iggy-gateway-kafka/protocol';
import { WireClient } from '../../../adapters/testing/wire-client.js';

/** The values of partition 0 of a topic from the beginning, until there are so many and no more. */
export async function readValues(bootstrap: string, topic: string, count: number): Promise<string[]> {
  const client = await WireClient.connect(bootstrap);
  const values: string[] = [];
  let offset = 0;
  for (;;) {
    const partitions = [{ partition: 0, fetchOffset: BigInt(offset), partitionMaxBytes: 1_048_576 }];
    const request = { maxWaitMs: 500, minBytes: 1, topics: [{ topic, partitions }] };
    const { responses } = await client.send(fetchApi, request, 11);
    const answer = responses[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== 0) throw new Error(`Fetch gave ${String(answer?.errorCode)}`);
    const before = values.length;
    for (const batch of readBatches(answer.records ?? Buffer.alloc(0))) {
      for (const record of readRecords(batch)) {
        if (record.offset >= offset) values.push(String(record.value));
      }
      offset = batch.lastOffset + 1;
    }
    if (values.length >= count && values.length === before) break;
  }
  await client.close();
  return values;
}
