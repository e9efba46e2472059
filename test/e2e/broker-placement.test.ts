import { ErrorCode, OptionError } from 'iggy-gateway-kafka';
import {
  type BrokerOptions,
  createBrokerBackend,
  type Placement,
  singleNode,
} from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import {
  createTopicsApi,
  deleteRecordsApi,
  fetchApi,
  findCoordinatorApi,
  heartbeatApi,
  initProducerIdApi,
  metadataApi,
  offsetForLeaderEpochApi,
  produceApi,
} from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import { createTopic, newTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, fetchFrom, offsetFor, produce } from '../support/log-requests.js';

/** Node 1 is the broker under test; the other leads each partition 1, and nobody leads partition 2. */
const OTHER = { nodeId: 2, host: 'other.example', port: 9092, rack: 'r2' };

const placement: Placement = {
  ...singleNode(),
  nodes: (self) => [{ nodeId: 1, ...self, rack: null }, OTHER],
  leader: (_topicId, partition) => [1, OTHER.nodeId, -1][partition] ?? 1,
  coordinator: (_type, key) => (key === 'elsewhere' ? OTHER.nodeId : key === 'nowhere' ? -1 : 1),
};

async function started(options: Partial<BrokerOptions> = {}) {
  const client = await (await startBroker({ placement, ...options })).connect();
  const topicId = await createTopic(client, 't', { numPartitions: 3 });
  return { client, topicId };
}

test('Metadata names every node, and who leads each partition', async () => {
  const { client } = await started();
  const { response } = await client.send(metadataApi, 9, { topics: [{ name: 't' }] });
  expect(response.brokers).toMatchObject([{ nodeId: 1, rack: null }, OTHER]);
  expect(response.topics[0]?.partitions).toMatchObject([
    { errorCode: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] },
    { errorCode: 0, leaderId: 2, replicaNodes: [2], isrNodes: [2] },
    { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1, replicaNodes: [], isrNodes: [] },
  ]);
});

test('a partition that another node leads is refused to who asks here', async () => {
  const { client } = await started();
  const refused = { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER };
  for (const partition of [1, 2]) {
    expect(await produce(client, 't', batchOf(['a']), { partition })).toMatchObject(refused);
    expect(await fetchFrom(client, 't', { partition })).toMatchObject(refused);
    expect(await offsetFor(client, 't', -1, 9, partition)).toMatchObject(refused);
    const epochs = { topics: [{ topic: 't', partitions: [{ partition, leaderEpoch: 0 }] }] };
    const ends = await client.send(offsetForLeaderEpochApi, 4, epochs);
    expect(ends.response.topics[0]?.partitions[0]).toMatchObject(refused);
    const topics = [{ name: 't', partitions: [{ partitionIndex: partition, offset: -1n }] }];
    const deleted = await client.send(deleteRecordsApi, 2, { topics, timeoutMs: 1 });
    expect(deleted.response.topics[0]?.partitions[0]).toMatchObject(refused);
  }
  expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0 });
});

test('versions that can say so tell where the leader is (KIP-951)', async () => {
  const { client, topicId } = await started();
  const { rack, ...endpoint } = OTHER;
  const partitionData = [{ index: 1, records: batchOf(['a']) }];
  const produced = await client.send(produceApi, 10, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData }],
  });
  expect(produced.response).toMatchObject({
    responses: [{ partitionResponses: [{ currentLeader: { leaderId: 2, leaderEpoch: 0 } }] }],
    nodeEndpoints: [{ ...endpoint, rack }],
  });
  const partitions = [{ partition: 1, fetchOffset: 0n, partitionMaxBytes: 1000 }];
  const fetched = await client.send(fetchApi, 16, { maxWaitMs: 0, minBytes: 1, topics: [{ topicId, partitions }] });
  expect(fetched.response).toMatchObject({
    responses: [{ partitions: [{ currentLeader: { leaderId: 2, leaderEpoch: 0 } }] }],
    nodeEndpoints: [{ ...endpoint, rack }],
  });
});

test('a group that another node coordinates, or none, is found there or not at all', async () => {
  const { client } = await started();
  const coordinatorKeys = ['here', 'elsewhere', 'nowhere'];
  const { response } = await client.send(findCoordinatorApi, 4, { keyType: 0, coordinatorKeys });
  expect(response.coordinators).toMatchObject([
    { key: 'here', errorCode: 0, nodeId: 1 },
    { key: 'elsewhere', errorCode: 0, nodeId: 2, host: OTHER.host, port: OTHER.port },
    { key: 'nowhere', errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE },
  ]);
  const beat = await client.send(heartbeatApi, 4, { groupId: 'elsewhere', generationId: 1, memberId: 'm' });
  expect(beat.response.errorCode).toBe(ErrorCode.NOT_COORDINATOR);
});

test('assignments give every partition as many replicas', async () => {
  const { client } = await started();
  const codes = await Promise.all(
    [
      [
        [1, 2],
        [2, 1],
      ],
      [[1, 2], [1]],
    ].map(async (assignments) => {
      const topics = [newTopic('assigned', { assignments })];
      const { response } = await client.send(createTopicsApi, 7, { topics, validateOnly: true });
      return response.topics[0]?.errorCode;
    }),
  );
  expect(codes).toEqual([ErrorCode.NONE, ErrorCode.INVALID_REPLICA_ASSIGNMENT]);
});

test('a topic that asks for more replicas than there are nodes is not created on the way', async () => {
  const { client } = await started({ config: { 'default.replication.factor': 3 } });
  const { response } = await client.send(metadataApi, 9, { topics: [{ name: 'new' }] });
  expect(response.topics).toMatchObject([{ name: 'new', errorCode: ErrorCode.INVALID_REPLICATION_FACTOR }]);
});

const HIGHEST = 2 ** 21 - 1;

test('the highest node still gives each producer an id of its own, which its batches may have', async () => {
  const client = await (await startBroker({ config: { 'node.id': HIGHEST } })).connect();
  await createTopic(client, 't');
  const ids = new Set<bigint>();
  for (let count = 0; count < 3; count++) {
    const { response } = await client.send(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 1 });
    ids.add(response.producerId);
    const producer = { producerId: Number(response.producerId), producerEpoch: 0, baseSequence: 0 };
    expect(await produce(client, 't', batchOf(['a'], producer))).toMatchObject({
      errorCode: 0,
      baseOffset: BigInt(count),
    });
  }
  expect(ids.size).toBe(3);
});

test.each([HIGHEST + 1, -1, 1.5, NaN])('a broker has no id of %d', (nodeId) => {
  const store = createMemoryStore();
  expect(() => createBrokerBackend({ store, placement: singleNode(nodeId) })).toThrow(OptionError);
  expect(() => createBrokerBackend({ store, config: { 'node.id': nodeId } })).toThrow('node.id');
});

test('a broker.id of -1 is none, as in Kafka', async () => {
  const client = await (await startBroker({ config: { 'broker.id': -1 } })).connect();
  const { response } = await client.send(metadataApi, 9, { topics: [] });
  expect(response.brokers).toMatchObject([{ nodeId: 1 }]);
});
