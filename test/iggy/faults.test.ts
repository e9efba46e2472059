import { setTimeout as delay } from 'node:timers/promises';
import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { listOffsetsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { type IggyProxy, startProxy } from './support/iggy-proxy.js';
import { createTopic, produce, produceUntilTaken } from './support/produce.js';
import { fetchFrom, readValues } from './support/read-values.js';
import { batchOf, newProducer, setUp } from './support/set-up.js';

/** Codes of errors. */
const OUT_OF_RANGE = 1;
const UNKNOWN_TOPIC_OR_PARTITION = 3;
const NOT_LEADER = 6;
const TIMED_OUT = 7;

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

/** Values one after the other, from a producer with sequence numbers. */
async function idempotentProducer(client: WireClient, topic: string): Promise<(value: string) => Promise<void>> {
  const producer = await newProducer(client);
  let baseSequence = 0;
  return async (value) => {
    await produceUntilTaken(client, topic, 0, batchOf(value, { ...producer, baseSequence: baseSequence++ }));
  };
}

test('connections that are cut lose and repeat nothing, and are made again', async () => {
  const { broker, client, proxy, warnings } = await setUp(iggy);
  await createTopic(client, 'orders');
  const send = await idempotentProducer(client, 'orders');
  const sent: string[] = [];
  const cuts = { over: false };
  const cutting = (async () => {
    for (let cut = 0; cut < 15; cut++) {
      const before = sent.length;
      await vi.waitFor(() => expect(sent.length).toBeGreaterThan(before + 2), { timeout: 20_000, interval: 1 });
      proxy.cut();
    }
    cuts.over = true;
  })();
  while (!cuts.over) {
    const value = `value-${String(sent.length)}`;
    await send(value);
    sent.push(value);
  }
  await cutting;
  expect(await readValues(broker.bootstrap, 'orders', sent.length)).toEqual(sent);
  expect(warnings.join()).toMatch(/a connection has failed/);
});

test('a consumer at the end of a log whose connections are cut gets what comes next', async () => {
  const { client, proxy, send } = await setUp(iggy);
  await createTopic(client, 'orders');
  expect(await fetchFrom(client, 'orders', 0, 0, 0)).toMatchObject({ errorCode: 0, highWatermark: 0n });
  const waiting = fetchFrom(client, 'orders', 0, 0, 15_000);
  proxy.cut();
  await send({ payload: Buffer.from('from elsewhere') });
  const { errorCode, highWatermark } = await waiting;
  expect([errorCode, highWatermark]).toEqual([0, 1n]);
});

/** What clients are told while the server gives no answer, and that all goes on after. */
async function expectSilenceSurvived(
  stop: (proxy: IggyProxy) => Promise<void> | void,
  goOn: (proxy: IggyProxy) => void,
): Promise<void> {
  const { broker, client, proxy } = await setUp(iggy, { commandTimeoutMs: 300, connectTimeoutMs: 1000 });
  await createTopic(client, 'orders');
  const send = await idempotentProducer(client, 'orders');
  await send('before');
  onTestFinished(() => {
    goOn(proxy);
  });
  await stop(proxy);
  let taken = false;
  const sending = send('meanwhile').then(() => {
    taken = true;
  });
  // Other connections are heard all the while.
  const other = await WireClient.connect(broker.bootstrap);
  const metadata = await other.send(metadataApi, { topics: [{ name: 'orders' }], allowAutoTopicCreation: false }, 9);
  expect(metadata.topics.map(({ errorCode, partitions }) => [errorCode, partitions.length])).toEqual([[0, 1]]);
  const { errorCode } = await produce(other, 'orders', 0, batchOf('other'));
  expect([NOT_LEADER, TIMED_OUT]).toContain(errorCode);
  expect(await fetchFrom(other, 'orders', 0, 1, 0)).toMatchObject({ errorCode: NOT_LEADER });
  const ends = { replicaId: -1, topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -1n }] }] };
  const listed = await other.send(listOffsetsApi, ends, 7);
  expect(listed.topics[0]?.partitions[0]?.errorCode).toBe(NOT_LEADER);
  expect(taken).toBe(false);
  goOn(proxy);
  await sending;
  await send('after');
  const values = await readValues(broker.bootstrap, 'orders', 3);
  expect(values.filter((value) => value !== 'other')).toEqual(['before', 'meanwhile', 'after']);
  await other.close();
}

