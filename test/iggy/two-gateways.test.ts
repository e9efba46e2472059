import { initProducerIdApi, offsetCommitApi, offsetFetchApi } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { newStream, startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { createTopic } from './support/produce.js';
import { TWO_GATEWAYS } from './support/two-gateways.js';

let iggy: IggyServer;

describe('of two gateways over one stream', () => {
  for (const { title, run } of TWO_GATEWAYS) {
    test(title, { timeout: 60_000 }, () => run({ connect: () => iggy.connect(), stream: newStream() }));
  }
});

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

async function start(stream: string) {
  const { broker, warnings } = await startGateway(iggy, { stream });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  return { client, warnings };
}

async function commit(client: WireClient, committedOffset: bigint): Promise<number | undefined> {
  const partitions = [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: '' }];
  const request = { groupId: 'readers', generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
  const { topics } = await client.send(offsetCommitApi, { ...request, topics: [{ name: 'orders', partitions }] }, 8);
  return topics[0]?.partitions[0]?.errorCode;
}

async function committed(client: WireClient): Promise<bigint | undefined> {
  const request = { groupId: 'readers', topics: [{ name: 'orders', partitionIndexes: [0] }], requireStable: false };
  const { topics } = await client.send(offsetFetchApi, request, 7);
  return topics[0]?.partitions[0]?.committedOffset;
}

test('a gateway that is started beside another takes over its groups: the first acknowledges no commit any more', async () => {
  const stream = newStream();
  const first = await start(stream);
  await createTopic(first.client, 'orders');
  expect(await commit(first.client, 5n)).toBe(0);
  const second = await start(stream);
  expect(await committed(second.client)).toBe(5n);
  // Retriable, for it may find the other one: coordinator not available, or not the coordinator.
  expect([14, 15, 16]).toContain(await commit(first.client, 6n));
  await vi.waitFor(() => expect(first.warnings.join()).toMatch(/another gateway has opened stream/));
  expect(await commit(second.client, 7n)).toBe(0);
  expect(second.warnings).toEqual([]);
  const third = await start(stream);
  expect(await committed(third.client)).toBe(7n);
});

test('no producer id is given by both of two gateways that run at once', async () => {
  const stream = newStream();
  const given = new Set<bigint>();
  let asked = 0;
  const take = async (client: WireClient, count: number): Promise<number> => {
    for (let index = 0; index < count; index++) {
      const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
      const { errorCode, producerId } = await client.send(initProducerIdApi, request);
      if (errorCode !== 0) return errorCode;
      asked++;
      given.add(producerId);
    }
    return 0;
  };
  const first = await start(stream);
  expect(await take(first.client, 10)).toBe(0);
  const second = await start(stream);
  expect(await take(second.client, 1500)).toBe(0);
  // It goes on with the block that it has reserved before, and gets no other.
  expect(await take(first.client, 3000)).not.toBe(0);
  expect(given.size).toBe(asked);
});
