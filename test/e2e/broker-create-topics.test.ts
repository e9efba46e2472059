// The error codes are those that Apache Kafka 4.3.1 gave to the same requests.
import { ErrorCode } from 'iggy-gateway-kafka';
import { createTopicsApi, metadataApi, NIL_UUID } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { newTopic, type NewTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import type { WireClient } from '../support/wire-client.js';

async function create(client: WireClient, topics: object[], validateOnly = false) {
  const { response } = await client.send(createTopicsApi, 7, { topics: topics as never, validateOnly });
  return response.topics;
}

async function codeOf(client: WireClient, name: string, topic: NewTopic = {}): Promise<string> {
  const [result] = await create(client, [newTopic(name, topic)], true);
  return Object.entries(ErrorCode).find(([, code]) => code === result?.errorCode)?.[0] ?? '';
}

describe('CreateTopics', () => {
  test('answers with id, counts and configs, and Metadata shows the topic', async () => {
    const client = await (await startBroker()).connect();
    const [created] = await create(client, [
      newTopic('orders', { numPartitions: 3, configs: { 'retention.ms': '5' } }),
    ]);
    expect(created).toMatchObject({ name: 'orders', errorCode: 0, numPartitions: 3, replicationFactor: 1 });
    expect(created?.configs?.find(({ name }) => name === 'retention.ms')).toMatchObject({
      value: '5',
      configSource: 1,
    });
    expect(created?.configs).toHaveLength(37);
    const { response } = await client.send(metadataApi, 13, {
      topics: [{ name: null, topicId: created?.topicId ?? '' }],
    });
    expect(response.topics).toMatchObject([
      { errorCode: 0, name: 'orders', topicId: created?.topicId, isInternal: false },
    ]);
    expect(response.topics[0]?.partitions).toMatchObject(
      [0, 1, 2].map((partitionIndex) => ({
        partitionIndex,
        leaderId: 1,
        leaderEpoch: 0,
        replicaNodes: [1],
        isrNodes: [1],
      })),
    );
  });

  test.each([2, 3, 4, 5, 6, 7])('speaks version %i', async (version) => {
    const client = await (await startBroker()).connect();
    const { response } = await client.send(createTopicsApi, version, { topics: [newTopic('t'), newTopic('a b')] });
    expect(response.topics.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.INVALID_TOPIC_EXCEPTION]);
  });

  test('takes the counts of the broker for -1', async () => {
    const broker = await startBroker({ config: { 'num.partitions': 4 } });
    const client = await broker.connect();
    const wanted = newTopic('t', { numPartitions: -1, replicationFactor: -1 });
    expect(await create(client, [wanted])).toMatchObject([{ errorCode: 0, numPartitions: 4, replicationFactor: 1 }]);
  });

  test('only checks, where that is asked for', async () => {
    const client = await (await startBroker()).connect();
    expect(await create(client, [newTopic('t')], true)).toMatchObject([{ errorCode: 0, topicId: NIL_UUID }]);
    const { response } = await client.send(metadataApi, 12, { topics: null });
    expect(response.topics).toEqual([]);
  });

  test('creates the rest when some are refused', async () => {
    const client = await (await startBroker()).connect();
    const results = await create(client, [
      newTopic('bad/name'),
      newTopic('twice'),
      newTopic('good'),
      newTopic('twice'),
    ]);
    expect(results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['bad/name', ErrorCode.INVALID_TOPIC_EXCEPTION],
      ['twice', ErrorCode.INVALID_REQUEST],
      ['good', 0],
    ]);
  });

  test('refuses more partitions in one request than Kafka does', async () => {
    const client = await (await startBroker()).connect();
    expect(await codeOf(client, 'most', { numPartitions: 9_999 })).toBe('NONE');
    expect(await codeOf(client, 'more', { numPartitions: 10_000 })).toBe('POLICY_VIOLATION');
    const many = [newTopic('a', { numPartitions: 9_000 }), newTopic('b', { numPartitions: 2_000 })];
    expect(await create(client, many, true)).toMatchObject([{ errorCode: 44 }, { errorCode: 44 }]);
  });
});