test('a server that stops answers nothing: clients are told to try again, and nothing is lost or repeated', () =>
  expectSilenceSurvived(
    () => iggy.pause(),
    () => iggy.goOn(),
  ));

test('a network that holds everything is a server that answers nothing', () =>
  expectSilenceSurvived(
    (proxy) => proxy.hold(),
    (proxy) => proxy.release(),
  ));

test('a batch whose outcome is not known is not stored twice, though others are stored before it comes again', async () => {
  const { broker, client } = await setUp(iggy, { commandTimeoutMs: 300 });
  await createTopic(client, 'orders');
  const batches = await Promise.all(
    ['before', 'one', 'two'].map(async (value) => batchOf(value, { ...(await newProducer(client)), baseSequence: 0 })),
  );
  const [before, one, two] = batches as [Buffer, Buffer, Buffer];
  // From then on it is known that the log tells of producers.
  await produceUntilTaken(client, 'orders', 0, before);
  onTestFinished(() => {
    iggy.goOn();
  });
  await iggy.pause();
  expect(await produce(client, 'orders', 0, one)).toMatchObject({ errorCode: TIMED_OUT });
  iggy.goOn();
  await produceUntilTaken(client, 'orders', 0, two);
  await produceUntilTaken(client, 'orders', 0, one);
  expect((await readValues(broker.bootstrap, 'orders', 3)).sort()).toEqual(['before', 'one', 'two']);
});

test('a server that answers slowly is waited for', async () => {
  const { broker, client, proxy } = await setUp(iggy);
  await createTopic(client, 'orders');
  proxy.slow(100);
  const sent = Array.from({ length: 5 }, (_, index) => `value-${String(index)}`);
  for (const value of sent) expect(await produce(client, 'orders', 0, batchOf(value))).toMatchObject({ errorCode: 0 });
  expect(await readValues(broker.bootstrap, 'orders', sent.length)).toEqual(sent);
});

test('credentials that the server refuses are said at the start', async () => {
  const connect = (): IggyClient => iggy.connect({ credentials: { username: 'iggy', password: 'wrong' } });
  await expect(startGateway(iggy, { connect })).rejects.toThrow(/Iggy refuses the credentials/);
});

test('credentials that are changed under a gateway are a server that is not there, until they are right again', async () => {
  const credentials = { username: 'kafka', password: 'first-password' };
  const admin = iggy.connect() as IggyClient & {
    user: {
      create: (args: object) => Promise<{ id: number }>;
      changePassword: (args: object) => Promise<boolean>;
    };
  };
  onTestFinished(() => admin.destroy());
  const servers = { ManageServers: true, ReadServers: true, ManageUsers: true, ReadUsers: true };
  const streams = { ManageStreams: true, ReadStreams: true, ManageTopics: true, ReadTopics: true };
  const global = { ...servers, ...streams, PollMessages: true, SendMessages: true };
  const user = await admin.user.create({ ...credentials, status: 1, permissions: { global, streams: [] } });
  const proxy = await startProxy(iggy.port);
  const connect = (): IggyClient => iggy.connect({ options: { host: '127.0.0.1', port: proxy.port }, credentials });
  const { broker, warnings } = await startGateway(iggy, { connect, connectTimeoutMs: 500 });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
    await proxy.close();
  });
  await createTopic(client, 'orders');
  expect(await produce(client, 'orders', 0, batchOf('before'))).toMatchObject({ errorCode: 0 });

  const change = { userId: user.id, currentPassword: credentials.password, newPassword: 'other-password' };
  await admin.user.changePassword(change);
  proxy.cut();
  const retriable = [NOT_LEADER, TIMED_OUT];
  expect(retriable).toContain((await produce(client, 'orders', 0, batchOf('lost'))).errorCode);
  expect((await fetchFrom(client, 'orders', 0, 1, 0)).errorCode).toBe(NOT_LEADER);
  expect(warnings.join('\n')).toMatch(/the server does not let us in/);

  await admin.user.changePassword({ ...change, currentPassword: 'other-password', newPassword: credentials.password });
  await produceUntilTaken(client, 'orders', 0, batchOf('after'));
  expect(await readValues(broker.bootstrap, 'orders', 2)).toEqual(['before', 'after']);
});

