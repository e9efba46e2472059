import { createKafkaGateway, type KafkaGateway, type ListenerOptions } from 'iggy-gateway-kafka';
import { createIggyBackend, type IggyBackendOptions, type IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import {
  buildBatch,
  findCoordinatorApi,
  heartbeatApi,
  initProducerIdApi,
  joinGroupApi,
  offsetCommitApi,
  offsetFetchApi,
  syncGroupApi,
} from 'iggy-gateway-kafka/protocol';
import { expect, onTestFinished, vi } from 'vitest';
import { WireClient } from '../../../src/wire-client/index.js';

export const TOPIC = 'orders';
export const GROUP = 'readers';

/** How long a scenario waits for what takes a refresh or a session timeout. */
export const PATIENCE = { timeout: 30_000, interval: 20 };

/** Where a scenario runs: on the stand-in or on a real server. */
export interface Engine {
  readonly connect: () => IggyClient;
  readonly stream: string;
}

/** A gateway with a client. */
export interface Side {
  readonly gateway: KafkaGateway;
  readonly client: WireClient;
  readonly port: number;
  readonly warnings: string[];
  /** States that were emitted, in their order. */
  readonly states: string[];
  close(): Promise<void>;
}

/** Starts a gateway that looks at the topics every 20 ms; it is closed after the test. */
export async function startSide(
  { connect, stream }: Engine,
  options: Partial<IggyBackendOptions> = {},
  listener: ListenerOptions = {},
): Promise<Side> {
  const warnings: string[] = [];
  const states: string[] = [];
  const backend = createIggyBackend({
    connect,
    stream,
    topicsRefreshMs: 20,
    sessionTimeoutMs: 3000,
    warn: (message) => warnings.push(message),
    ...options,
    config: { 'group.initial.rebalance.delay.ms': 0, ...options.config },
  });
  const gateway = createKafkaGateway({ listener: { port: 0, ...listener }, backend });
  gateway.on('backendStatus', ({ state, successor }) => {
    states.push(successor === null ? state : `${state} by ${String(successor.port)}`);
  });
  const { port } = await gateway.listen();
  const client = await WireClient.connect(`127.0.0.1:${String(port)}`);
  const close = async (): Promise<void> => {
    await client.close();
    await gateway.close({ drainTimeoutMs: 0 });
  };
  onTestFinished(close);
  return { gateway, client, port, warnings, states, close };
}

/** Waits until a gateway is overtaken, and knows by whom where `by` is given. */
export async function untilOvertaken({ gateway }: Side, by?: Side): Promise<void> {
  await vi.waitFor(() => {
    const { state, successor } = gateway.stats().backendStatus;
    expect(state).toBe('overtaken');
    if (by !== undefined) expect(successor?.port).toBe(by.port);
  }, PATIENCE);
}

export async function untilActive({ gateway }: Side): Promise<void> {
  await vi.waitFor(() => expect(gateway.stats().backendStatus.state).toBe('active'), PATIENCE);
}

export function batch(producerId: bigint, baseSequence: number, values = ['v']): Buffer {
  return buildBatch(
    values.map((value) => ({ timestamp: 1_700_000_000_000, value: Buffer.from(value) })),
    { producerId: Number(producerId), producerEpoch: 0, baseSequence },
  );
}

export async function initProducer({ client }: Side): Promise<{ errorCode: number; producerId: bigint }> {
  return client.send(initProducerIdApi, { transactionalId: null, transactionTimeoutMs: 60_000 });
}

export async function commit({ client }: Side, committedOffset: bigint): Promise<number | undefined> {
  const partitions = [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: '' }];
  const request = { groupId: GROUP, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
  const { topics } = await client.send(offsetCommitApi, { ...request, topics: [{ name: TOPIC, partitions }] }, 8);
  return topics[0]?.partitions[0]?.errorCode;
}

/** The committed offset, or the error code of the group. */
export async function committed({ client }: Side): Promise<bigint | number | undefined> {
  const groups = [{ groupId: GROUP, topics: [{ name: TOPIC, partitionIndexes: [0] }] }];
  const { groups: answers } = await client.send(offsetFetchApi, { groups, requireStable: false }, 8);
  const [answer] = answers;
  return answer?.errorCode === 0 ? answer.topics[0]?.partitions[0]?.committedOffset : answer?.errorCode;
}

export async function join({ client }: Side, groupId: string, memberId = '') {
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
  const request = { groupId, memberId, protocolType: 'consumer', sessionTimeoutMs: 30_000, protocols };
  return client.send(joinGroupApi, { ...request, rebalanceTimeoutMs: 30_000, groupInstanceId: null }, 5);
}

/** Joins a group as its only member, and gets its assignment. */
export async function become(side: Side, groupId: string): Promise<{ memberId: string; generationId: number }> {
  const { memberId } = await join(side, groupId);
  const { errorCode, generationId } = await join(side, groupId, memberId);
  expect(errorCode).toBe(0);
  const assignments = [{ memberId, assignment: Buffer.from('all of it') }];
  const synced = await side.client.send(
    syncGroupApi,
    { groupId, memberId, generationId, groupInstanceId: null, assignments },
    3,
  );
  expect(synced.errorCode).toBe(0);
  return { memberId, generationId };
}

export async function heartbeat(side: Side, groupId: string, member: { memberId: string; generationId: number }) {
  const { errorCode } = await side.client.send(heartbeatApi, { groupId, groupInstanceId: null, ...member }, 3);
  return errorCode;
}

export async function coordinatorOf({ client }: Side): Promise<{ errorCode: number; port: number; nodeId: number }> {
  const { coordinators } = await client.send(findCoordinatorApi, { keyType: 0, coordinatorKeys: [GROUP] }, 4);
  const { errorCode = -1, port = 0, nodeId = -1 } = coordinators[0] ?? {};
  return { errorCode, port, nodeId };
}

/** How many messages the topic has at Iggy. */
export async function countAtIggy({ connect, stream }: Engine): Promise<number> {
  const client = connect();
  const topic = await client.topic.get({ streamId: stream, topicId: TOPIC });
  await client.destroy();
  return Number(topic?.messagesCount);
}

/** Clients whose sends never come to an answer, once they are silenced: a gateway that hangs, and still has connections. */
export function silenceable(connect: () => IggyClient): { readonly connect: () => IggyClient; silence(): void } {
  let isSilent = false;
  const through = (client: IggyClient): IggyClient => {
    const send: IggyClient['message']['send'] = (args) =>
      isSilent ? new Promise(() => undefined) : client.message.send(args);
    const message = new Proxy(client.message, {
      get: (target, key) => (key === 'send' ? send : (Reflect.get(target, key) as unknown)),
    });
    return new Proxy(client, {
      get(target, key) {
        if (key === 'message') return message;
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  return {
    connect: () => through(connect()),
    silence() {
      isSilent = true;
    },
  };
}

/** How often a gateway has opened the state log, over all of its topics. */
export async function openings({ connect, stream }: Engine): Promise<number> {
  return (await stateEntries({ connect, stream })).filter(({ kind }) => kind === 4).length;
}

/** How often the owner of the state has said who it is. */
export async function heartbeats(engine: Engine): Promise<number> {
  return (await stateEntries(engine)).filter(({ key }) => key === 'cluster/owner').length;
}

/** Kinds and keys of all entries of the state, as topics of Iggy hold them. */
export async function stateEntries({
  connect,
  stream,
}: Engine): Promise<readonly { readonly kind: number; readonly key: string }[]> {
  const client = connect();
  const entries: { readonly kind: number; readonly key: string }[] = [];
  for (const { name, messagesCount } of await client.topic.list({ streamId: stream })) {
    if (!name.startsWith('__kafka_gateway_state.') || messagesCount === 0n) continue;
    const { messages } = await client.message.poll({
      streamId: stream,
      topicId: name,
      consumer: { kind: 1, id: 1 },
      partitionId: 0,
      pollingStrategy: { kind: 1, value: 0n },
      count: Number(messagesCount),
      autocommit: false,
    });
    for (const { payload } of messages) {
      const key = payload.toString('utf8', 14, 14 + payload.readUInt32BE(10));
      entries.push({ kind: payload.readUInt8(1), key });
    }
  }
  await client.destroy();
  return entries;
}
