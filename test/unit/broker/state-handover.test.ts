import { ErrorCode } from 'iggy-gateway-kafka';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { findCoordinatorApi, metadataApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTopic } from '../../support/admin-requests.js';
import { batchOf } from '../../support/log-requests.js';
import { LOOK_MS, SESSION_TIMEOUT_MS, type SharedBroker, startSharedBroker } from '../../support/shared-broker.js';
import { sharedStore } from '../../support/shared-store.js';
import { readState } from '../../support/stored-state.js';
import { turnUntil } from '../../support/turned-clock.js';

const HOST = '127.0.0.1';
const NOT_LOADED = 'the state that was regained cannot be loaded yet: Error: away';

const fail = (): never => {
  throw new Error('away');
};

async function coordinatorOf({ client }: SharedBroker) {
  const found = await client.send(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys: ['readers'] });
  return found.response.coordinators[0];
}

test('what is lost is refused at once, its owner is named once it is known, and what is regained is answered again', async () => {
  const { store } = sharedStore();
  const first = await startSharedBroker(store);
  const [self] = await first.brokers();
  expect(self).toMatchObject({ nodeId: 1, host: HOST, port: first.port });
  const second = await startSharedBroker(store);
  expect(await second.brokers()).toMatchObject([{ nodeId: 2, port: second.port }]);

  expect(await first.groupError()).toBe(ErrorCode.NOT_COORDINATOR);
  // The first one has not looked at the state since.
  expect(await first.brokers()).toEqual([self]);
  expect(await coordinatorOf(first)).toMatchObject({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE });
  await first.untilOvertakenBy(second);
  const successor = { nodeId: 2, host: HOST, port: second.port };
  expect(await first.brokers()).toMatchObject([successor]);
  expect(await coordinatorOf(first)).toMatchObject({ errorCode: 0, ...successor });

  await second.close();
  await first.untilActive();
  expect(await first.groupError()).toBe(0);
  expect(await first.brokers()).toEqual([self]);
  expect(first.states).toEqual(['overtaken', 'overtaken', 'active']);
});

test('an idempotent batch is refused with the address of a successor that has the same node id', async () => {
  const { store } = sharedStore();
  const config = { 'node.id': 7 };
  const first = await startSharedBroker(store, { config });
  await createTopic(first.client, 'orders');
  const second = await startSharedBroker(store, { config });
  await first.untilOvertakenBy(second);
  const records = batchOf(['a'], { producerId: 9, producerEpoch: 0, baseSequence: 0 });
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records }] }];
  const { response } = await first.client.send(produceApi, 10, { acks: -1, timeoutMs: 10_000, topicData });
  expect(response.responses[0]?.partitionResponses).toMatchObject([
    { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, currentLeader: { leaderId: 7, leaderEpoch: 1 } },
  ]);
  expect(response.nodeEndpoints).toMatchObject([{ nodeId: 7, host: HOST, port: second.port }]);
  const expected = `node.id: "7"; expected another one than that of the gateway at ${HOST}:${String(second.port)}`;
  expect(first.warnings).toContainEqual(expect.stringContaining(expected));
});

test('a broker at the same address is no successor, and the operator is told to balance by readiness', async () => {
  const { store } = sharedStore();
  const advertised = { host: 'balancer', port: 9092 };
  const first = await startSharedBroker(store, { advertised });
  await startSharedBroker(store, { advertised });
  await first.untilOvertakenBy(advertised);
  expect(await first.brokers()).toMatchObject([advertised]);
  // Clients that look for the coordinator there may reach the other one.
  expect(await coordinatorOf(first)).toMatchObject({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE });
  expect(first.warnings).toContainEqual(
    expect.stringMatching(
      /^broker: the gateway that has taken over advertises the same address: "balancer:9092"; expected /,
    ),
  );
});

test('a broker that is overtaken before its address is known starts, and takes the state back', async () => {
  const { store } = sharedStore();
  let second: SharedBroker | null = null;
  const first = await startSharedBroker(store, {}, (backend) => ({
    ...backend,
    async bound(gateway) {
      second = await startSharedBroker(store);
      await backend.bound(gateway);
    },
  }));
  await first.untilOvertakenBy(second!);
  expect(await first.groupError()).toBe(ErrorCode.NOT_COORDINATOR);
  await second!.close();
  await first.untilActive();
  expect(await first.groupError()).toBe(0);
  expect(await first.brokers()).toMatchObject([{ nodeId: 2, port: first.port }]);
});