test('a topic that is removed in Iggy is unknown to clients; made again, it is another one', async () => {
  const { broker, client, stream, direct } = await setUp(iggy, { topicsRefreshMs: 50 });
  await createTopic(client, 'orders');
  const topicIdOf = async (): Promise<unknown> => {
    const request = { topics: [{ name: 'orders' }], allowAutoTopicCreation: false };
    const { topics } = await client.send(metadataApi, request, 12);
    return topics[0]?.errorCode === 0 ? topics[0].topicId : topics[0]?.errorCode;
  };
  const before = await topicIdOf();
  expect(await produce(client, 'orders', 0, batchOf('before'))).toMatchObject({ errorCode: 0 });
  await direct.topic.delete({ streamId: stream, topicId: 'orders', partitionsCount: 1 });
  expect(await produce(client, 'orders', 0, batchOf('lost'))).toMatchObject({ errorCode: UNKNOWN_TOPIC_OR_PARTITION });
  await vi.waitFor(async () => expect(await topicIdOf()).toBe(UNKNOWN_TOPIC_OR_PARTITION));
  expect(await fetchFrom(client, 'orders', 0, 0, 0)).toMatchObject({ errorCode: UNKNOWN_TOPIC_OR_PARTITION });

  await direct.topic.create({ streamId: stream, name: 'orders', partitionCount: 1, compressionAlgorithm: 1 });
  await produceUntilTaken(client, 'orders', 0, batchOf('after'));
  expect(await topicIdOf()).not.toEqual(before);
  expect(await readValues(broker.bootstrap, 'orders', 1)).toEqual(['after']);
});

