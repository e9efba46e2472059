import { ErrorCode, type KafkaGateway } from 'iggy-gateway-kafka';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { findCoordinatorApi, metadataApi, offsetCommitApi, offsetFetchApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { start } from '../support/gateways.js';
import { batchOf, fetchFrom, produce, valuesOf } from '../support/log-requests.js';
import { sharedStore } from '../support/shared-store.js';
import type { WireClient } from '../support/wire-client.js';

const GROUP = 'readers';
const TOPIC = 'orders';
/** A busy machine runs timers late. For the same reason the session timeout is a long one: the later gateway is not to seem silent. */
const WAIT = { timeout: 10_000 };

/** The brokers that Metadata names, and leader and epoch of the topic. */
async function metadataOf(client: WireClient) {
  const { response } = await client.send(metadataApi, 9, { topics: [{ name: TOPIC }] });
  const { leaderId, leaderEpoch } = response.topics[0]!.partitions[0]!;
  const brokers = response.brokers.map(({ nodeId, port }) => ({ nodeId, port }));
  return { brokers, controllerId: response.controllerId, leaderId, leaderEpoch };
}

async function commit(client: WireClient, offset: number): Promise<number | undefined> {
  const partitions = [{ partitionIndex: 0, committedOffset: BigInt(offset), committedMetadata: '' }];
  const topics = [{ name: TOPIC, partitions }];
  const member = { groupId: GROUP, memberId: '', generationIdOrMemberEpoch: -1 };
  return (await client.send(offsetCommitApi, 8, { ...member, topics })).response.topics[0]?.partitions[0]?.errorCode;
}

async function committed(client: WireClient): Promise<readonly [errorCode: number, offset: bigint | undefined]> {
  const topics = [{ name: TOPIC, partitionIndexes: [0] }];
  const { response } = await client.send(offsetFetchApi, 7, { groupId: GROUP, topics });
  return [response.errorCode, response.topics[0]?.partitions[0]?.committedOffset];
}

test('of two gateways over one store the later one has the state, until it closes', async () => {
  const { store } = sharedStore();
  const startGateway = () =>
    start({ backend: createBrokerBackend({ store, sessionTimeoutMs: 3000, warn: () => undefined }) });
  const successorOf = (gateway: KafkaGateway) => gateway.stats().backendStatus.successor?.port;
  const first = await startGateway();
  const client = await first.connect();
  await createTopic(client, TOPIC);
  expect(await produce(client, TOPIC, batchOf(['a']))).toMatchObject({ errorCode: 0 });
  expect(await commit(client, 1)).toBe(0);
  const alone = { brokers: [{ nodeId: 1, port: first.port }], controllerId: 1, leaderId: 1 };
  expect(await metadataOf(client)).toEqual({ ...alone, leaderEpoch: 0 });

  const second = await startGateway();
  await vi.waitFor(() => expect(successorOf(first.gateway)).toBe(second.port), WAIT);
  const later = { brokers: [{ nodeId: 2, port: second.port }], controllerId: 2, leaderId: 2, leaderEpoch: 1 };
  expect(await metadataOf(client)).toEqual(later);
  const found = await client.send(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys: [GROUP] });
  expect(found.response.coordinators).toMatchObject([{ errorCode: 0, nodeId: 2, port: second.port }]);
  expect(await commit(client, 5)).toBe(ErrorCode.NOT_COORDINATOR);

  const other = await second.connect();
  expect(await metadataOf(other)).toEqual(later);
  expect(await committed(other)).toEqual([0, 1n]);
  expect(await produce(other, TOPIC, batchOf(['b']))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  expect(await commit(other, 2)).toBe(0);
  await other.close();
  await second.gateway.close();

  await vi.waitFor(() => expect(first.gateway.stats().backendStatus.state).toBe('active'), WAIT);
  expect(await metadataOf(client)).toEqual({ ...alone, leaderEpoch: 2 });
  expect(await committed(client)).toEqual([0, 2n]);
  expect(await commit(client, 3)).toBe(0);
  expect(await produce(client, TOPIC, batchOf(['c']))).toMatchObject({ errorCode: 0, baseOffset: 2n });
  expect(valuesOf((await fetchFrom(client, TOPIC)).records)).toEqual([
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ]);
});
