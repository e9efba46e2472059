import { createServer } from 'node:net';
import { once } from 'node:events';
import { createKafkaGateway, ErrorCode } from 'iggy-gateway-kafka';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import {
  createPartitionsApi,
  createTopicsApi,
  deleteTopicsApi,
  describeLogDirsApi,
  metadataApi,
  NIL_UUID,
} from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { alter, APPEND, BROKER, createTopic, describeConfig, newTopic, SET, TOPIC } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { createSlowStore } from '../support/slow-store.js';
import { WireClient } from '../support/wire-client.js';

test('a topic that two clients create at once is created once', async () => {
  const { connect } = await startBroker({ store: createSlowStore() });
  const clients = await Promise.all([connect(), connect(), connect()]);
  const codes = await Promise.all(
    clients.map(async (client) => {
      const { response } = await client.send(createTopicsApi, 7, { topics: [newTopic('t'), newTopic('a b')] });
      return response.topics[0]?.errorCode;
    }),
  );
  expect(codes.sort()).toEqual([0, ErrorCode.TOPIC_ALREADY_EXISTS, ErrorCode.TOPIC_ALREADY_EXISTS]);
});

test('a topic that two clients ask for at once is there for both in the end', async () => {
  const { connect } = await startBroker({ store: createSlowStore(), warn: () => undefined });
  const clients = await Promise.all([connect(), connect()]);
  const ask = async (client: WireClient) =>
    (await client.send(metadataApi, 9, { topics: [{ name: 't' }] })).response.topics[0]?.errorCode;
  const codes = await Promise.all(clients.map(ask));
  expect(codes).toContain(0);
  expect(await Promise.all(clients.map(ask))).toEqual([0, 0]);
});

test('changes that come at once each build on the one before', async () => {
  const { connect } = await startBroker({ store: createSlowStore() });
  const clients = await Promise.all([connect(), connect(), connect()]);
  const [client, second, third] = clients;
  await createTopic(client, 't');
  const names = ['retention.ms', 'retention.bytes', 'segment.ms'];
  await Promise.all(clients.map((each, index) => alter(each, TOPIC, 't', [[names[index] ?? '', SET, '7']])));
  for (const name of names) expect(await describeConfig(client, TOPIC, 't', name)).toMatchObject({ value: '7' });
  await Promise.all([
    alter(client, BROKER, '', [['log.cleanup.policy', APPEND, 'compact']]),
    alter(second, BROKER, '', [['log.roll.ms', SET, '7']]),
    alter(third, BROKER, '9', [['log.roll.ms', SET, '7']]),
  ]);
  expect(await describeConfig(client, TOPIC, 't', 'cleanup.policy')).toMatchObject({ value: 'delete,compact' });
  expect(await describeConfig(client, BROKER, '1', 'log.roll.ms')).toMatchObject({ value: '7', source: 3 });
});

test('topics grow, are measured and go', async () => {
  const client = await (await startBroker({ store: createSlowStore() })).connect();
  await createTopic(client, 't');
  const grow = { topics: [{ name: 't', count: 2, assignments: null }], timeoutMs: 1, validateOnly: false };
  expect((await client.send(createPartitionsApi, 3, grow)).response.results).toMatchObject([{ errorCode: 0 }]);
  const { response } = await client.send(describeLogDirsApi, 4, { topics: null });
  expect(response.results[0]?.topics[0]?.partitions).toHaveLength(2);
  const topics = [{ name: 't', topicId: NIL_UUID }];
  const gone = await client.send(deleteTopicsApi, 6, { topics, timeoutMs: 1 });
  expect(gone.response.responses).toMatchObject([{ name: 't', errorCode: 0 }]);
});

test('topics that come, grow and go elsewhere are seen', async () => {
  const store = createSlowStore();
  const client = await (await startBroker({ store })).connect();
  const partitions = async () => {
    const topics = [{ name: 'other' }];
    const { response } = await client.send(metadataApi, 9, { topics, allowAutoTopicCreation: false });
    return response.topics[0]?.partitions.length;
  };
  const other = { id: '00000000-0000-0000-0000-00000000000a', name: 'other', partitionCount: 1, configs: {} };
  expect(await partitions()).toBe(0);
  store.elsewhere((topics) => void topics.push(other));
  await vi.waitFor(async () => expect(await partitions()).toBe(1));
  store.elsewhere((topics) => void topics.splice(0, 1, { ...other, partitionCount: 3 }));
  store.elsewhere(() => undefined);
  await vi.waitFor(async () => expect(await partitions()).toBe(3));
  store.elsewhere((topics) => void topics.splice(0, 1));
  await vi.waitFor(async () => expect(await partitions()).toBe(0));
});

test('names that collide, as an engine may have them, keep others out until the last of them is gone', async () => {
  const store = createSlowStore();
  const client = await (await startBroker({ store })).connect();
  const id = (digit: string) => `00000000-0000-0000-0000-00000000000${digit}`;
  const both = ['a.b', 'a_b'].map((name, index) => ({ id: id(String(index)), name, partitionCount: 1, configs: {} }));
  const tryCreate = async () => {
    const { response } = await client.send(createTopicsApi, 7, { topics: [newTopic('a.b')], validateOnly: true });
    return response.topics[0]?.errorCode;
  };
  store.elsewhere((topics) => void topics.push(...both));
  await vi.waitFor(async () => expect(await tryCreate()).toBe(ErrorCode.TOPIC_ALREADY_EXISTS));
  store.elsewhere((topics) => void topics.shift());
  await vi.waitFor(async () => expect(await tryCreate()).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION));
  store.elsewhere((topics) => void topics.shift());
  await vi.waitFor(async () => expect(await tryCreate()).toBe(ErrorCode.NONE));
});

test('a broker whose port was taken can be opened again, with all that it had', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const gateway = createKafkaGateway({
    listener: { port },
    backend: createBrokerBackend({ store: createMemoryStore() }),
  });
  await expect(gateway.listen()).rejects.toThrow('EADDRINUSE');
  taken.close();
  await once(taken, 'close');
  await gateway.listen();
  const client = await WireClient.connect(port);
  await createTopic(client, 't');
  await client.close();
  await gateway.close();
});
