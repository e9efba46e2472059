import {
  buildBatch,
  createTopicsApi,
  describeClusterApi,
  describeConfigsApi,
  listGroupsApi,
  metadataApi,
  produceApi,
} from 'iggy-gateway-kafka/protocol';
import { expect, onTestFinished, vi } from 'vitest';
import { WireClient } from '../../../src/wire-client/index.js';
import { createTopic, produce } from './produce.js';
import {
  batch,
  become,
  commit,
  committed,
  coordinatorOf,
  countAtIggy,
  type Engine,
  GROUP,
  heartbeat,
  initProducer,
  join,
  openings,
  PATIENCE,
  silenceable,
  startSide,
  heartbeats,
  stateEntries,
  TOPIC,
  untilActive,
  untilOvertaken,
} from './gateway-sides.js';

const COORDINATOR_LOAD_IN_PROGRESS = 14;
const COORDINATOR_NOT_AVAILABLE = 15;
const NOT_COORDINATOR = 16;
const NOT_LEADER = 6;
const NOT_CONTROLLER = 41;

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
      expect(first.warnings.at(-1)).toMatch(/owns the state again: the broker that owned it has closed it/);
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
      expect(first.warnings.at(-1)).toMatch(/owns the state again: the broker that owned it was silent/);
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
      const begun = await heartbeats(engine);
      // Ten session timeouts.
      await vi.waitFor(async () => expect(await heartbeats(engine)).toBeGreaterThan(begun + 30), PATIENCE);
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
      const before = (await stateEntries(engine)).filter(({ kind }) => kind === 6).length;
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
      expect((await stateEntries(engine)).filter(({ kind }) => kind === 6)).toHaveLength(before);
      expect(first.warnings).toEqual([]);
    },
  },
];
