import { listOffsetsApi, offsetCommitApi, offsetDeleteApi } from 'iggy-gateway-kafka/protocol';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { produceUntilTaken } from './support/produce.js';
import { fetchFrom } from './support/read-values.js';
import { batchOf, setUp } from './support/set-up.js';

const OUT_OF_RANGE = 1;
/** A segment of 1 MiB takes two or three of them. */
const VALUE = 'x'.repeat(500_000);
const RECORDS = 10;

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy({ IGGY_DATA_MAINTENANCE_MESSAGES_INTERVAL: '100 ms' });
});
afterAll(() => iggy.close());

/** The offset of the first record that a group is given; it is committed. */
async function firstRead(bootstrap: string): Promise<number> {
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50 } });
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
}

test('records that expired at Iggy below a group are out of range, and its consumer is reset', async () => {
  const before = await setUp(iggy);
  const { stream, direct } = before;
  const topic = { streamId: stream, name: 'orders', partitionCount: 1, compressionAlgorithm: 1 } as const;
  // Nothing expires before it is read.
  await direct.topic.create({ ...topic, segmentSize: 1_048_576n, messageExpiry: 3_600_000_000n });
  for (let index = 0; index < RECORDS; index++) await produceUntilTaken(before.client, 'orders', 0, batchOf(VALUE));
  expect(await firstRead(before.broker.bootstrap)).toBe(0);
  // Another one has nothing of it in memory.
  await before.broker.close();

  await direct.topic.update({ streamId: stream, topicId: 'orders', name: 'orders', messageExpiry: 1000n });
  const first = { kind: 3, value: 0n } as const;
  const consumer = { kind: 1, id: 1 } as const;
  const poll = { streamId: stream, topicId: 'orders', consumer, partitionId: 0, pollingStrategy: first };
  await vi.waitFor(
    async () => {
      const { messages } = await direct.message.poll({ ...poll, count: 1, autocommit: false });
      expect(messages[0]?.headers.offset).toBeGreaterThan(1n);
    },
    { timeout: 20_000 },
  );

  const { broker } = await startGateway(iggy, { stream });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  const partitions = [{ partitionIndex: 0, timestamp: -2n }];
  const request = { replicaId: -1, topics: [{ name: 'orders', partitions }] };
  await vi.waitFor(async () => expect((await fetchFrom(client, 'orders', 0, 1, 0)).errorCode).toBe(OUT_OF_RANGE));
  const { topics } = await client.send(listOffsetsApi, request, 7);
  const earliest = Number(topics[0]?.partitions[0]?.offset);
  expect(earliest).toBeGreaterThan(1);
  expect((await fetchFrom(client, 'orders', 0, earliest, 0)).errorCode).toBe(0);
  expect(await firstRead(broker.bootstrap)).toBeGreaterThanOrEqual(earliest);
});

test('what a group that is shown at Iggy has not read stays there, until its offsets are deleted', async () => {
  const { stream, direct, client } = await setUp(iggy, { mirrorOffsets: true });
  const topics = ['orders', 'others'];
  for (const name of topics) {
    const topic = { streamId: stream, name, partitionCount: 1, compressionAlgorithm: 1 } as const;
    await direct.topic.create({ ...topic, segmentSize: 1_048_576n, messageExpiry: 3_600_000_000n });
    for (let index = 0; index < RECORDS; index++) await produceUntilTaken(client, name, 0, batchOf(VALUE));
  }
  const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }];
  const group = { groupId: 'readers', generationIdOrMemberEpoch: -1, memberId: '' };
  await client.send(offsetCommitApi, { ...group, topics: [{ name: 'orders', partitions }] }, 7);
  const ref = { streamId: stream, topicId: 'orders', partitionId: 0 };
  const stored = () => direct.offset.get({ ...ref, consumer: { kind: 1, id: 'kafka.cg.readers' } });
  await vi.waitFor(async () => expect(await stored()).toMatchObject({ storedOffset: 0n }));

  const firstOf = async (topicId: string): Promise<bigint | undefined> => {
    const which = { streamId: stream, topicId, partitionId: 0, pollingStrategy: { kind: 3, value: 0n } } as const;
    const polled = await direct.message.poll({ ...which, consumer: { kind: 1, id: 1 }, count: 1, autocommit: false });
    return polled.messages[0]?.headers.offset;
  };
  const moved = async (name: string): Promise<void> => {
    await vi.waitFor(async () => expect(await firstOf(name)).toBeGreaterThan(1n), { timeout: 20_000 });
  };
  for (const topicId of topics) {
    await direct.topic.update({ streamId: stream, topicId, name: topicId, messageExpiry: 1000n });
  }
  await moved('others');
  expect(await firstOf('orders')).toBe(0n);
  const forgotten = [{ name: 'orders', partitions: [{ partitionIndex: 0 }] }];
  await client.send(offsetDeleteApi, { groupId: 'readers', topics: forgotten }, 0);
  await moved('orders');
});
