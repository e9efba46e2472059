import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, offsetCommitApi } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { newStream, startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { createTopic, produce } from './support/produce.js';
import { readValues } from './support/read-values.js';

const NOT_LEADER = 6;

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

interface UserApi {
  readonly user: {
    create: (args: object) => Promise<{ id: number }>;
    updatePermissions: (args: object) => Promise<boolean>;
  };
}

const NOTHING = { ManageServers: false, ReadServers: false, ManageUsers: false, ReadUsers: false };
const NO_STREAMS = { ManageStreams: false, ReadStreams: false, ManageTopics: false, ReadTopics: false };

let users = 0;

type Rights = Readonly<Record<string, boolean>>;

/** What a gateway needs on its stream, and nothing else. */
const ON_STREAM = {
  ...{ manageStream: false, readStream: true },
  ...{ manageTopics: true, readTopics: false },
  ...{ pollMessages: false, sendMessages: false },
};

const permissions = (rights: Rights, streams: readonly object[] = []): object => ({
  global: { ...NOTHING, ...NO_STREAMS, PollMessages: false, SendMessages: false, ...rights },
  streams,
});

/** A user who has these rights on all streams, those on single ones, and no others. */
async function createUser(
  rights: Rights,
  streams: readonly object[] = [],
): Promise<{ connect(): IggyClient; change(rights: Rights): Promise<boolean> }> {
  const admin = iggy.connect() as IggyClient & UserApi;
  onTestFinished(() => admin.destroy());
  const credentials = { username: `user-${String(++users)}`, password: 'password-1' };
  const { id } = await admin.user.create({ ...credentials, status: 1, permissions: permissions(rights, streams) });
  return {
    connect: () => iggy.connect({ credentials }),
    change: (changed) => admin.user.updatePermissions({ userId: id, permissions: permissions(changed) }),
  };
}

async function existing(): Promise<string> {
  const stream = newStream();
  const admin = iggy.connect();
  await admin.stream.create({ name: stream });
  await admin.destroy();
  return stream;
}

async function numberOf(name: string): Promise<number> {
  const admin = iggy.connect();
  const stream = await admin.stream.get({ streamId: name });
  await admin.destroy();
  return stream!.id;
}

test.each([
  [{}, 'read_streams'],
  [{ ReadStreams: true }, 'manage_topics'],
])('a start with %o says that %s is missing', async (rights, missing) => {
  const [stream, { connect }] = [await existing(), await createUser(rights)];
  const start = startGateway(iggy, { stream, connect });
  await expect(start).rejects.toThrow(new RegExp(`the gateway's user lacks a right, ${missing}: `));
});

test('a stream that is to be made needs manage_streams', async () => {
  const { connect } = await createUser({ ReadStreams: true, ManageTopics: true });
  await expect(startGateway(iggy, { stream: newStream(), connect })).rejects.toThrow(/lacks a right, manage_streams/);
});

test.each([
  ['read_streams and manage_topics on all streams', false],
  ['read_stream and manage_topics on the stream', true],
])('%s are enough for a stream that is there', async (_, isForOne) => {
  const stream = await existing();
  const { connect } = await createUser(
    isForOne ? {} : { ReadStreams: true, ManageTopics: true },
    isForOne ? [{ streamId: await numberOf(stream), permissions: ON_STREAM, topics: [] }] : [],
  );
  const { broker, warnings } = await startGateway(iggy, { stream, connect, mirrorOffsets: true });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  await createTopic(client, 'orders');
  const batch = buildBatch([{ timestamp: Date.now(), value: Buffer.from('value') }]);
  expect(await produce(client, 'orders', 0, batch)).toMatchObject({ errorCode: 0 });
  expect(await readValues(broker.bootstrap, 'orders', 1)).toEqual(['value']);
  const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }];
  const group = { groupId: 'readers', generationIdOrMemberEpoch: -1, memberId: '' };
  await client.send(offsetCommitApi, { ...group, topics: [{ name: 'orders', partitions }] }, 7);
  const admin = iggy.connect();
  onTestFinished(() => admin.destroy());
  const consumer = { kind: 1, id: 'kafka.cg.readers' } as const;
  await vi.waitFor(async () => {
    const stored = await admin.offset.get({ streamId: stream, topicId: 'orders', partitionId: 0, consumer });
    expect(stored).toMatchObject({ storedOffset: 0n });
  });
  expect(warnings).toEqual([]);
});

test('a right that is missed while it serves is told once, and clients are told to try again', async () => {
  const [stream, user] = [await existing(), await createUser({ ReadStreams: true, ManageTopics: true })];
  const { broker, warnings } = await startGateway(iggy, { stream, connect: user.connect });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  await createTopic(client, 'orders');
  await user.change({ ReadStreams: true });
  const batch = buildBatch([{ timestamp: Date.now(), value: Buffer.from('value') }]);
  const codes = new Set<number>();
  for (let tries = 0; tries < 5; tries++) codes.add((await produce(client, 'orders', 0, batch)).errorCode);
  expect([...codes]).toEqual([NOT_LEADER]);
  expect(warnings).toEqual([expect.stringMatching(/the gateway's user lacks a right, send_messages: /)]);
  await user.change({ ReadStreams: true, SendMessages: true });
  expect(await produce(client, 'orders', 0, batch)).toMatchObject({ errorCode: 0 });
});
