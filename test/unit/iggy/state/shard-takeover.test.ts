import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ShardChange } from 'iggy-gateway-kafka/adapters/broker';
import { createIggyBackend, type IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { listOffsetsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTopic } from '../../../support/admin-requests.js';
import { start } from '../../../support/gateways.js';
import { stateTopics, writeTopic } from '../../../support/iggy-earlier-state.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { makeStore, sendingThrough } from '../../../support/iggy-store.js';
import { LOOK_MS, nodeOf, SESSION_MS, type StateOwner, stateOwner } from '../../../support/state-owners.js';
import type { WireClient } from '../../../support/wire-client.js';

type Options = NonNullable<Parameters<typeof makeStore>[0]>;

/** A broker that owns the state, or did, over a store of its own. */
async function ownerOver(iggy: StandIn, options: Options = {}): Promise<StateOwner> {
  const { store } = await makeStore({ commandTimeoutMs: 5000, ...options }, iggy);
  const owner = stateOwner(store);
  onTestFinished(() => owner.ownership.close(AbortSignal.abort()));
  return owner;
}

/** Looks at the state as often as a broker does in a time, and waits for each look. */
async function look({ clock }: StateOwner, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += LOOK_MS) {
    clock.turn(LOOK_MS);
    while (clock.timers === 0) await nextTurn();
  }
}

/** Lets a broker learn by a heartbeat that another one owns the state, and look who that is. */
async function learnLoss(owner: StateOwner): Promise<void> {
  await owner.ownership.present(nodeOf(3));
  expect(owner.changes).toEqual([{ kind: 'lost', owner: null, epoch: null }]);
  await look(owner, LOOK_MS);
}

/** So many entries are copied in twenty sends and one more. */
async function putMany({ ownership }: StateOwner): Promise<void> {
  for (const half of ['a', 'b']) {
    await ownership.put(
      Array.from({ length: 10_000 }, (_, n): ShardChange => [`${half}${String(n)}`, Buffer.from('x')]),
    );
  }
}

describe('a gateway that another one overtakes, which seems silent', () => {
  test('does not take the state back while it is written anew', async () => {
    const iggy = createStandIn();
    const first = await ownerOver(iggy);
    await first.open();
    let sends = 0;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic !== '__kafka_gateway_state.shard-0.2') return answer;
      sends++;
      await look(first, SESSION_MS / 3);
      return answer;
    });
    const second = await ownerOver(iggy, { connect, commandTimeoutMs: 60_000 });
    await second.open();
    await second.ownership.present(nodeOf(2));
    await learnLoss(first);
    await putMany(second);
    const value = Buffer.alloc(1_000_000, 'x');
    while (!(await stateTopics(iggy)).includes('shard-0.2')) await second.ownership.put([['big', value]]);
    await second.ownership.put([['after', Buffer.from('x')]]);
    expect(sends).toBeGreaterThan(20);
    expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.2']);
    await look(first, LOOK_MS);
    expect(first.changes.at(-1)).toEqual({ kind: 'lost', owner: nodeOf(2), epoch: 2 });
    expect([first.epochs, second.changes]).toEqual([[1], []]);
  });

  test('does not take the state back while it is copied from several topics, of which the last one is incomplete', async () => {
    const iggy = createStandIn();
    const first = await ownerOver(iggy);
    await first.open();
    await putMany(first);
    await writeTopic(iggy, 'shard-0.2', []);
    let sends = 0;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic !== '__kafka_gateway_state.shard-0.3') return answer;
      if (sends++ === 0) await learnLoss(first);
      await look(first, SESSION_MS / 3);
      return answer;
    });
    const second = await ownerOver(iggy, { connect, commandTimeoutMs: 60_000 });
    await second.open();
    expect(sends).toBe(21);
    expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.3']);
    expect([first.epochs, second.changes]).toEqual([[1], []]);
  });

  test.each([
    ['topics', 30, 1],
    ['partitions', 1, 1000],
  ])('does not take the state back while offsets of many %s are imported', async (_, topicCount, partitionCount) => {
    const iggy = createStandIn();
    const first = await ownerOver(iggy);
    await first.open();
    for (let index = 0; index < topicCount; index++) {
      const init = { streamId: 'kafka', name: `orders-${String(index)}`, compressionAlgorithm: 1 } as const;
      await iggy.connect().topic.create({ ...init, partitionCount });
    }
    let asked = 0;
    const connect = (): IggyClient => {
      const client = iggy.connect();
      const get: IggyClient['offset']['get'] = async (args) => {
        if (asked++ === 0) await learnLoss(first);
        if (asked % (partitionCount > 1 ? 50 : 1) === 0) await look(first, SESSION_MS / 3);
        return client.offset.get(args);
      };
      return { ...client, offset: { ...client.offset, get } };
    };
    const second = await ownerOver(iggy, { connect, importOffsets: ['readers'], commandTimeoutMs: 60_000 });
    await second.open();
    expect(asked).toBe(topicCount * partitionCount);
    expect([first.epochs, second.changes]).toEqual([[1], []]);
  });
});

