import { fetchApi, readBatches, readRecords } from 'iggy-gateway-kafka/protocol';
import { WireClient } from '../../../src/wire-client/index.js';

/** What one Fetch of one partition gives. */
export async function fetchFrom(
  client: WireClient,
  topic: string,
  partition: number,
  offset: number,
  maxWaitMs = 500,
): Promise<{ errorCode: number; records: Buffer; highWatermark: bigint }> {
  const partitions = [{ partition, fetchOffset: BigInt(offset), partitionMaxBytes: 1_048_576 }];
  const { responses } = await client.send(fetchApi, { maxWaitMs, minBytes: 1, topics: [{ topic, partitions }] }, 11);
  const answer = responses[0]?.partitions[0];
  if (answer === undefined) throw new Error('Fetch gave no answer');
  const { errorCode, highWatermark, records } = answer;
  return { errorCode, highWatermark, records: records ?? Buffer.alloc(0) };
}

/** The values of a partition from the beginning, until there are so many and no more. */
export async function readValues(bootstrap: string, topic: string, count: number, partition = 0): Promise<string[]> {
  const client = await WireClient.connect(bootstrap);
  const values: string[] = [];
  let offset = 0;
  for (;;) {
    const { errorCode, records } = await fetchFrom(client, topic, partition, offset);
    if (errorCode !== 0) throw new Error(`Fetch gave ${String(errorCode)}`);
    const before = values.length;
    for (const batch of readBatches(records)) {
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
