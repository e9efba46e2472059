import {
  createPartitionsApi,
  createTopicsApi,
  type CreateTopicsRequestCreatableTopicInit,
  deleteTopicsApi,
  NIL_UUID,
} from 'iggy-gateway-kafka/protocol';
import { newTopic, type NewTopic } from '../../../support/admin-requests.js';
import { NOBODYS_ID, type Scenario, type Side } from '../side.js';
import { gone, ready, setUpTopic } from '../topic-setup.js';

/** Topics to create, each in a request of its own. */
const NEW: Readonly<Record<string, readonly [name: string, topic?: NewTopic]>> = {
  'one partition': ['one'],
  'three partitions': ['three', { numPartitions: 3 }],
  'a name that is taken': ['one'],
  'counts of -1': ['defaults', { numPartitions: -1, replicationFactor: -1 }],
  'a name with a dot': ['dot.ted'],
  'a name that collides with it': ['dot_ted'],
  'no name': [''],
  'the name .': ['.'],
  'the name ..': ['..'],
  'a blank in the name': ['a b'],
  'a slash in the name': ['a/b'],
  'a letter beyond ASCII': ['ü'],
  'a name of 249 letters': ['x'.repeat(249)],
  'a name of 250 letters': ['x'.repeat(250)],
  '0 partitions': ['bad', { numPartitions: 0 }],
  '-2 partitions': ['bad', { numPartitions: -2 }],
  '0 replicas': ['bad', { replicationFactor: 0 }],
  '-2 replicas': ['bad', { replicationFactor: -2 }],
  '2 replicas': ['bad', { replicationFactor: 2 }],
  'neither partitions nor replicas': ['bad', { numPartitions: 0, replicationFactor: 0 }],
  'more than 10,000 partitions': ['bad', { numPartitions: 10_001 }],
  'an assignment': ['assigned', { assignments: [[1], [1]] }],
  'an assignment and a count of replicas': ['bad', { assignments: [[1]], replicationFactor: 1 }],
  'an assignment and a count of partitions': ['bad', { assignments: [[1]], numPartitions: 1 }],
  'an assignment without a broker': ['bad', { assignments: [[]] }],
  'an assignment to an unknown broker': ['bad', { assignments: [[7]] }],
  'an assignment to broker -1': ['bad', { assignments: [[-1]] }],
  'an assignment twice to one broker': ['bad', { assignments: [[1, 1]] }],
  'assignments of different length': ['bad', { assignments: [[1], []] }],
  'a bad config and no partitions': ['bad', { numPartitions: 0, configs: { nope: '1' } }],
};

