import assert from 'node:assert/strict';
import {
  describeClusterApi,
  describeLogDirsApi,
  describeTopicPartitionsApi,
  type DescribeTopicPartitionsResponse,
  metadataApi,
} from '../../../src/protocol/index.js';
import { type Bench, isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { append } from './records.js';

function describe(
  bench: Bench,
  names: readonly string[],
  options: { readonly limit?: number; readonly cursor?: { topicName: string; partitionIndex: number } } = {},
): Promise<DescribeTopicPartitionsResponse> {
  const topics = names.map((name) => ({ name }));
  const { limit: responsePartitionLimit = 2000, cursor = null } = options;
  return bench.client.send(describeTopicPartitionsApi, { topics, responsePartitionLimit, cursor });
}

export const describeCases: readonly CaseDefinition[] = [
  {
    name: 'DescribeTopicPartitions goes on where its cursor says',
    async run(bench) {
      const { name } = await bench.topic({ partitions: 3 });
      const first = await bench.client.send(describeTopicPartitionsApi, {
        topics: [{ name }],
        responsePartitionLimit: 2,
      });
      const indexes = first.topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex);
      assert.deepEqual(indexes, [0, 1], 'DescribeTopicPartitions with a limit of 2 has other partitions');
      assert.deepEqual(first.nextCursor, { topicName: name, partitionIndex: 2 }, 'the cursor is at another place');
      const rest = await bench.client.send(describeTopicPartitionsApi, {
        topics: [{ name }],
        cursor: first.nextCursor,
      });
      const others = rest.topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex);
      assert.deepEqual(others, [2], 'DescribeTopicPartitions does not go on at its cursor');
      assert.equal(rest.nextCursor, null, 'there is a cursor behind the last partition');
    },
  },
  {
    name: 'DescribeCluster says what Metadata says',
    async run(bench) {
      const metadata = await bench.client.send(metadataApi, { topics: [] });
      const cluster = await bench.client.send(describeClusterApi, { includeClusterAuthorizedOperations: false });
      isCode(cluster.errorCode, 'NONE', 'DescribeCluster');
      assert.equal(cluster.clusterId, metadata.clusterId, 'the cluster ids differ');
      const nodes = cluster.brokers.map(({ brokerId, host, port }) => [brokerId, host, port]);
      const known = metadata.brokers.map((broker) => [broker.nodeId, broker.host, broker.port]);
      assert.deepEqual(nodes, known, 'the brokers differ');
    },
  },
  {
    name: 'DescribeTopicPartitions says which topics nobody has, and which names cannot be',
    async run(bench) {
      const known = await bench.topic();
      const { topics } = await describe(bench, [bench.name('none'), known.name, 'a b']);
      const codes = new Map(topics.map(({ name, errorCode }) => [name, errorCode]));
      isCode(codes.get(known.name), 'NONE', 'DescribeTopicPartitions');
      isCode(codes.get('a b'), 'INVALID_TOPIC_EXCEPTION', "DescribeTopicPartitions of 'a b'");
      codes.delete(known.name);
      codes.delete('a b');
      const [none] = codes.values();
      isCode(none, 'UNKNOWN_TOPIC_OR_PARTITION', 'DescribeTopicPartitions of no topic');
    },
  },
  {
    name: 'DescribeTopicPartitions of no topics has them all, in the order of their names',
    async run(bench) {
      const names = [(await bench.topic()).name, (await bench.topic()).name];
      const found: string[] = [];
      for (let cursor: { topicName: string; partitionIndex: number } | null | undefined; cursor !== null;) {
        const page = await describe(bench, [], cursor === undefined ? {} : { cursor });
        found.push(...page.topics.flatMap(({ name }) => name ?? []));
        cursor = page.nextCursor;
      }
      for (const name of names) assert(found.includes(name), `DescribeTopicPartitions of all topics lacks ${name}`);
      assert.deepEqual(found, [...found].sort(), 'the topics are not in the order of their names');
    },
  },
  {
    name: 'a cursor at a topic that is not asked for, or at a partition below 0, is refused',
    async run(bench) {
      const { name } = await bench.topic();
      for (const cursor of [
        { topicName: bench.name('other'), partitionIndex: 0 },
        { topicName: name, partitionIndex: -1 },
      ]) {
        const { topics } = await describe(bench, [name], { cursor });
        for (const { errorCode } of topics) {
          isCode(errorCode, 'INVALID_REQUEST', `DescribeTopicPartitions from ${JSON.stringify(cursor)} on`);
        }
        assert.equal(topics.length, 1, 'DescribeTopicPartitions has no answer for the topic');
      }
    },
  },
  {
    name: 'max.request.partition.size.limit holds for every page',
    needs: ['brokerConfigs'],
    config: { 'max.request.partition.size.limit': 2 },
    async run(bench) {
      const { name } = await bench.topic({ partitions: 3 });
      const { topics, nextCursor } = await describe(bench, [name]);
      assert.equal(topics[0]?.partitions.length, 2, 'the page has another number of partitions');
      assert.deepEqual(nextCursor, { topicName: name, partitionIndex: 2 }, 'the cursor is at another place');
    },
  },
  {
    name: 'DescribeLogDirs has the partitions with their sizes',
    async run(bench) {
      const topic = await bench.topic({ partitions: 2 });
      await append(bench.client, topic, ['x'.repeat(5000)], { partition: 1 });
      const request = { topics: [{ topic: topic.name, partitions: [0, 1] }] };
      const { results } = await bench.client.send(describeLogDirsApi, request);
      isCode(results[0]?.errorCode, 'NONE', 'DescribeLogDirs');
      const partitions = results.flatMap(({ topics }) => topics).flatMap((each) => each.partitions);
      const sizes = new Map(partitions.map(({ partitionIndex, partitionSize }) => [partitionIndex, partitionSize]));
      assert.deepEqual([...sizes.keys()].sort(), [0, 1], 'DescribeLogDirs has other partitions');
      assert((sizes.get(1) ?? 0n) >= 5000n, 'DescribeLogDirs: partition 1 is smaller than its records');
    },
  },
  {
    name: 'DescribeLogDirs of all partitions has them all; those that nobody has are left out',
    async run(bench) {
      const topic = await bench.topic();
      const all = await bench.client.send(describeLogDirsApi, { topics: null });
      const names = all.results.flatMap(({ topics }) => topics.map(({ name }) => name));
      assert(names.includes(topic.name), 'DescribeLogDirs of all partitions lacks a topic');
      const topics = [
        { topic: bench.name('none'), partitions: [0] },
        { topic: topic.name, partitions: [7] },
      ];
      const none = await bench.client.send(describeLogDirsApi, { topics });
      isCode(none.results[0]?.errorCode, 'NONE', 'DescribeLogDirs of what nobody has');
      assert.deepEqual(none.results[0]?.topics, [], 'DescribeLogDirs has what nobody has');
    },
  },
];
