import { Kafka, logLevel } from 'kafkajs';
import { listOffsetsApi } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type IggyServer, startIggy } from './support/iggy.js';
import { produceUntilTaken } from './support/produce.js';
import { fetchFrom } from './support/read-values.js';
import { batchOf, setUp } from './support/set-up.js';

const OUT_OF_RANGE = 1;
/** A segment takes two of them. */
const VALUE = 'x'.repeat(500_000);
const RECORDS = 10;

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy({ IGGY_DATA_MAINTENANCE_MESSAGES_INTERVAL: '100 ms' });
});
afterAll(() => iggy.close());

test('records that expired at Iggy below a group are out of range, and its consumer is reset', async () => {
  const { broker, client, stream, direct } = await setUp(iggy);
  const init = { streamId: stream, name: 'orders', partitionCount: 1, compressionAlgorithm: 1 as const };
  // Nothing expires before all are read.
  await direct.topic.create({
    ...init,
    segmentSize: 1_048_576n,
    messagesRequiredToSave: 1,
    messageExpiry: 3_600_000_000n,
  });
  for (let index = 0; index < RECORDS; index++) await produceUntilTaken(client, 'orders', 0, batchOf(VALUE));

  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50 } });
  /** The offset of the first record that the group gets. */
  const firstRead = async (): Promise<number> => {
    const consumer = kafka.consumer({ groupId: 'readers' });
    await consumer.connect();
    onTestFinished(() => consumer.disconnect());
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    const offset = await new Promise<number>((resolve, reject) => {
      const eachMessage = async ({ message }: { message: { offset: string } }): Promise<void> => {
        await consumer.commitOffsets([{ topic: 'orders', partition: 0, offset: String(Number(message.offset) + 1) }]);
        consumer.pause([{ topic: 'orders' }]);
        resolve(Number(message.offset));
      };
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    });
    await consumer.disconnect();
    return offset;
  };
  expect(await firstRead()).toBe(0);

  await direct.topic.update({ streamId: stream, topicId: 'orders', name: 'orders', messageExpiry: 1000n });
  const waiting = { timeout: 20_000, interval: 50 };
  await vi.waitFor(
    async () => expect((await fetchFrom(client, 'orders', 0, 1, 0)).errorCode).toBe(OUT_OF_RANGE),
    waiting,
  );
  const partitions = [{ partitionIndex: 0, timestamp: -2n }];
  const { topics } = await client.send(listOffsetsApi, { replicaId: -1, topics: [{ name: 'orders', partitions }] }, 7);
  const earliest = Number(topics[0]?.partitions[0]?.offset);
  expect(earliest).toBeGreaterThan(1);
  expect((await fetchFrom(client, 'orders', 0, earliest, 0)).errorCode).toBe(0);
  expect(await firstRead()).toBeGreaterThanOrEqual(earliest);
});
