// The error codes are those that Apache Kafka 4.3.1 gave to the same requests.
import { ErrorCode } from 'iggy-gateway-kafka';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import {
  createPartitionsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  describeClusterApi,
  describeLogDirsApi,
  describeTopicPartitionsApi,
  type DescribeTopicPartitionsResponse,
  metadataApi,
  NIL_UUID,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import type { WireClient } from '../support/wire-client.js';

const UNKNOWN_ID = '00000000-0000-0000-0000-000000000005';

async function namesOf(client: WireClient): Promise<(string | null)[]> {
  const { response } = await client.send(metadataApi, 12, { topics: null });
  return response.topics.map(({ name }) => name).sort();
}

describe('Metadata', () => {
  test.each(Array.from({ length: 14 }, (_, version) => version))(
    'version %i names broker and topic',
    async (version) => {
      const { port, connect } = await startBroker();
      const client = await connect();
      const topicId = await createTopic(client, 't');
      const { response } = await client.send(metadataApi, version, { topics: [{ name: 't' }] });
      expect(response.brokers).toMatchObject([{ nodeId: 1, host: '127.0.0.1', port }]);
      expect(response.topics).toMatchObject([{ errorCode: 0, name: 't', topicId: version < 10 ? NIL_UUID : topicId }]);
      if (version >= 2) expect(response.clusterId).toMatch(/^[\w-]{22}$/);
    },
  );

  test('creates a topic that is asked for, where broker and request allow it', async () => {
    const client = await (await startBroker({ config: { 'num.partitions': 2 } })).connect();
    const ask = async (name: string, allowAutoTopicCreation: boolean) => {
      const { response } = await client.send(metadataApi, 9, { topics: [{ name }], allowAutoTopicCreation });
      return response.topics;
    };
    expect(await ask('t', false)).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }]);
    const [created] = await ask('t', true);
    expect(created).toMatchObject({ errorCode: 0, name: 't' });
    expect(created?.partitions).toHaveLength(2);
    for (const name of ['', 'a b']) {
      expect(await ask(name, true)).toMatchObject([{ errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION }]);
    }
    expect(await namesOf(client)).toEqual(['t']);

    const strict = await (await startBroker({ config: { 'auto.create.topics.enable': false } })).connect();
    const { response } = await strict.send(metadataApi, 1, { topics: [{ name: 't' }] });
    expect(response.topics).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, partitions: [] }]);
  });

  test('lists all topics for null, and for the empty list of version 0 alone', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    const count = async (version: number, topics: [] | null) =>
      (await client.send(metadataApi, version, { topics })).response.topics.length;
    expect(await Promise.all([count(0, []), count(1, []), count(1, null), count(12, [])])).toEqual([1, 0, 1, 0]);
  });

  test('asks by id from version 12 on', async () => {
    const client = await (await startBroker()).connect();
    const topicId = await createTopic(client, 't');
    const ask = async (version: number, topics: { name: string | null; topicId?: string }[]) =>
      (await client.send(metadataApi, version, { topics, allowAutoTopicCreation: false })).response.topics;
    const unknown = { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId: UNKNOWN_ID };
    for (const version of [12, 13]) {
      expect(await ask(version, [{ name: null, topicId }])).toMatchObject([{ errorCode: 0, name: 't', topicId }]);
      expect(await ask(version, [{ name: null, topicId: UNKNOWN_ID }])).toMatchObject([unknown]);
      // With one id among them, names do not count.
      expect(await ask(version, [{ name: 't' }, { name: null, topicId: UNKNOWN_ID }])).toMatchObject([unknown]);
    }
    // With one refused, all are.
    const errorCode = ErrorCode.INVALID_REQUEST;
    for (const version of [10, 11]) {
      expect(await ask(version, [{ name: null }])).toMatchObject([{ errorCode, name: '', topicId: NIL_UUID }]);
      expect(await ask(version, [{ name: 't' }, { name: 't', topicId: UNKNOWN_ID }])).toMatchObject([
        { errorCode, name: 't', topicId: NIL_UUID },
        { errorCode, name: 't', topicId: UNKNOWN_ID },
      ]);
    }
    expect(await ask(12, [{ name: 't' }, { name: 't' }])).toHaveLength(1);
  });

  test('says what a client may do, where it is asked: everything, without an authorizer', async () => {
    const client = await (await startBroker()).connect();
    const asked = { includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true };
    const { response } = await client.send(metadataApi, 9, { topics: [{ name: 't' }], ...asked });
    expect(response.clusterAuthorizedOperations).toBe(8096);
    expect(response.topics).toMatchObject([{ topicAuthorizedOperations: 3576 }]);
  });
});

