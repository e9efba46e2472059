import { createMemoryBackend } from 'iggy-gateway-kafka/adapters/memory';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { record, start } from '../support/gateways.js';

const TOPIC = 'orders';
const WAIT = { timeout: 15_000, interval: 20 };

async function cluster() {
  const config = { 'group.initial.rebalance.delay.ms': 0, 'group.min.session.timeout.ms': 100 };
  const { gateway, port } = await start({ backend: createMemoryBackend({ config }) });
  const problems = [
    record(gateway, 'requestError'),
    record(gateway, 'protocolError'),
    record(gateway, 'unsupportedVersion'),
  ];
  const kafka = new Kafka({ clientId: 'js', brokers: [`127.0.0.1:${String(port)}`], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 6 }] });
  return { kafka, admin, problems };
}

interface Reader {
  readonly consumer: Consumer;
  /** Partitions it reads at the moment. */
  owned: number[];
  readonly values: string[];
}

async function read(kafka: Kafka, groupId: string): Promise<Reader> {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 3000, heartbeatInterval: 100, maxWaitTimeInMs: 50 });
  const reader: Reader = { consumer, owned: [], values: [] };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    reader.owned = payload.memberAssignment[TOPIC] ?? [];
  });
  await consumer.connect();
  onTestFinished(() => consumer.disconnect());
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      reader.values.push(String(message.value));
    },
  });
  return reader;
}

async function produce(kafka: Kafka, values: readonly string[]): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({
    topic: TOPIC,
    messages: values.map((value, index) => ({ value, partition: index % 6 })),
  });
  await producer.disconnect();
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

describe('a kafkajs consumer group', () => {
  test('shares the partitions, again when a member comes and when one goes', async () => {
    const { kafka, admin, problems } = await cluster();
    const [one, two] = [await read(kafka, 'g'), await read(kafka, 'g')];
    const share = (...readers: Reader[]): number[][] => {
      expect(readers.flatMap(({ owned }) => owned).sort()).toEqual([0, 1, 2, 3, 4, 5]);
      return readers.map(({ owned }) => owned);
    };
    await vi.waitFor(() => expect(share(one, two).map(({ length }) => length)).toEqual([3, 3]), WAIT);
    const three = await read(kafka, 'g');
    await vi.waitFor(() => expect(share(one, two, three).map(({ length }) => length)).toEqual([2, 2, 2]), WAIT);

    await produce(kafka, numbers(0, 60));
    await vi.waitFor(() => {
      const seen = [one, two, three].flatMap(({ values }) => values);
      expect(seen.sort((a, b) => Number(a) - Number(b))).toEqual(numbers(0, 60));
    }, WAIT);
    const { groups } = await admin.describeGroups(['g']);
    expect(groups[0]).toMatchObject({ state: 'Stable', protocolType: 'consumer', protocol: 'RoundRobinAssigner' });
    expect(groups[0]?.members.map(({ clientHost }) => clientHost)).toEqual(Array(3).fill('/127.0.0.1'));

    await two.consumer.disconnect();
    await vi.waitFor(() => expect(share(one, three).map(({ length }) => length)).toEqual([3, 3]), WAIT);
    expect(problems).toEqual([[], [], []]);
  });

  test('goes on where it was, and is deleted once it is empty', async () => {
    const { kafka, admin } = await cluster();
    await produce(kafka, numbers(0, 30));
    const first = await read(kafka, 'g');
    await vi.waitFor(() => expect(first.values).toHaveLength(30), WAIT);
    await expect(admin.deleteGroups(['g'])).rejects.toMatchObject({ groups: [{ errorCode: 68 }] });
    await first.consumer.disconnect();
    await produce(kafka, numbers(30, 60));
    const second = await read(kafka, 'g');
    await vi.waitFor(() => expect(second.values).toHaveLength(30), WAIT);
    expect(second.values.sort()).toEqual(numbers(30, 60).sort());
    await second.consumer.disconnect();

    const [offsets] = await admin.fetchOffsets({ groupId: 'g', topics: [TOPIC] });
    expect(offsets?.partitions.map(({ offset }) => offset)).toEqual(Array(6).fill('10'));
    await admin.setOffsets({ groupId: 'g', topic: TOPIC, partitions: [{ partition: 0, offset: '5' }] });
    const third = await read(kafka, 'g');
    await vi.waitFor(() => expect(third.values).toHaveLength(5), WAIT);
    await third.consumer.disconnect();
    expect(await admin.deleteGroups(['g'])).toMatchObject([{ groupId: 'g', errorCode: 0 }]);
    expect((await admin.listGroups()).groups).toEqual([]);
  });
});
