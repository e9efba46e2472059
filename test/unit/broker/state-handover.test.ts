// The changes of the state are made by hand, so that each of them comes at a known moment; the store itself is real.
import { createKafkaGateway } from 'iggy-gateway-kafka';
import {
  type BrokerRegistration,
  createBrokerBackend,
  type LogStore,
  type StateChange,
} from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { buildBatch, findCoordinatorApi, metadataApi, offsetFetchApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../../src/wire-client/index.js';
import { createTopic } from '../../iggy/support/produce.js';
import { TurnedClock } from '../../support/turned-clock.js';

const NOT_LEADER = 6;
const NOT_COORDINATOR = 16;
const OWNER = { nodeId: 9, host: 'kafka-b', port: 9092, rack: null };

async function start() {
  const memory = createMemoryStore();
  const registered: BrokerRegistration[] = [];
  let change: (change: StateChange) => void = () => undefined;
  let failures = 0;
  let isRemoved = false;
  const shared: Partial<LogStore> = {
    watchState(changed) {
      change = changed;
      return () => undefined;
    },
    register(self) {
      registered.push(self);
      return 5;
    },
    load() {
      if (failures-- > 0) throw new Error('away');
      return isRemoved ? [] : memory.load();
    },
  };
  const store = new Proxy(memory, {
    get(target, key) {
      const value: unknown = Reflect.get(shared, key) ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const clock = new TurnedClock();
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const gateway = createKafkaGateway({ listener: { port: 0 }, backend: createBrokerBackend({ store, clock, warn }) });
  const { port } = await gateway.listen();
  const client = await WireClient.connect(`127.0.0.1:${String(port)}`);
  onTestFinished(async () => {
    await client.close();
    await gateway.close({ graceMs: 0 });
  });
  const groupError = async (): Promise<number | undefined> => {
    const groups = [{ groupId: 'readers', topics: [] }];
    return (await client.send(offsetFetchApi, { groups, requireStable: false }, 8)).groups[0]?.errorCode;
  };
  const status = (): string => gateway.stats().backendStatus.state;
  const remove = (): void => void (isRemoved = true);
  const fail = (times: number): void => void (failures = times);
  return {
    client,
    gateway,
    port,
    clock,
    warnings,
    registered,
    groupError,
    status,
    fail,
    remove,
    change: (to: StateChange) => change(to),
  };
}

test('a store assigns the node id, and what is lost is refused at once and answered again once it is regained', async () => {
  const { client, change, registered, port, groupError, status } = await start();
  expect(registered).toEqual([{ endpoint: { host: '127.0.0.1', port }, nodeId: null, rack: null }]);
  expect((await client.send(metadataApi, { topics: [] })).brokers).toMatchObject([{ nodeId: 5, port }]);
  change({ kind: 'lost', owner: null });
  expect(await groupError()).toBe(NOT_COORDINATOR);
  // Nobody else is known yet.
  expect((await client.send(metadataApi, { topics: [] })).brokers).toMatchObject([{ nodeId: 5, port }]);
  change({ kind: 'lost', owner: OWNER });
  expect((await client.send(metadataApi, { topics: [] })).brokers).toMatchObject([{ nodeId: 9, host: 'kafka-b' }]);
  const found = await client.send(findCoordinatorApi, { keyType: 0, coordinatorKeys: ['readers'] }, 4);
  expect(found.coordinators).toMatchObject([{ errorCode: 0, nodeId: 9, host: 'kafka-b', port: 9092 }]);
  change({ kind: 'regained' });
  await vi.waitFor(() => expect(status()).toBe('active'));
  expect(await groupError()).toBe(0);
  expect(registered).toHaveLength(2);
});

test('an idempotent batch is refused with the address of a successor that has the same node id', async () => {
  const { client, change } = await start();
  await createTopic(client, 'orders');
  change({ kind: 'lost', owner: { ...OWNER, nodeId: 5 } });
  const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0 };
  const records = buildBatch([{ timestamp: 1_700_000_000_000, value: Buffer.from('a') }], producer);
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records }] }];
  const refused = await client.send(produceApi, { acks: -1, timeoutMs: 10_000, topicData }, 12);
  expect(refused.responses[0]?.partitionResponses).toMatchObject([
    { errorCode: NOT_LEADER, currentLeader: { leaderId: 5, leaderEpoch: 0 } },
  ]);
  expect(refused.nodeEndpoints).toMatchObject([{ nodeId: 5, host: 'kafka-b', port: 9092 }]);
});

test('a state that cannot be loaded is refused until it can, and a loss meanwhile counts', async () => {
  const { change, clock, fail, warnings, groupError, status } = await start();
  change({ kind: 'lost', owner: null });
  await vi.waitFor(() => expect(status()).toBe('overtaken'));
  fail(2);
  change({ kind: 'regained' });
  await vi.waitFor(() => expect(warnings).toHaveLength(1));
  expect(warnings[0]).toBe('the state that was regained cannot be loaded yet: Error: away');
  expect(await groupError()).toBe(NOT_COORDINATOR);
  clock.turn(1000);
  await vi.waitFor(() => {
    clock.turn(1000);
    expect(status()).toBe('active');
  });
  // Lost before it is loaded.
  change({ kind: 'lost', owner: null });
  change({ kind: 'regained' });
  change({ kind: 'lost', owner: OWNER });
  await vi.waitFor(() => expect(status()).toBe('overtaken'));
  expect(await groupError()).toBe(NOT_COORDINATOR);
});

test('a state that was removed begins anew, with the cluster id that clients know', async () => {
  const { client, change, remove, status } = await start();
  const { clusterId } = await client.send(metadataApi, { topics: [] });
  remove();
  change({ kind: 'lost', owner: null });
  change({ kind: 'regained' });
  await vi.waitFor(() => expect(status()).toBe('active'));
  expect((await client.send(metadataApi, { topics: [] })).clusterId).toBe(clusterId);
});
