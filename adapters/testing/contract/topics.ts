import assert from 'node:assert/strict';
import {
  createPartitionsApi,
  createTopicsApi,
  type CreateTopicsRequestCreatableTopicInit,
  type CreateTopicsResponseCreatableTopicResult,
  deleteTopicsApi,
  metadataApi,
  NIL_UUID,
} from '../../../src/protocol/index.js';
import type { WireClient } from '../../../src/wire-client/index.js';
import { type Bench, isCode, NOBODYS_ID } from './bench.js';
import type { CaseDefinition } from './case.js';

async function create(
  client: WireClient,
  topic: Partial<CreateTopicsRequestCreatableTopicInit> & { readonly name: string },
  { validateOnly = false, version = client.version(createTopicsApi) } = {},
): Promise<CreateTopicsResponseCreatableTopicResult> {
  const whole = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...topic };
  const { topics } = await client.send(createTopicsApi, { topics: [whole], timeoutMs: 10_000, validateOnly }, version);
  const [result] = topics;
  assert(result !== undefined && topics.length === 1, 'CreateTopics: one topic must be answered');
  return result;
}

async function grow(
  client: WireClient,
  name: string,
  count: number,
  validateOnly = false,
): Promise<number | undefined> {
  const request = { topics: [{ name, count, assignments: null }], timeoutMs: 10_000, validateOnly };
  return (await client.send(createPartitionsApi, request)).results[0]?.errorCode;
}

async function nodeId(bench: Bench): Promise<number> {
  const { brokers } = await bench.client.send(metadataApi, { topics: [] });
  return brokers[0]?.nodeId ?? -1;
}

