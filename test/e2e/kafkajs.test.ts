import { createStubBackend, ErrorCode, type StubMode } from 'iggy-gateway-kafka';
import { Kafka, type KafkaConfig, logLevel, type KafkaJSProtocolError } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { record, start } from '../support/gateways.js';

async function connectTo(mode: StubMode, config: Partial<KafkaConfig> = {}) {
  const { gateway, port } = await start({ backend: createStubBackend({ mode }) });
  const kafka = new Kafka({
    clientId: 'kafkajs-test',
    brokers: [`127.0.0.1:${String(port)}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    ...config,
  });
  const problems = [
    record(gateway, 'unsupportedVersion'),
    record(gateway, 'protocolError'),
    record(gateway, 'requestError'),
    record(gateway, 'connectionError'),
  ];
  return { gateway, kafka, port, problems };
}

async function adminOf(kafka: Kafka) {
  const admin = kafka.admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  return admin;
}

describe.each<StubMode>(['retriable', 'accepting'])('kafkajs with the %s stub', (mode) => {
  const accepting = mode === 'accepting';

  test('connects, describes the cluster and disconnects', async () => {
    const { gateway, kafka, port, problems } = await connectTo(mode);
    const requests = record(gateway, 'request');
    const admin = await adminOf(kafka);
    expect(await admin.describeCluster()).toEqual({
      brokers: [{ nodeId: 1, host: '127.0.0.1', port }],
      controller: 1,
      clusterId: null,
    });
    expect(await admin.listTopics()).toEqual([]);
    expect(new Set(requests.map(({ clientId }) => clientId))).toEqual(new Set(['kafkajs-test']));
    expect(requests.map(({ api }) => api)).toContain('apiVersions');
    expect(problems).toEqual([[], [], [], []]);
  });

  test('gets the metadata of a topic, or the error of one', async () => {
    const { kafka, problems } = await connectTo(mode);
    const admin = await adminOf(kafka);
    const fetched = admin.fetchTopicMetadata({ topics: ['orders'] });
    if (accepting) {
      expect((await fetched).topics).toEqual([
        {
          name: 'orders',
          partitions: [
            expect.objectContaining({ partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1], isr: [1] }),
          ],
        },
      ]);
    } else {
      await expect(fetched).rejects.toMatchObject({
        type: 'UNKNOWN_TOPIC_OR_PARTITION',
      } satisfies Partial<KafkaJSProtocolError>);
    }
    expect(problems).toEqual([[], [], [], []]);
  });

  test('creates a topic where that is accepted, and is told so where it is not', async () => {
    const { kafka } = await connectTo(mode);
    const admin = await adminOf(kafka);
    const created = admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] });
    if (accepting) expect(await created).toBe(true);
    else await expect(created).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) });
  });

  test('produces where that is accepted, and fails where nothing is stored', async () => {
    const { gateway, kafka } = await connectTo(mode);
    const responses = record(gateway, 'response');
    const producer = kafka.producer();
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    const sent = producer.send({ topic: 'orders', messages: [{ key: 'k', value: 'one' }, { value: 'two' }] });
    if (accepting) {
      expect(await sent).toEqual([
        expect.objectContaining({ topicName: 'orders', partition: 0, errorCode: 0, baseOffset: '0' }),
      ]);
      expect(responses.map(({ api }) => api)).toContain('produce');
    } else {
      await expect(sent).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) });
      expect(responses.some(({ errorCode }) => errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)).toBe(true);
      expect(responses.some(({ api, errorCode }) => api === 'produce' && errorCode === 0)).toBe(false);
    }
  });
});

test('kafkajs produces without acks to the accepting stub, and goes on', async () => {
  const { kafka, gateway, problems } = await connectTo('accepting');
  const responses = record(gateway, 'response');
  const producer = kafka.producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  for (let count = 0; count < 3; count++) {
    await producer.send({ topic: 'orders', acks: 0, messages: [{ value: 'one' }] });
  }
  await producer.send({ topic: 'orders', acks: 1, messages: [{ value: 'two' }] });
  const produced = responses.filter(({ api }) => api === 'produce');
  expect(produced.map(({ bytes }) => bytes > 0)).toEqual([false, false, false, true]);
  expect(problems).toEqual([[], [], [], []]);
});

test('several kafkajs clients at once disturb each other in nothing', async () => {
  const { kafka, problems } = await connectTo('accepting');
  const admins = await Promise.all(Array.from({ length: 10 }, () => adminOf(kafka)));
  const all = await Promise.all(
    admins.map((admin, index) => admin.fetchTopicMetadata({ topics: [`topic-${String(index)}`] })),
  );
  expect(all.map(({ topics }) => topics[0]?.name)).toEqual(admins.map((_, index) => `topic-${String(index)}`));
  expect(problems).toEqual([[], [], [], []]);
});