test('a broker goes on where warn() throws, and warns by process.emitWarning', async () => {
  const emitted = vi.spyOn(process, 'emitWarning').mockReturnValue();
  onTestFinished(() => emitted.mockRestore());
  const { store } = sharedStore();
  const warn = (): never => {
    throw new Error('logger');
  };
  const first = await startSharedBroker(store, { warn });
  const second = await startSharedBroker(store);
  await first.untilOvertakenBy(second);
  await second.close();
  await first.untilActive();
  expect(await first.groupError()).toBe(0);
  for (const what of ['this broker refuses what depends on it', 'this broker owns the state again']) {
    expect(emitted).toHaveBeenCalledWith(expect.stringMatching(`${what}.* \\(and warn\\(\\) threw: Error: logger\\)$`));
  }
});

describe('a state that was regained', () => {
  test('is refused until it can be loaded', async () => {
    const { store, next } = sharedStore();
    const first = await startSharedBroker(store);
    const second = await startSharedBroker(store);
    await first.untilOvertakenBy(second);
    for (let times = 0; times < 2; times++) next('load', fail);
    await second.close();
    await turnUntil(first.clock, LOOK_MS, () => first.warnings.includes(NOT_LOADED));
    expect(await first.groupError()).toBe(ErrorCode.NOT_COORDINATOR);
    await first.untilActive();
    expect(await first.groupError()).toBe(0);
    // Each text once.
    expect(first.warnings.filter((text) => text === NOT_LOADED)).toHaveLength(1);
  });

  test('is refused if it is lost again while it is loaded', async () => {
    const { store, next } = sharedStore();
    const first = await startSharedBroker(store);
    const second = await startSharedBroker(store);
    let third: SharedBroker | null = null;
    next('load', async (run) => {
      const loaded = run();
      third = await startSharedBroker(store);
      return loaded;
    });
    await second.close();
    await turnUntil(first.clock, LOOK_MS, () => third !== null);
    await first.untilOvertakenBy(third!);
    expect(await first.groupError()).toBe(ErrorCode.NOT_COORDINATOR);
    expect(first.states).not.toContain('active');
  });

  test('begins anew if it was removed, with the cluster id that clients know', async () => {
    const { store, remove } = sharedStore();
    const first = await startSharedBroker(store);
    const clusterId = async () => (await first.client.send(metadataApi, 9, { topics: [] })).response.clusterId;
    const before = await clusterId();
    await remove();
    expect(await first.groupError()).toBe(ErrorCode.NOT_COORDINATOR);
    await first.untilActive();
    expect(await first.groupError()).toBe(0);
    expect(await clusterId()).toBe(before);
    expect(await readState(store)).toContainEqual(['cluster/id', new Uint8Array(Buffer.from(before!))]);
  });
});

test('a broker stays without the state if its store cannot be followed', async () => {
  const store = createMemoryStore();
  const first = await startSharedBroker(store);
  const second = await startSharedBroker(store);
  await second.close();
  for (let times = 0; times < 10; times++) first.clock.turn(SESSION_TIMEOUT_MS);
  expect(await first.groupError()).toBe(ErrorCode.NOT_COORDINATOR);
  expect(await coordinatorOf(first)).toMatchObject({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE });
  expect(await first.brokers()).toMatchObject([{ port: first.port }]);
  expect(first.states).toEqual(['overtaken']);
});

test('a broker whose state has a later format is not fenced by one of this release', async () => {
  const { store, put } = sharedStore();
  const later = await startSharedBroker(store);
  put('format', Buffer.from('{"version":2,"release":"9.0.0"}'));
  const message = 'broker: the stored state has format 2; expected format 1 or lower; use release 9.0.0 or later';
  await expect(startSharedBroker(store)).rejects.toThrow(message);
  expect(await later.groupError()).toBe(0);
  expect(later.states).toEqual([]);
});
