import {
  apiVersionsApi,
  deleteRecordsApi,
  describeClusterApi,
  describeLogDirsApi,
  describeTopicPartitionsApi,
  listOffsetsApi,
  metadataApi,
} from 'iggy-gateway-kafka/protocol';
import { batchOf } from '../../../support/log-requests.js';
import { software } from '../../../support/wire-client.js';
import { append } from '../records.js';
import { NOBODYS_ID, type Scenario } from '../side.js';
import { setUpTopic } from '../topic-setup.js';

export const metadataScenario: Scenario = {
  area: 'Metadata',
  async run(side) {
    const id = side.call(await setUpTopic(side, 'known', { numPartitions: 2 }), 'the id');
    for (let version = 0; version <= 13; version++) {
      await side.ask('a topic', metadataApi, version, { topics: [{ name: 'known' }] });
    }
    for (const version of [4, 8, 12]) {
      const topics = ['none', 'a b', '', 'x'.repeat(250)].map((name) => ({ name }));
      await side.ask('names that nobody has', metadataApi, version, { topics, allowAutoTopicCreation: false });
    }
    await side.ask('no topics', metadataApi, 1, { topics: [] });
    await side.ask('no topics', metadataApi, 13, { topics: [] });
    await side.ask('a topic twice', metadataApi, 12, { topics: [{ name: 'known' }, { name: 'known' }] });
    const ask = (what: string, version: number, topics: { name: string | null; topicId?: string }[]) =>
      side.ask(what, metadataApi, version, { topics, allowAutoTopicCreation: false });
    await ask('an id', 12, [{ name: null, topicId: id }]);
    await ask('an id that nobody has', 12, [{ name: null, topicId: NOBODYS_ID }]);
    await ask('a name and an id that nobody has', 12, [{ name: 'known' }, { name: null, topicId: NOBODYS_ID }]);
    await ask('neither a name nor an id', 12, [{ name: null }]);
    await ask('a name and its id', 12, [{ name: 'known', topicId: id }]);
    await ask('an id', 10, [{ name: null, topicId: id }]);
    await ask('a null name', 10, [{ name: null }]);
    for (const version of [8, 10]) {
      await side.ask('operations', metadataApi, version, {
        topics: [{ name: 'known' }, { name: 'none' }],
        allowAutoTopicCreation: false,
        includeTopicAuthorizedOperations: true,
        includeClusterAuthorizedOperations: true,
      });
    }
    for (const version of [0, 4, 12]) {
      const topics = [{ name: `made-by-v${version}` }];
      await side.ask('a topic to be made', metadataApi, version, { topics, allowAutoTopicCreation: true });
      await side.until(async () => (await side.send(metadataApi, 12, { topics })).topics[0]?.errorCode === 0);
      await side.ask('a topic that was made', metadataApi, version, { topics, allowAutoTopicCreation: true });
    }
    const bad = ['', 'a b', '..'].map((name) => ({ name }));
    await side.ask('bad names to be made', metadataApi, 12, { topics: bad, allowAutoTopicCreation: true });
  },
};