export const topicCases: readonly CaseDefinition[] = [
  {
    name: 'a topic that was created has its partitions, each with a leader, and an id at every version that has one',
    async run(bench) {
      const name = bench.name('topic');
      isCode((await create(bench.client, { name, numPartitions: 3 })).errorCode, 'NONE', 'CreateTopics');
      const { id } = await bench.ready(name, 3);
      assert.notEqual(id, NIL_UUID, 'Metadata: the topic has no id');
      for (const version of bench.client.versions(metadataApi)) {
        const { brokers, topics } = await bench.client.send(metadataApi, { topics: [{ name }] }, version);
        const what = `Metadata v${String(version)}`;
        isCode(topics[0]?.errorCode, 'NONE', what);
        assert.equal(topics[0]?.name, name, `${what}: another topic was answered`);
        if (version >= 10) assert.equal(topics[0].topicId, id, `${what}: the topic's id is another`);
        const indexes = topics[0].partitions.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b);
        assert.deepEqual(indexes, [0, 1, 2], `${what}: these are not the partitions that were created`);
        for (const { leaderId } of topics[0].partitions) {
          assert(
            brokers.some((broker) => broker.nodeId === leaderId),
            `${what}: leader ${String(leaderId)} is no broker`,
          );
        }
      }
    },
  },
  {
    name: 'CreateTopics works at every version',
    async run(bench) {
      for (const version of bench.client.versions(createTopicsApi)) {
        const name = bench.name('topic');
        const result = await create(bench.client, { name }, { version });
        isCode(result.errorCode, 'NONE', `CreateTopics v${String(version)}`);
        await bench.ready(name, 1);
      }
    },
  },
  {
    name: 'counts of -1 are the defaults of the broker',
    async run(bench) {
      const name = bench.name('topic');
      const result = await create(bench.client, { name, numPartitions: -1, replicationFactor: -1 });
      isCode(result.errorCode, 'NONE', 'CreateTopics with -1');
      assert(result.numPartitions >= 1, 'CreateTopics: numPartitions of the answer is less than 1');
      await bench.ready(name, result.numPartitions);
    },
  },
  {
    name: 'num.partitions is how many partitions -1 stands for',
    needs: ['brokerConfigs'],
    config: { 'num.partitions': 4 },
    async run(bench) {
      const name = bench.name('topic');
      isCode((await create(bench.client, { name, numPartitions: -1 })).errorCode, 'NONE', 'CreateTopics');
      await bench.ready(name, 4);
    },
  },
  {
    name: 'assignments name the partitions and their broker',
    async run(bench) {
      const name = bench.name('topic');
      const brokerIds = [await nodeId(bench)];
      const assignments = [0, 1].map((partitionIndex) => ({ partitionIndex, brokerIds }));
      const result = await create(bench.client, { name, numPartitions: -1, replicationFactor: -1, assignments });
      isCode(result.errorCode, 'NONE', 'CreateTopics with assignments');
      await bench.ready(name, 2);
    },
  },
  {
    name: 'assignments to a broker that is not there are refused',
    async run(bench) {
      const assignments = [{ partitionIndex: 0, brokerIds: [4711] }];
      const name = bench.name('topic');
      const result = await create(bench.client, { name, numPartitions: -1, replicationFactor: -1, assignments });
      isCode(result.errorCode, 'INVALID_REPLICA_ASSIGNMENT', 'CreateTopics for broker 4711');
    },
  },
  {
    name: 'assignments that leave a partition out, or have no broker or one twice, are refused',
    async run(bench) {
      const id = await nodeId(bench);
      const counts = { numPartitions: -1, replicationFactor: -1 };
      const twice = { partitionIndex: 0, brokerIds: [id, id] };
      const empty = { partitionIndex: 0, brokerIds: [] };
      const second = { partitionIndex: 1, brokerIds: [id] };
      for (const assignments of [[twice], [empty], [second], [second, second]]) {
        const { errorCode } = await create(bench.client, { name: bench.name('topic'), ...counts, assignments });
        isCode(errorCode, 'INVALID_REPLICA_ASSIGNMENT', `CreateTopics for ${JSON.stringify(assignments)}`);
      }
    },
  },
  {
    name: 'assignments and counts together are refused',
    async run(bench) {
      const assignments = [{ partitionIndex: 0, brokerIds: [await nodeId(bench)] }];
      const result = await create(bench.client, { name: bench.name('topic'), assignments });
      isCode(result.errorCode, 'INVALID_REQUEST', 'CreateTopics with counts and assignments');
    },
  },
  {
    name: 'no partitions, or more replicas than brokers, are refused',
    async run(bench) {
      const none = await create(bench.client, { name: bench.name('topic'), numPartitions: 0 });
      isCode(none.errorCode, 'INVALID_PARTITIONS', 'CreateTopics with 0 partitions');
      const many = await create(bench.client, { name: bench.name('topic'), replicationFactor: 1000 });
      isCode(many.errorCode, 'INVALID_REPLICATION_FACTOR', 'CreateTopics with 1000 replicas');
    },
  },
  {
    name: 'names that Kafka does not allow are refused',
    async run(bench) {
      for (const name of ['', '.', '..', 'a b', 'ü', 'a/b', 'x'.repeat(250)]) {
        const { errorCode } = await create(bench.client, { name });
        isCode(errorCode, 'INVALID_TOPIC_EXCEPTION', `CreateTopics of '${name}'`);
      }
    },
  },
  {
    name: 'a topic that is there is not created again, and stays as it is',
    async run(bench) {
      const { name, id } = await bench.topic({ partitions: 2 });
      isCode((await create(bench.client, { name })).errorCode, 'TOPIC_ALREADY_EXISTS', 'CreateTopics once more');
      assert.equal((await bench.ready(name, 2)).id, id, 'the topic has another id');
    },
  },
  {
    name: 'a topic named twice in one request is not created',
    async run(bench) {
      const name = bench.name('topic');
      const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
      const { topics } = await bench.client.send(createTopicsApi, { topics: [topic, topic], timeoutMs: 10_000 });
      for (const { errorCode } of topics) isCode(errorCode, 'INVALID_REQUEST', 'CreateTopics of a name twice');
      isCode((await bench.describe(name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata');
    },
  },
  {
    name: 'configs that there are not, or with bad values, are refused',
    async run(bench) {
      for (const config of [
        { name: 'no.such.config', value: '1' },
        { name: 'max.message.bytes', value: 'many' },
        { name: 'cleanup.policy', value: 'burn' },
      ]) {
        const { errorCode } = await create(bench.client, { name: bench.name('topic'), configs: [config] });
        isCode(errorCode, 'INVALID_CONFIG', `CreateTopics with ${config.name}=${config.value}`);
      }
    },
  },
  {
    name: 'validateOnly says what would be, and creates nothing',
    async run(bench) {
      const name = bench.name('topic');
      isCode((await create(bench.client, { name }, { validateOnly: true })).errorCode, 'NONE', 'CreateTopics');
      isCode((await bench.describe(name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata after validateOnly');
      const bad = await create(bench.client, { name, numPartitions: 0 }, { validateOnly: true });
      isCode(bad.errorCode, 'INVALID_PARTITIONS', 'CreateTopics with 0 partitions and validateOnly');
    },
  },
  {
    name: 'a topic that was deleted by name is gone, and may be created again with another id',
    async run(bench) {
      for (const version of bench.client.versions(deleteTopicsApi)) {
        const { name, id } = await bench.topic();
        const request = version >= 6 ? { topics: [{ name, topicId: NIL_UUID }] } : { topicNames: [name] };
        const { responses } = await bench.client.send(deleteTopicsApi, { ...request, timeoutMs: 10_000 }, version);
        isCode(responses[0]?.errorCode, 'NONE', `DeleteTopics v${String(version)}`);
        await bench.eventually(async () => {
          isCode((await bench.describe(name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata after DeleteTopics');
        });
        isCode((await create(bench.client, { name })).errorCode, 'NONE', 'CreateTopics of the same name');
        assert.notEqual((await bench.ready(name, 1)).id, id, 'the new topic has the id of the old one');
      }
    },
  },
  {
    name: 'a topic is deleted by its id; an id or a name that nobody has is unknown',
    async run(bench) {
      const { name, id } = await bench.topic();
      const remove = async (topic: { name: string | null; topicId: string }): Promise<number | undefined> =>
        (await bench.client.send(deleteTopicsApi, { topics: [topic], timeoutMs: 10_000 })).responses[0]?.errorCode;
      isCode(await remove({ name: null, topicId: NOBODYS_ID }), 'UNKNOWN_TOPIC_ID', 'DeleteTopics of no id');
      const noName = await remove({ name: bench.name('none'), topicId: NIL_UUID });
      isCode(noName, 'UNKNOWN_TOPIC_OR_PARTITION', 'DeleteTopics of no name');
      isCode(await remove({ name: null, topicId: id }), 'NONE', 'DeleteTopics by id');
      await bench.eventually(async () => {
        isCode((await bench.describe(name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata after DeleteTopics');
      });
    },
  },
  {
    name: 'topics to delete are named once, and by name or by id',
    async run(bench) {
      const { name, id } = await bench.topic();
      const byName = { name, topicId: NIL_UUID };
      const byId = { name: null, topicId: id };
      for (const topics of [
        [byName, byName],
        [byId, byId],
        [{ name, topicId: id }],
        [{ name: null, topicId: NIL_UUID }],
      ]) {
        const { responses } = await bench.client.send(deleteTopicsApi, { topics, timeoutMs: 10_000 });
        const what = `DeleteTopics of ${JSON.stringify(topics)}`;
        assert.equal(responses.length, 1, `${what}: another number of answers`);
        isCode(responses[0]?.errorCode, 'INVALID_REQUEST', what);
      }
      isCode((await bench.describe(name)).errorCode, 'NONE', 'Metadata');
    },
  },
  {
    name: 'no topic is deleted where delete.topic.enable is false',
    needs: ['brokerConfigs'],
    config: { 'delete.topic.enable': false },
    async run(bench) {
      const { name } = await bench.topic();
      const request = { topics: [{ name, topicId: NIL_UUID }], timeoutMs: 10_000 };
      const { responses } = await bench.client.send(deleteTopicsApi, request);
      isCode(responses[0]?.errorCode, 'TOPIC_DELETION_DISABLED', 'DeleteTopics');
      isCode((await bench.describe(name)).errorCode, 'NONE', 'Metadata');
    },
  },
  {
    name: 'partitions are added, and never taken away',
    async run(bench) {
      const { name } = await bench.topic({ partitions: 2 });
      isCode(await grow(bench.client, name, 3, true), 'NONE', 'CreatePartitions with validateOnly');
      await bench.ready(name, 2);
      isCode(await grow(bench.client, name, 3), 'NONE', 'CreatePartitions');
      await bench.ready(name, 3);
      for (const count of [3, 1, 0, -1]) {
        isCode(
          await grow(bench.client, name, count),
          'INVALID_PARTITIONS',
          `CreatePartitions to ${String(count)} of 3`,
        );
      }
      const none = await grow(bench.client, bench.name('none'), 2);
      isCode(none, 'UNKNOWN_TOPIC_OR_PARTITION', 'CreatePartitions of no topic');
    },
  },
  {
    name: 'assignments of partitions that are added must be as many, to brokers that there are',
    async run(bench) {
      const { name } = await bench.topic();
      const id = await nodeId(bench);
      const add = async (...brokers: number[]): Promise<number | undefined> => {
        const assignments = brokers.map((each) => ({ brokerIds: [each] }));
        const request = { topics: [{ name, count: 3, assignments }], timeoutMs: 10_000, validateOnly: false };
        return (await bench.client.send(createPartitionsApi, request)).results[0]?.errorCode;
      };
      isCode(await add(id), 'INVALID_REPLICA_ASSIGNMENT', 'CreatePartitions of two with one assignment');
      isCode(await add(id, 4711), 'INVALID_REPLICA_ASSIGNMENT', 'CreatePartitions for broker 4711');
      isCode(await add(id, id), 'NONE', 'CreatePartitions with assignments');
      await bench.ready(name, 3);
    },
  },
  {
    name: 'Metadata says which names cannot be, and creates none of them',
    async run(bench) {
      for (const name of ['a b', '..', 'x'.repeat(250)]) {
        const request = { topics: [{ name }], allowAutoTopicCreation: true };
        const { topics } = await bench.client.send(metadataApi, request);
        isCode(topics[0]?.errorCode, 'INVALID_TOPIC_EXCEPTION', `Metadata of '${name}'`);
      }
    },
  },
  {
    name: 'Metadata finds topics by id, and says when nobody has the id',
    async run(bench) {
      const { name, id } = await bench.topic();
      const find = async (topicId: string) =>
        (await bench.client.send(metadataApi, { topics: [{ topicId, name: null }], allowAutoTopicCreation: false }))
          .topics[0];
      assert.equal((await find(id))?.name, name, 'Metadata by id: another topic was answered');
      isCode((await find(NOBODYS_ID))?.errorCode, 'UNKNOWN_TOPIC_ID', 'Metadata of no id');
    },
  },
  {
    name: 'Metadata of all topics has them all; of none has only the brokers',
    async run(bench) {
      const names = [(await bench.topic()).name, (await bench.topic()).name];
      const all = await bench.client.send(metadataApi, { topics: null });
      const found = new Set(all.topics.map(({ name }) => name));
      for (const name of names) assert(found.has(name), `Metadata of all topics lacks ${name}`);
      const none = await bench.client.send(metadataApi, { topics: [] });
      assert.deepEqual(none.topics, [], 'Metadata of no topics has topics');
      assert(none.brokers.length > 0, 'Metadata has no brokers');
      assert(none.clusterId !== null && none.clusterId !== '', 'Metadata has no cluster id');
    },
  },
  {
    name: 'a topic that a client asks for is created where broker and request allow it',
    needs: ['brokerConfigs'],
    config: { 'auto.create.topics.enable': true, 'num.partitions': 3 },
    async run(bench) {
      const name = bench.name('topic');
      isCode((await bench.describe(name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata that must not create');
      await bench.client.send(metadataApi, { topics: [{ name }], allowAutoTopicCreation: true });
      await bench.ready(name, 3);
    },
  },
  {
    name: 'no topic is created by asking where the broker does not allow it',
    needs: ['brokerConfigs'],
    config: { 'auto.create.topics.enable': false },
    async run(bench) {
      const name = bench.name('topic');
      await bench.client.send(metadataApi, { topics: [{ name }], allowAutoTopicCreation: true });
      isCode((await bench.describe(name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata');
    },
  },
];