describe('CreateTopics refuses', () => {
  test.each(['', '.', '..', 'a b', 'a/b', 'ü', 'x'.repeat(250)])('the name %j', async (name) => {
    const client = await (await startBroker()).connect();
    expect(await codeOf(client, name)).toBe('INVALID_TOPIC_EXCEPTION');
  });

  test('a name that there is, one that differs only in . and _, and the topic of controllers', async () => {
    const client = await (await startBroker()).connect();
    await create(client, [newTopic('a.b')]);
    expect(await codeOf(client, 'a.b')).toBe('TOPIC_ALREADY_EXISTS');
    expect(await codeOf(client, 'a_b')).toBe('INVALID_TOPIC_EXCEPTION');
    expect(await codeOf(client, '__cluster_metadata')).toBe('INVALID_REQUEST');
  });

  const counts: [NewTopic, string][] = [
    [{ numPartitions: 0 }, 'INVALID_PARTITIONS'],
    [{ numPartitions: -2 }, 'INVALID_PARTITIONS'],
    [{ replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
    [{ replicationFactor: -2 }, 'INVALID_REPLICATION_FACTOR'],
    [{ replicationFactor: 2 }, 'INVALID_REPLICATION_FACTOR'],
    [{ replicationFactor: 0, numPartitions: 0 }, 'INVALID_REPLICATION_FACTOR'],
    [{ numPartitions: 0, configs: { nope: '1' } }, 'INVALID_CONFIG'],
  ];
  test.each(counts)('%j with %s', async (topic, code) => {
    const client = await (await startBroker()).connect();
    expect(await codeOf(client, 't', topic)).toBe(code);
  });

  const assignments: [NewTopic, string][] = [
    [{ assignments: [[1], [1]] }, 'NONE'],
    [{ assignments: [[1]], replicationFactor: 1 }, 'INVALID_REQUEST'],
    [{ assignments: [[1]], numPartitions: 1 }, 'INVALID_REQUEST'],
    [{ assignments: [[]] }, 'INVALID_REPLICA_ASSIGNMENT'],
    [{ assignments: [[7]] }, 'INVALID_REPLICA_ASSIGNMENT'],
    [{ assignments: [[-1]] }, 'INVALID_REPLICA_ASSIGNMENT'],
    [{ assignments: [[1, 1]] }, 'INVALID_REPLICA_ASSIGNMENT'],
  ];
  test.each(assignments)('%j with %s', async (topic, code) => {
    const client = await (await startBroker()).connect();
    expect(await codeOf(client, 't', topic)).toBe(code);
  });

  test('assignments with a gap, or with a partition twice', async () => {
    const client = await (await startBroker()).connect();
    for (const indexes of [[1], [0, 2], [0, 0]]) {
      const assigned = indexes.map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }));
      const topic = { ...newTopic('t', { numPartitions: -1, replicationFactor: -1 }), assignments: assigned };
      expect(await create(client, [topic])).toMatchObject([{ errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT }]);
    }
  });
});

describe('configs of a topic', () => {
  const good: Record<string, string>[] = [
    { 'retention.ms': '-1' },
    { 'cleanup.policy': 'compact,delete' },
    { 'cleanup.policy': '' },
    { 'compression.type': 'gzip' },
    { 'compression.gzip.level': '-1' },
    { 'segment.bytes': ' 2097152 ' },
    { preallocate: 'TRUE' },
    { 'min.cleanable.dirty.ratio': '.5' },
    { 'leader.replication.throttled.replicas': '0:1,1:1' },
    { 'leader.replication.throttled.replicas': '*' },
    { 'local.retention.ms': '99999999999' },
    { 'retention.bytes': '-5' },
    { 'flush.ms': '9223372036854775807' },
  ];
  test.each(good)('%j is taken', async (configs) => {
    const client = await (await startBroker()).connect();
    expect(await codeOf(client, 't', { configs })).toBe('NONE');
  });

  const bad: Record<string, string | null>[] = [
    { 'retention.ms': '-2' },
    { 'retention.ms': 'abc' },
    { 'retention.ms': null },
    { nope: '1' },
    { constructor: '1' },
    { 'cleanup.policy': 'x' },
    { 'compression.type': 'none' },
    { 'compression.gzip.level': '0' },
    { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' },
    { 'remote.storage.enable': 'true' },
    { 'segment.bytes': '1024' },
    { preallocate: 'yes' },
    { 'message.timestamp.type': 'createtime' },
    { 'min.cleanable.dirty.ratio': '1.5' },
    { 'max.message.bytes': '1e3' },
    { 'max.message.bytes': '3000000000' },
    { 'leader.replication.throttled.replicas': 'abc' },
    { 'message.format.version': '3.0' },
  ];
  test.each(bad)('%j is refused', async (configs) => {
    const client = await (await startBroker()).connect();
    expect(await codeOf(client, 't', { configs })).toBe('INVALID_CONFIG');
  });
});