export const describeScenario: Scenario = {
  area: 'the cluster is described',
  async run(side) {
    for (const version of [0, 1, 2]) {
      await side.ask('brokers', describeClusterApi, version, { includeClusterAuthorizedOperations: true });
    }
    const { clusterId, controllerId: nodeId } = await side.send(describeClusterApi, 1, {
      includeClusterAuthorizedOperations: false,
    });
    // The answer to the right one lists what each of them serves.
    for (const [what, expected] of Object.entries({
      'another cluster': { clusterId: 'another', nodeId },
      'a cluster without a name': { clusterId: '', nodeId },
      'another node': { clusterId, nodeId: nodeId + 1 },
      'a node below -1': { clusterId, nodeId: -2 },
      'a cluster only': { clusterId },
      'a node only': { nodeId },
      'another cluster, by bad software': { clusterId: 'another', nodeId, clientSoftwareName: '' },
    })) {
      await side.ask(what, apiVersionsApi, 5, { ...software, ...expected });
    }
    for (const endpointType of [0, 2, 9]) {
      await side.ask(`endpoint type ${endpointType}`, describeClusterApi, 1, {
        endpointType,
        includeClusterAuthorizedOperations: false,
      });
    }
    for (const name of ['p', 'q', 'r']) side.call(await setUpTopic(side, name, { numPartitions: 3 }), `id of ${name}`);
    const describe = (what: string, names: readonly string[], rest: object = {}) =>
      side.ask(what, describeTopicPartitionsApi, 0, { topics: names.map((name) => ({ name })), ...rest });
    await describe('a topic', ['p']);
    await describe('a topic twice', ['p', 'p']);
    await describe('names that nobody has', ['none', 'a b', 'p']);
    await describe('no name', ['']);
    for (const limit of [-1, 0, 1, 3, 4, 6, 7]) {
      await describe(`at most ${limit}`, ['r', 'p', 'q'], { responsePartitionLimit: limit });
      await describe(`at most ${limit} with one that nobody has`, ['none', 'q', 'zzz'], {
        responsePartitionLimit: limit,
      });
    }
    for (const [topicName, partitionIndex] of [
      ['p', 1],
      ['p', 3],
      ['p', 99],
      ['p', -1],
      ['aa', 1],
      ['pp', 1],
      ['zz', 1],
      ['', 0],
    ] as const) {
      await describe(`from ${topicName}-${partitionIndex} on`, ['p', 'q'], { cursor: { topicName, partitionIndex } });
    }
  },
};

export const logDirScenario: Scenario = {
  area: 'log directories and records to delete',
  async run(side) {
    await setUpTopic(side, 'sized', { numPartitions: 2 });
    await append(side, 'sized', batchOf(['a', 'b', 'c']));
    for (const version of [1, 2, 3, 4, 5]) {
      for (const [what, topics] of Object.entries({
        'two partitions and one that is not there': [{ topic: 'sized', partitions: [0, 1, 77] }],
        'no topic': [{ topic: 'none', partitions: [0] }],
        nothing: [],
      })) {
        await side.ask(what, describeLogDirsApi, version, { topics });
      }
    }
    const remove = (what: string, name: string, partitionIndex: number, offset: number, version = 2) =>
      side.ask(what, deleteRecordsApi, version, {
        topics: [{ name, partitions: [{ partitionIndex, offset: BigInt(offset) }] }],
        timeoutMs: 2000,
      });
    for (const version of [0, 1, 2]) {
      await remove('nothing', 'sized', 0, 0, version);
      await remove('beyond the end', 'sized', 0, 4, version);
    }
    await remove('one record', 'sized', 0, 1);
    await remove('before the start', 'sized', 0, 0);
    await remove('to offset -2', 'sized', 0, -2);
    await remove('a partition that is not there', 'sized', 9, 0);
    await remove('partition -1', 'sized', -1, 0);
    await remove('a topic that is not there', 'none', 0, 0);
    await remove('all', 'sized', 0, -1);
    await remove('all of nothing', 'sized', 1, -1);
    const two = [1, 1].map((partitionIndex) => ({ partitionIndex, offset: 0n }));
    await side.ask('a partition twice', deleteRecordsApi, 2, {
      topics: [{ name: 'sized', partitions: two }],
      timeoutMs: 2000,
    });
    await setUpTopic(side, 'compacted', { configs: { 'cleanup.policy': 'compact' } });
    await setUpTopic(side, 'both', { configs: { 'cleanup.policy': 'compact,delete' } });
    await remove('of a compacted topic', 'compacted', 0, 0);
    await remove('of a topic that is compacted and deleted', 'both', 0, 0);
    const ends = [-2n, -1n].map((timestamp) => ({ partitionIndex: 0, timestamp }));
    for (const end of ends) {
      await side.ask(`what is left, ${end.timestamp}`, listOffsetsApi, 7, {
        replicaId: -1,
        topics: [{ name: 'sized', partitions: [end] }],
      });
    }
  },
};