/** Configs of a topic to create: one in each request, which only validates. */
const CONFIGS: readonly Readonly<Record<string, string | null>>[] = [
  { 'retention.ms': '1000' },
  { 'retention.ms': '-2' },
  { 'retention.ms': 'soon' },
  { 'retention.ms': '' },
  { 'retention.ms': null },
  { 'retention.bytes': '-5' },
  { 'no.such.config': '1' },
  { 'cleanup.policy': 'compact,delete' },
  { 'cleanup.policy': 'delete,delete' },
  { 'cleanup.policy': '' },
  { 'cleanup.policy': 'burn' },
  { 'compression.type': 'gzip' },
  { 'compression.type': 'none' },
  { 'compression.gzip.level': '0' },
  { 'compression.gzip.level': '-1' },
  { 'compression.lz4.level': '18' },
  { 'compression.zstd.level': '22' },
  { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' },
  { 'remote.storage.enable': 'true' },
  { 'segment.bytes': '1024' },
  { 'segment.bytes': ' 2097152 ' },
  { preallocate: 'TRUE' },
  { preallocate: 'yes' },
  { 'message.timestamp.type': 'createtime' },
  { 'message.timestamp.after.max.ms': '-1' },
  { 'min.cleanable.dirty.ratio': '1.5' },
  { 'min.cleanable.dirty.ratio': '.5' },
  { 'max.message.bytes': '1e3' },
  { 'max.message.bytes': '3000000000' },
  { 'min.insync.replicas': '0' },
  { 'leader.replication.throttled.replicas': '0:1,1:1' },
  { 'leader.replication.throttled.replicas': '*' },
  { 'leader.replication.throttled.replicas': 'abc' },
  { 'local.retention.ms': '5' },
  { 'local.retention.ms': '99999999999' },
  { 'message.format.version': '3.0' },
  { 'internal.segment.bytes': '1000' },
];

export const topicScenario: Scenario = {
  area: 'topics are created',
  async run(side) {
    const create = (
      what: string,
      version: number,
      topics: readonly CreateTopicsRequestCreatableTopicInit[],
      validateOnly = false,
    ) => side.ask(what, createTopicsApi, version, { topics, timeoutMs: 5000, validateOnly });

    for (const [what, [name, topic]] of Object.entries(NEW)) await create(what, 7, [newTopic(name, topic)]);
    for (const version of [2, 4, 5, 6]) {
      await create('a new name', version, [newTopic(`v${version}`)]);
      await create('a name that is taken', version, [newTopic('one')]);
      await create('0 partitions', version, [newTopic('bad', { numPartitions: 0 })]);
    }
    for (const version of [2, 3]) {
      await create('counts of -1', version, [newTopic('bad', { numPartitions: -1, replicationFactor: -1 })]);
    }
    for (const configs of CONFIGS) {
      await create(JSON.stringify(configs), 7, [newTopic('configured', { configs })], true);
    }
    await create('a config twice', 7, [
      { ...newTopic('bad'), configs: ['1', '2'].map((value) => ({ name: 'retention.ms', value })) },
    ]);
    const partition = (partitionIndex: number) => ({ partitionIndex, brokerIds: [1] });
    const assigned = newTopic('bad', { assignments: [[1]] });
    await create('an assignment from partition 1 on', 7, [{ ...assigned, assignments: [partition(1)] }]);
    await create('an assignment of partition 0 twice', 7, [{ ...assigned, assignments: [partition(0), partition(0)] }]);
    await create('a name twice', 7, [newTopic('twin'), newTopic('twin'), newTopic('single')]);
    await create('nothing', 7, []);
    await create('what is good, validated only', 7, [newTopic('validated', { numPartitions: 4 })], true);
    await create('a name that is taken, validated only', 7, [newTopic('one')], true);
    await create(
      '10,000 partitions in two topics, validated only',
      7,
      [newTopic('large', { numPartitions: 9000 }), newTopic('larger', { numPartitions: 2000 })],
      true,
    );
    await create('a name of Kafka itself', 7, [newTopic('__cluster_metadata')]);
  },
};

export const partitionScenario: Scenario = {
  area: 'partitions are added',
  async run(side) {
    await setUpTopic(side, 'grows', { numPartitions: 3 });
    const grow = (
      what: string,
      topics: readonly (readonly [name: string, count: number, assignments?: readonly (readonly number[])[]])[],
      { version = 3, validateOnly = false } = {},
    ) =>
      side.ask(what, createPartitionsApi, version, {
        topics: topics.map(([name, count, assignments]) => ({
          name,
          count,
          assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
        })),
        timeoutMs: 5000,
        validateOnly,
      });
    await grow('one more', [['grows', 4]]);
    await ready(side, 'grows', 4);
    for (const version of [0, 1, 2, 3]) {
      await grow('as many', [['grows', 4]], { version });
      await grow('fewer', [['grows', 2]], { version });
    }
    await grow('none', [['grows', 0]]);
    await grow('-1', [['grows', -1]]);
    await grow('of no topic', [['none', 3]]);
    await grow('of a topic without a name', [['', 3]]);
    await grow('a topic twice', [
      ['grows', 5],
      ['grows', 6],
    ]);
    await grow('more, validated only', [['grows', 9]], { validateOnly: true });
    await grow('too many, validated only', [['grows', 20_000]], { validateOnly: true });
    await grow('two with an assignment', [['grows', 6, [[1], [1]]]]);
    await ready(side, 'grows', 6);
    await grow('an assignment for too few', [['grows', 8, [[1]]]]);
    await grow('an assignment for too many', [['grows', 7, [[1], [1]]]]);
    await grow('an assignment to an unknown broker', [['grows', 7, [[9]]]]);
    await grow('an assignment twice to one broker', [['grows', 7, [[1, 1]]]]);
    await grow('an assignment without a broker', [['grows', 7, [[]]]]);
    await grow('an empty assignment', [['grows', 7, []]]);
  },
};

export const deletionScenario: Scenario = {
  area: 'topics are deleted',
  async run(side) {
    const ids: Record<string, string> = {};
    for (const name of ['by-name', 'by-id', 'twice', 'old', 'kept']) ids[name] = await setUpTopic(side, name);
    const remove = (
      what: string,
      topics: readonly (readonly [name: string | null, id?: string | undefined])[],
      version = 6,
    ) =>
      side.ask(what, deleteTopicsApi, version, {
        topics: topics.map(([name, topicId = NIL_UUID]) => ({ name, topicId })),
        timeoutMs: 5000,
      });
    await remove('names that nobody has', [['none'], ['']]);
    await remove('an id that nobody has', [[null, NOBODYS_ID]]);
    await remove('a name and an id', [['kept', ids.kept]]);
    await remove('neither a name nor an id', [[null]]);
    await remove('an id twice', [
      [null, ids.twice],
      [null, ids.twice],
    ]);
    await remove('a topic by id and by name', [[null, ids.twice], ['twice']]);
    await remove('by name', [['by-name']]);
    await gone(side, 'by-name');
    side.call(ids['by-id'], 'the id');
    await remove('by id', [[null, ids['by-id']]]);
    await gone(side, 'by-id');
    await remove('what is gone', [[null, ids['by-id']]]);
    await remove('nothing', []);
    await old(side);
  },
};

async function old(side: Side): Promise<void> {
  for (const version of [1, 3, 4, 5]) {
    await side.ask('names that nobody has', deleteTopicsApi, version, { topicNames: ['none', 'a b'], timeoutMs: 5000 });
    await side.ask('a name twice', deleteTopicsApi, version, { topicNames: ['old', 'old'], timeoutMs: 5000 });
  }
  await side.ask('by name', deleteTopicsApi, 1, { topicNames: ['old'], timeoutMs: 5000 });
}
