import { createKafkaGateway, type KafkaGateway, type ListenerOptions } from 'iggy-gateway-kafka';
import { createIggyBackend, type IggyBackendOptions, type IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import {
  buildBatch,
  createTopicsApi,
  describeClusterApi,
  describeConfigsApi,
  findCoordinatorApi,
  heartbeatApi,
  initProducerIdApi,
  joinGroupApi,
  listGroupsApi,
  metadataApi,
  offsetCommitApi,
  offsetFetchApi,
  produceApi,
  syncGroupApi,
} from 'iggy-gateway-kafka/protocol';
import { expect, onTestFinished, vi } from 'vitest';
import { WireClient } from '../../../adapters/testing/wire-client.js';
import { createTopic, produce } from './produce.js';

const TOPIC = 'orders';
const GROUP = 'readers';

const COORDINATOR_LOAD_IN_PROGRESS = 14;
const COORDINATOR_NOT_AVAILABLE = 15;
const NOT_COORDINATOR = 16;
const NOT_LEADER = 6;
const NOT_CONTROLLER = 41;

/** How long a scenario waits for what takes a refresh or a session timeout. */
const PATIENCE = { timeout: 30_000, interval: 20 };

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
    await gateway.close({ graceMs: 0 });
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

async function join({ client }: Side, groupId: string, memberId = '') {
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
  const request = { groupId, memberId, protocolType: 'consumer', sessionTimeoutMs: 30_000, protocols };
  return client.send(joinGroupApi, { ...request, rebalanceTimeoutMs: 30_000, groupInstanceId: null }, 5);
}

/** Joins a group as its only member, and gets its assignment. */
async function become(side: Side, groupId: string): Promise<{ memberId: string; generationId: number }> {
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

async function heartbeat(side: Side, groupId: string, member: { memberId: string; generationId: number }) {
  const { errorCode } = await side.client.send(heartbeatApi, { groupId, groupInstanceId: null, ...member }, 3);
  return errorCode;
}

async function coordinatorOf({ client }: Side): Promise<{ errorCode: number; port: number; nodeId: number }> {
  const { coordinators } = await client.send(findCoordinatorApi, { keyType: 0, coordinatorKeys: [GROUP] }, 4);
  const { errorCode = -1, port = 0, nodeId = -1 } = coordinators[0] ?? {};
  return { errorCode, port, nodeId };
}

/** How many messages the topic has at Iggy. */
async function countAtIggy({ connect, stream }: Engine): Promise<number> {
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
  return (await stateEntries({ connect, stream })).filter((kind) => kind === 4).length;
}

/** Kinds of all entries of the state log. */
export async function stateEntries({ connect, stream }: Engine): Promise<readonly number[]> {
  const client = connect();
  const kinds: number[] = [];
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
    for (const { payload } of messages) kinds.push(payload[1] ?? 0);
  }
  await client.destroy();
  return kinds;
}

/** What holds of two gateways over one stream, on the real server and on the stand-in. */
export const TWO_GATEWAYS: readonly { readonly title: string; run(engine: Engine): Promise<void> }[] = [
  {
    title: 'an idempotent batch that the successor has stored is refused, and never stored again',
    async run(engine) {
      const first = await startSide(engine);
      await createTopic(first.client, TOPIC);
      const { producerId } = await initProducer(first);
      expect(await produce(first.client, TOPIC, 0, batch(producerId, 0))).toMatchObject({ errorCode: 0 });
      const second = await startSide(engine);
      await untilOvertaken(first, second);
      expect(await produce(second.client, TOPIC, 0, batch(producerId, 1))).toMatchObject({ errorCode: 0 });
      const partitionData = [{ index: 0, records: batch(producerId, 1) }];
      const request = { acks: -1, timeoutMs: 10_000, topicData: [{ name: TOPIC, partitionData }] };
      const { responses, nodeEndpoints } = await first.client.send(produceApi, request, 10);
      expect(responses[0]?.partitionResponses[0]).toMatchObject({
        errorCode: NOT_LEADER,
        currentLeader: { leaderId: 2 },
      });
      expect(nodeEndpoints).toMatchObject([{ nodeId: 2, port: second.port }]);
      // So are all others: clients that nobody sends there would lose the gateway with the only address that they know.
      const plain = buildBatch([{ timestamp: 0, value: Buffer.from('plain') }]);
      expect((await produce(first.client, TOPIC, 0, plain)).errorCode).toBe(NOT_LEADER);
      expect(await countAtIggy(engine)).toBe(2);
    },
  },
  {
    title: 'committed offsets are answered by the successor only, which Metadata and FindCoordinator name',
    async run(engine) {
      const first = await startSide(engine);
      await createTopic(first.client, TOPIC);
      expect(await commit(first, 5n)).toBe(0);
      expect(await coordinatorOf(first)).toEqual({ errorCode: 0, port: first.port, nodeId: 1 });
      const second = await startSide(engine);
      expect(await commit(second, 7n)).toBe(0);
      await untilOvertaken(first, second);
      expect(await committed(first)).toBe(NOT_COORDINATOR);
      expect(await commit(first, 6n)).toBe(NOT_COORDINATOR);
      expect(await coordinatorOf(first)).toEqual({ errorCode: 0, port: second.port, nodeId: 2 });
      const { brokers, controllerId, topics } = await first.client.send(metadataApi, { topics: null });
      expect(brokers).toMatchObject([{ nodeId: 2, host: '127.0.0.1', port: second.port }]);
      expect(controllerId).toBe(2);
      expect(topics[0]?.partitions[0]).toMatchObject({ leaderId: 2 });
      const cluster = await first.client.send(describeClusterApi, { includeClusterAuthorizedOperations: false });
      expect(cluster).toMatchObject({ controllerId: 2, brokers: [{ brokerId: 2, port: second.port }] });
      expect(await committed(second)).toBe(7n);
      expect(first.warnings).toEqual([expect.stringMatching(/another gateway has opened stream/)]);
      expect(second.warnings).toEqual([]);
    },
  },
  {
    title: 'a group goes on at the successor, with its members, and nowhere else',
    async run(engine) {
      const first = await startSide(engine);
      const member = await become(first, GROUP);
      // One that waits for the others is let go.
      const newcomer = await join(first, 'waiting');
      expect(await heartbeat(first, GROUP, member)).toBe(0);
      const second = await startSide(engine);
      await untilOvertaken(first, second);
      expect(await heartbeat(first, GROUP, member)).toBe(NOT_COORDINATOR);
      expect(await heartbeat(second, GROUP, member)).toBe(0);
      expect((await join(first, 'waiting', newcomer.memberId)).errorCode).toBe(NOT_COORDINATOR);
    },
  },
  {
    title: 'a JoinGroup that waits at the gateway that is overtaken is answered, and new groups are refused at once',
    async run(engine) {
      const first = await startSide(engine, { config: { 'group.initial.rebalance.delay.ms': 60_000 } });
      const { memberId } = await join(first, GROUP);
      const waiting = join(first, GROUP, memberId);
      const asks = await WireClient.connect(`127.0.0.1:${String(first.port)}`);
      onTestFinished(() => asks.close());
      const second = await startSide(engine);
      expect((await waiting).errorCode).toBe(NOT_COORDINATOR);
      await untilOvertaken(first, second);
      const side = { ...first, client: asks };
      expect((await join(side, 'new')).errorCode).toBe(NOT_COORDINATOR);
      expect((await initProducer(side)).errorCode).toBe(COORDINATOR_LOAD_IN_PROGRESS);
      expect((await asks.send(listGroupsApi, {})).errorCode).toBe(COORDINATOR_NOT_AVAILABLE);
      await expect(createTopic(asks, 'new')).rejects.toThrow(`CreateTopics gave ${String(NOT_CONTROLLER)}`);
    },
  },
  {
    title: 'the gateway that was overtaken has the state again once its successor is closed',
    async run(engine) {
      const first = await startSide(engine);
      await createTopic(first.client, TOPIC);
      const { producerId } = await initProducer(first);
      expect(await produce(first.client, TOPIC, 0, batch(producerId, 0))).toMatchObject({
        errorCode: 0,
        baseOffset: 0n,
      });
      expect(await commit(first, 5n)).toBe(0);
      const second = await startSide(engine);
      await untilOvertaken(first, second);
      expect(await produce(second.client, TOPIC, 0, batch(producerId, 1))).toMatchObject({
        errorCode: 0,
        baseOffset: 1n,
      });
      expect(await commit(second, 7n)).toBe(0);
      const member = await become(second, 'members');
      const given = await initProducer(second);
      const configured = { name: 'configured', numPartitions: 1, replicationFactor: 1, assignments: [] };
      const configs = [{ name: 'max.message.bytes', value: '12345' }];
      await second.client.send(createTopicsApi, { topics: [{ ...configured, configs }], timeoutMs: 10_000 });
      await second.close();
      await untilActive(first);
      const resources = [{ resourceType: 2, resourceName: 'configured', configurationKeys: ['max.message.bytes'] }];
      const described = await first.client.send(describeConfigsApi, { resources });
      expect(described.results[0]?.configs).toMatchObject([{ value: '12345' }]);
      expect(await committed(first)).toBe(7n);
      expect(await commit(first, 8n)).toBe(0);
      expect(await coordinatorOf(first)).toEqual({ errorCode: 0, port: first.port, nodeId: 1 });
      expect(await heartbeat(first, 'members', member)).toBe(0);
      // What the successor has stored is known.
      expect(await produce(first.client, TOPIC, 0, batch(producerId, 1))).toMatchObject({
        errorCode: 0,
        baseOffset: 1n,
      });
      expect(await produce(first.client, TOPIC, 0, batch(producerId, 2))).toMatchObject({
        errorCode: 0,
        baseOffset: 2n,
      });
      expect((await initProducer(first)).producerId).not.toBe(given.producerId);
      expect(first.states).toEqual(
        ['overtaken', `overtaken by ${String(second.port)}`, 'active'].slice(-first.states.length),
      );
      expect(first.warnings.at(-1)).toMatch(
        /has the state of stream '.*' again: the gateway that had it has closed it/,
      );
      expect(await countAtIggy(engine)).toBe(3);
    },
  },
  {
    title: 'the gateway that was overtaken has the state again once its successor is silent, which then refuses',
    async run(engine) {
      const session = { sessionTimeoutMs: 500 };
      const first = await startSide(engine, session);
      await createTopic(first.client, TOPIC);
      const { connect, silence } = silenceable(engine.connect);
      const second = await startSide({ ...engine, connect }, { ...session, commandTimeoutMs: 60_000 });
      expect(await commit(second, 7n)).toBe(0);
      await untilOvertaken(first, second);
      silence();
      await untilActive(first);
      expect(await committed(first)).toBe(7n);
      expect(first.warnings.at(-1)).toMatch(/again: the gateway that had it was silent/);
      // It hangs in a send, and answers nothing that depends on the state before that has ended.
      expect(await commit(first, 8n)).toBe(0);
    },
  },
  {
    title: 'of two that advertise one address the later one stays, as long as it is alive',
    async run(engine) {
      const listener = { advertised: { host: 'kafka.example.net', port: 9092 } };
      const session = { sessionTimeoutMs: 300 };
      const first = await startSide(engine, session, listener);
      await createTopic(first.client, TOPIC);
      const second = await startSide(engine, session, listener);
      await untilOvertaken(first);
      const before = await openings(engine);
      const beats = async (): Promise<number> => (await stateEntries(engine)).filter((kind) => kind === 6).length;
      const begun = await beats();
      // Ten session timeouts.
      await vi.waitFor(async () => expect(await beats()).toBeGreaterThan(begun + 30), PATIENCE);
      expect(await openings(engine)).toBe(before);
      expect(second.gateway.stats().backendStatus.state).toBe('active');
      expect(await committed(first)).toBe(NOT_COORDINATOR);
      // Records without a sequence go on: Iggy orders them.
      const plain = buildBatch([{ timestamp: 0, value: Buffer.from('plain') }]);
      expect(await produce(first.client, TOPIC, 0, plain)).toMatchObject({ errorCode: 0, baseOffset: 0n });
      expect((await coordinatorOf(first)).errorCode).toBe(COORDINATOR_NOT_AVAILABLE);
      // Clients are sent to the address that both have.
      const { brokers } = await first.client.send(metadataApi, { topics: null });
      expect(brokers).toMatchObject([{ nodeId: 1, host: 'kafka.example.net', port: 9092 }]);
      const shared =
        /^broker: the gateway that has taken over advertises the same address: "kafka.example.net:9092"; expected /;
      expect(first.warnings).toContainEqual(expect.stringMatching(shared));
      await second.close();
      await untilActive(first);
      expect(await commit(first, 9n)).toBe(0);
    },
  },
  {
    title: 'a batch that both have stored, before the first one could notice, is reported, and answered as a duplicate',
    async run(engine) {
      // It looks at nothing by itself.
      const first = await startSide(engine, { topicsRefreshMs: 600_000, sessionTimeoutMs: 600_000 });
      await createTopic(first.client, TOPIC);
      const { producerId } = await initProducer(first);
      expect(await produce(first.client, TOPIC, 0, batch(producerId, 0))).toMatchObject({
        errorCode: 0,
        baseOffset: 0n,
      });
      const second = await startSide(engine);
      const again = batch(producerId, 1, ['a', 'b']);
      expect(await produce(second.client, TOPIC, 0, Buffer.from(again))).toMatchObject({
        errorCode: 0,
        baseOffset: 1n,
      });
      expect(await produce(first.client, TOPIC, 0, again)).toMatchObject({ errorCode: 0, baseOffset: 1n });
      await untilOvertaken(first);
      const producer = `producer ${String(producerId)}, epoch 0, sequence 1`;
      const reported = `orders-0: a batch of ${producer}, was stored by another gateway as well, at offsets 1 and 3`;
      expect(first.warnings).toContainEqual(expect.stringContaining(reported));
      expect((await produce(first.client, TOPIC, 0, batch(producerId, 3))).errorCode).toBe(NOT_LEADER);
      // The successor finds what the first one has stored: the producer goes on, behind both.
      expect(await produce(second.client, TOPIC, 0, batch(producerId, 3))).toMatchObject({
        errorCode: 0,
        baseOffset: 5n,
      });
      expect(second.warnings).toEqual([]);
    },
  },
  {
    title: "what Iggy's clients append between batches is no reason to look for another gateway",
    async run(engine) {
      const first = await startSide(engine, { sessionTimeoutMs: 600_000 });
      await createTopic(first.client, TOPIC);
      const { producerId } = await initProducer(first);
      const direct = engine.connect();
      onTestFinished(() => direct.destroy());
      const before = (await stateEntries(engine)).filter((kind) => kind === 6).length;
      for (let sequence = 0; sequence < 5; sequence++) {
        expect(await produce(first.client, TOPIC, 0, batch(producerId, sequence))).toMatchObject({ errorCode: 0 });
        const messages = [{ payload: Buffer.from('x') }, { payload: Buffer.from('y') }];
        await direct.message.send({
          streamId: engine.stream,
          topicId: TOPIC,
          partition: { kind: 2, value: 0 },
          messages,
        });
      }
      expect((await stateEntries(engine)).filter((kind) => kind === 6)).toHaveLength(before);
      expect(first.warnings).toEqual([]);
    },
  },
];