describe('DescribeCluster', () => {
  test.each([0, 1, 2])('version %i describes the brokers', async (version) => {
    const { port, connect } = await startBroker({ clusterId: 'mine' });
    const { response } = await (
      await connect()
    ).send(describeClusterApi, version, {
      includeClusterAuthorizedOperations: false,
    });
    const broker = { brokerId: 1, host: '127.0.0.1', port, rack: null };
    expect(response).toMatchObject({ errorCode: 0, clusterId: 'mine', controllerId: 1, brokers: [broker] });
  });

  test('does not describe controllers, nor what is neither', async () => {
    const client = await (await startBroker()).connect();
    for (const [endpointType, errorCode] of [
      [2, ErrorCode.MISMATCHED_ENDPOINT_TYPE],
      [9, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE],
    ] as const) {
      const request = { includeClusterAuthorizedOperations: false, endpointType };
      const { response } = await client.send(describeClusterApi, 1, request);
      expect(response.errorCode).toBe(errorCode);
    }
  });
});

describe('DescribeTopicPartitions', () => {
  test('goes page by page to the end', async () => {
    const client = await (await startBroker({ config: { 'max.request.partition.size.limit': 2 } })).connect();
    for (const name of ['b', 'a', 'c']) await createTopic(client, name, { numPartitions: 3 });
    const seen: string[] = [];
    let cursor: { topicName: string; partitionIndex: number } | null = null;
    let pages = 0;
    do {
      const page: DescribeTopicPartitionsResponse = (
        await client.send(describeTopicPartitionsApi, 0, { topics: [], cursor })
      ).response;
      for (const { name, partitions } of page.topics) {
        seen.push(...partitions.map(({ partitionIndex }) => `${String(name)}-${partitionIndex}`));
      }
      cursor = page.nextCursor;
      pages++;
    } while (cursor !== null);
    expect(seen).toEqual(['a', 'b', 'c'].flatMap((name) => [0, 1, 2].map((index) => `${name}-${index}`)));
    expect(pages).toBe(5);
  });

  test('tells unknown topics from impossible ones', async () => {
    const client = await (await startBroker()).connect();
    const topics = [{ name: 'nono' }, { name: 'a b' }];
    const { response } = await client.send(describeTopicPartitionsApi, 0, { topics });
    expect(response.topics).toMatchObject([
      { name: 'a b', errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION },
      { name: 'nono', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    ]);
  });

  test('refuses a cursor that is none of the topics, or below the first partition', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    for (const cursor of [
      { topicName: 'other', partitionIndex: 0 },
      { topicName: 't', partitionIndex: -1 },
    ]) {
      const { response } = await client.send(describeTopicPartitionsApi, 0, { topics: [{ name: 't' }], cursor });
      expect(response.topics).toMatchObject([{ name: 't', errorCode: ErrorCode.INVALID_REQUEST }]);
    }
  });
});