test('partitions that are added in Iggy are there for clients, and written and read', async () => {
  const { broker, client, stream, direct } = await setUp(iggy, { topicsRefreshMs: 50 });
  await createTopic(client, 'orders');
  await direct.partition.create({ streamId: stream, topicId: 'orders', partitionCount: 2 });
  await vi.waitFor(async () => {
    const request = { topics: [{ name: 'orders' }], allowAutoTopicCreation: false };
    const { topics } = await client.send(metadataApi, request, 9);
    expect(topics[0]?.partitions.length).toBe(3);
  });
  expect(await produce(client, 'orders', 2, batchOf('new'))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  expect(await readValues(broker.bootstrap, 'orders', 1, 2)).toEqual(['new']);
});

test('a stream that is removed in Iggy is topics that are unknown, and an operator is told; so it is when it is made again', async () => {
  const { client, stream, direct, warnings } = await setUp(iggy, { topicsRefreshMs: 50 });
  await createTopic(client, 'orders');
  expect(await produce(client, 'orders', 0, batchOf('before'))).toMatchObject({ errorCode: 0 });
  await direct.stream.delete({ streamId: stream });
  expect(await produce(client, 'orders', 0, batchOf('lost'))).toMatchObject({ errorCode: UNKNOWN_TOPIC_OR_PARTITION });
  expect((await fetchFrom(client, 'orders', 0, 1, 0)).errorCode).toBe(UNKNOWN_TOPIC_OR_PARTITION);
  const told = (): string => warnings.join('\n');
  await vi.waitFor(() => expect(told()).toContain(`stream '${stream}' is not there any more`));
  await direct.stream.create({ name: stream });
  await vi.waitFor(() => expect(told()).toContain(`stream '${stream}' was removed and made again`));
  expect(warnings.filter((warning) => warning.includes('made again'))).toHaveLength(1);
});

test('what is sent to a topic that is gone does not go to another that has its number in Iggy', async () => {
  const { client, stream, direct } = await setUp(iggy, { topicsRefreshMs: 60_000 });
  await createTopic(client, 'orders');
  expect(await produce(client, 'orders', 0, batchOf('before'))).toMatchObject({ errorCode: 0 });
  const before = await direct.topic.get({ streamId: stream, topicId: 'orders' });
  await direct.topic.delete({ streamId: stream, topicId: 'orders', partitionsCount: 1 });
  const init = { streamId: stream, name: 'payments', partitionCount: 1, compressionAlgorithm: 1 } as const;
  expect((await direct.topic.create(init)).id).toBe(before?.id);
  expect(await produce(client, 'orders', 0, batchOf('lost'))).toMatchObject({ errorCode: UNKNOWN_TOPIC_OR_PARTITION });
  const payments = await direct.topic.get({ streamId: stream, topicId: 'payments' });
  expect(payments?.messagesCount).toBe(0n);
});

/** The code that a Fetch gives once it is not to be tried again. */
async function settledCode(client: WireClient, offset: number): Promise<number> {
  for (;;) {
    const { errorCode } = await fetchFrom(client, 'orders', 0, offset, 0);
    if (errorCode !== NOT_LEADER) return errorCode;
    await delay(20);
  }
}

test('a purge below a consumer gives it out of range, and the topic goes on from 0', async () => {
  const { broker, client, stream, direct } = await setUp(iggy);
  await createTopic(client, 'orders');
  for (let index = 0; index < 5; index++) await produce(client, 'orders', 0, batchOf(`before-${String(index)}`));
  expect(await fetchFrom(client, 'orders', 0, 5, 0)).toMatchObject({ errorCode: 0 });
  await direct.topic.purge({ streamId: stream, topicId: 'orders' });
  await vi.waitFor(async () => expect(await settledCode(client, 5)).toBe(OUT_OF_RANGE), { timeout: 10_000 });
  expect(await produce(client, 'orders', 0, batchOf('after'))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  expect(await settledCode(client, 5)).toBe(OUT_OF_RANGE);
  expect(await readValues(broker.bootstrap, 'orders', 1)).toEqual(['after']);
});

test('segments that are dropped below a consumer give it out of range, and the earliest offset moves', async () => {
  const { client, stream, direct } = await setUp(iggy, { readAheadBytes: 65_536 });
  const wide = direct as IggyClient & { segment: { delete: (args: object) => Promise<boolean> } };
  const init = { streamId: stream, name: 'orders', partitionCount: 1, compressionAlgorithm: 1 as const };
  await direct.topic.create({ ...init, segmentSize: 1_048_576n, messagesRequiredToSave: 1 });
  const value = 'x'.repeat(500_000);
  for (let index = 0; index < 10; index++) await produceUntilTaken(client, 'orders', 0, batchOf(value));
  expect(await settledCode(client, 9)).toBe(0);
  await wide.segment.delete({ streamId: stream, topicId: 'orders', partitionId: 0, segmentsCount: 2 });
  await vi.waitFor(async () => expect(await settledCode(client, 0)).toBe(OUT_OF_RANGE), { timeout: 15_000 });
  const earliest = { replicaId: -1, topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -2n }] }] };
  const { topics } = await client.send(listOffsetsApi, earliest, 7);
  expect(Number(topics[0]?.partitions[0]?.offset)).toBeGreaterThan(0);
  expect(await settledCode(client, Number(topics[0]?.partitions[0]?.offset))).toBe(0);
});