test('a record of an earlier owner that is copied is not taken for one of the owner', async () => {
  const iggy = createStandIn();
  const first = await ownerOver(iggy);
  await first.open();
  const second = await ownerOver(iggy);
  await second.open();
  await second.ownership.present(nodeOf(2));
  await learnLoss(first);
  await second.close();
  // Writing the state anew was broken off before: it is copied, with the record that the second one has closed it.
  await writeTopic(iggy, 'shard-0.2', []);
  const third = await ownerOver(iggy);
  await third.open();
  expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.3']);
  await look(first, SESSION_MS - LOOK_MS);
  expect(first.changes.at(-1)).toEqual({ kind: 'lost', owner: null, epoch: 3 });
  await third.ownership.present(nodeOf(1));
  await look(first, LOOK_MS);
  expect(first.changes.at(-1)).toEqual({ kind: 'lost', owner: nodeOf(1), epoch: 3 });
  expect([first.epochs, third.changes]).toEqual([[1], []]);
});

describe('a state that is removed under a gateway', () => {
  const WAIT = { timeout: 10_000 };

  async function leaderEpoch(client: WireClient): Promise<number> {
    const { response } = await client.send(metadataApi, 9, { topics: [{ name: 'orders' }] });
    return response.topics[0]!.partitions[0]!.leaderEpoch;
  }

  async function listError(client: WireClient, currentLeaderEpoch: number): Promise<number> {
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch, timestamp: -1n }];
    const topics = [{ name: 'orders', partitions }];
    const { response } = await client.send(listOffsetsApi, 5, { replicaId: -1, isolationLevel: 0, topics });
    return response.topics[0]!.partitions[0]!.errorCode;
  }

  test('begins anew, and leaves the leader epoch that clients know', async () => {
    const iggy = createStandIn();
    const startGateway = () => {
      const options = { stream: 'kafka', sessionTimeoutMs: 300, topicsRefreshMs: 20, warn: () => undefined };
      return start({ backend: createIggyBackend({ connect: () => iggy.connect(), ...options }) });
    };
    for (let times = 0; times < 3; times++) await (await startGateway()).gateway.close();
    const { gateway, connect } = await startGateway();
    const client = await connect();
    await createTopic(client, 'orders');
    const before = await leaderEpoch(client);
    expect(before).toBe(4);
    for (const name of await stateTopics(iggy)) {
      const topicId = `__kafka_gateway_state.${name}`;
      await iggy.connect().topic.delete({ streamId: 'kafka', topicId, partitionsCount: 1 });
    }
    const state = () => gateway.stats().backendStatus.state;
    await vi.waitFor(() => expect(state()).toBe('overtaken'), WAIT);
    await vi.waitFor(() => expect(state()).toBe('active'), WAIT);
    expect(await leaderEpoch(client)).toBe(before);
    expect(await listError(client, before)).toBe(0);
  });
});