describe('CreatePartitions', () => {
  async function growTo(client: WireClient, name: string, count: number, assignments: number[][] | null = null) {
    const topic = { name, count, assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null };
    const { response } = await client.send(createPartitionsApi, 3, {
      topics: [topic],
      timeoutMs: 1,
      validateOnly: false,
    });
    return response.results[0]?.errorCode;
  }

  test('only ever adds partitions', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't', { numPartitions: 2 });
    expect(await growTo(client, 't', 4)).toBe(0);
    expect(await growTo(client, 't', 6, [[1], [1]])).toBe(0);
    for (const count of [6, 5, 0, -1]) expect(await growTo(client, 't', count)).toBe(ErrorCode.INVALID_PARTITIONS);
    expect(await growTo(client, 'nono', 3)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect(await growTo(client, 't', 20_000)).toBe(ErrorCode.POLICY_VIOLATION);
    for (const assignments of [[], [[1]], [[1], [9]], [[1], [1, 1]], [[1], []]]) {
      expect(await growTo(client, 't', 8, assignments)).toBe(ErrorCode.INVALID_REPLICA_ASSIGNMENT);
    }
    const { response } = await client.send(metadataApi, 9, { topics: [{ name: 't' }] });
    expect(response.topics[0]?.partitions).toHaveLength(6);
  });

  test('only checks, where that is asked for; a topic named twice is refused', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    const ask = async (counts: number[]) => {
      const topics = counts.map((count) => ({ name: 't', count, assignments: null }));
      return (await client.send(createPartitionsApi, 0, { topics, timeoutMs: 1, validateOnly: true })).response.results;
    };
    expect(await ask([9])).toMatchObject([{ name: 't', errorCode: 0 }]);
    expect(await ask([8, 9])).toMatchObject([{ name: 't', errorCode: ErrorCode.INVALID_REQUEST }]);
    expect(await growTo(client, 't', 2)).toBe(0);
  });
});

describe('DeleteTopics', () => {
  async function deleteTopics(client: WireClient, topics: { name: string | null; topicId?: string }[]) {
    const wanted = topics.map(({ name, topicId = NIL_UUID }) => ({ name, topicId }));
    const { response } = await client.send(deleteTopicsApi, 6, { topics: wanted, timeoutMs: 1 });
    return response.responses.map(({ name, errorCode }) => [name, errorCode]);
  }

  test('deletes by name in every version, and by id', async () => {
    const client = await (await startBroker()).connect();
    for (const version of [1, 2, 3, 4, 5]) {
      await createTopic(client, 't');
      const { response } = await client.send(deleteTopicsApi, version, { topicNames: ['t', 'nono'], timeoutMs: 1 });
      const codes = new Map(response.responses.map(({ name, errorCode }) => [name, errorCode]));
      expect([codes.get('t'), codes.get('nono')]).toEqual([0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    }
    const topicId = await createTopic(client, 't');
    expect(await deleteTopics(client, [{ name: null, topicId }])).toEqual([['t', 0]]);
    expect(await deleteTopics(client, [{ name: null, topicId }])).toEqual([[null, ErrorCode.UNKNOWN_TOPIC_ID]]);
    expect(await namesOf(client)).toEqual([]);
    expect(await createTopic(client, 't')).not.toBe(topicId);
  });

  test('deletes nothing that is named in two ways', async () => {
    const client = await (await startBroker()).connect();
    const topicId = await createTopic(client, 't');
    const invalid = ErrorCode.INVALID_REQUEST;
    expect(await deleteTopics(client, [{ name: 't', topicId }])).toEqual([['t', invalid]]);
    expect(await deleteTopics(client, [{ name: null }])).toEqual([[null, invalid]]);
    expect(await deleteTopics(client, [{ name: 't' }, { name: 't' }])).toEqual([['t', invalid]]);
    expect(await deleteTopics(client, Array(2).fill({ name: null, topicId }))).toEqual([[null, invalid]]);
    expect(await deleteTopics(client, [{ name: null, topicId }, { name: 't' }])).toEqual([['t', invalid]]);
    expect(await namesOf(client)).toEqual(['t']);
  });

  test('deletes nothing where the broker does not allow it', async () => {
    const client = await (await startBroker({ config: { 'delete.topic.enable': false } })).connect();
    await createTopic(client, 't');
    expect(await deleteTopics(client, [{ name: 't' }])).toEqual([['t', ErrorCode.TOPIC_DELETION_DISABLED]]);
    const { response } = await client.send(deleteTopicsApi, 1, { topicNames: ['t'], timeoutMs: 1 });
    expect(response.responses).toMatchObject([{ name: 't', errorCode: ErrorCode.INVALID_REQUEST }]);
  });
});

describe('DeleteRecords', () => {
  test('refuses what is no offset of the partition, and what may not go', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    await createTopic(client, 'compacted', { configs: { 'cleanup.policy': 'compact' } });
    await createTopic(client, '__consumer_offsets');
    const ask = async (name: string, partitionIndex: number, offset: bigint) => {
      const topics = [{ name, partitions: [{ partitionIndex, offset }] }];
      const { response } = await client.send(deleteRecordsApi, 2, { topics, timeoutMs: 1 });
      const { lowWatermark, errorCode } = response.topics[0]?.partitions[0] ?? {};
      return [lowWatermark, errorCode];
    };
    expect(await ask('t', 0, 0n)).toEqual([0n, 0]);
    expect(await ask('t', 0, -1n)).toEqual([0n, 0]);
    expect(await ask('t', 0, 5n)).toEqual([-1n, ErrorCode.OFFSET_OUT_OF_RANGE]);
    expect(await ask('t', 0, -2n)).toEqual([-1n, ErrorCode.OFFSET_OUT_OF_RANGE]);
    expect(await ask('t', 9, 0n)).toEqual([-1n, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    expect(await ask('nono', 0, 0n)).toEqual([-1n, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    expect(await ask('compacted', 0, 0n)).toEqual([-1n, ErrorCode.POLICY_VIOLATION]);
    expect(await ask('__consumer_offsets', 0, 0n)).toEqual([-1n, ErrorCode.INVALID_TOPIC_EXCEPTION]);
  });
});

describe('DescribeLogDirs', () => {
  test.each([1, 2, 3, 4, 5])('version %i has one directory: the store', async (version) => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't', { numPartitions: 2 });
    const ask = async (topics: { topic: string; partitions: number[] }[] | null) =>
      (await client.send(describeLogDirsApi, version, { topics })).response.results;
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, partitionSize: 0n, offsetLag: 0n }));
    expect(await ask(null)).toMatchObject([{ errorCode: 0, logDir: '/memory', topics: [{ name: 't', partitions }] }]);
    expect(await ask([{ topic: 't', partitions: [1, 1, 9] }])).toMatchObject([
      { topics: [{ name: 't', partitions: [{ partitionIndex: 1 }] }] },
    ]);
    expect(await ask([{ topic: 'nono', partitions: [0] }])).toMatchObject([{ topics: [] }]);
  });
});

test('topics, their ids and the id of the cluster outlast a broker over the same store', async () => {
  const store = createMemoryStore();
  const ask = async () => {
    const { gateway, connect } = await startBroker({ store });
    const client = await connect();
    await client.send(metadataApi, 9, { topics: [{ name: 't' }] });
    const { response } = await client.send(metadataApi, 12, { topics: null });
    await client.close();
    await gateway.close();
    const [topic] = response.topics;
    const { leaderEpoch } = topic!.partitions[0]!;
    return { clusterId: response.clusterId, topicId: topic!.topicId, name: topic!.name, leaderEpoch };
  };
  const first = await ask();
  expect(first).toMatchObject({ clusterId: expect.stringMatching(/^[\w-]{22}$/) as string, name: 't', leaderEpoch: 0 });
  // The epoch is that of the opening of the state.
  expect(await ask()).toEqual({ ...first, leaderEpoch: 1 });
});
