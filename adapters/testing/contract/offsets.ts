import assert from 'node:assert/strict';
import { offsetCommitApi, offsetDeleteApi, offsetFetchApi } from '../../../src/protocol/index.js';
import type { WireClient } from '../wire-client.js';
import { type Bench, type BenchTopic, eventually, isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { newGroup, soleMember } from './members.js';

/** From these versions on topics go by their ids. */
const COMMIT_BY_ID = 10;
const FETCH_BY_ID = 10;
/** From this version on OffsetFetch takes several groups. */
const GROUPS_FROM = 8;

export interface CommitOptions {
  readonly partition?: number;
  readonly memberId?: string;
  readonly generationId?: number;
  readonly metadata?: string | null;
  readonly version?: number;
}

/** Commits an offset, and gives the error code of the partition. */
export async function commit(
  client: WireClient,
  groupId: string,
  topic: BenchTopic,
  offset: number,
  options: CommitOptions = {},
): Promise<number | undefined> {
  const { partition = 0, memberId = '', generationId = -1, metadata = null } = options;
  const version = options.version ?? client.version(offsetCommitApi);
  const named = version >= COMMIT_BY_ID ? { topicId: topic.id } : { name: topic.name };
  const partitions = [{ partitionIndex: partition, committedOffset: BigInt(offset), committedMetadata: metadata }];
  const topics = [{ ...named, partitions }];
  const request = { groupId, memberId, generationIdOrMemberEpoch: generationId, topics };
  return (await client.send(offsetCommitApi, request, version)).topics[0]?.partitions[0]?.errorCode;
}

/** What is committed for partitions of a topic: offset and metadata of each. */
export async function committed(
  client: WireClient,
  groupId: string,
  topic: BenchTopic,
  {
    partitions = [0],
    version = client.version(offsetFetchApi),
  }: { readonly partitions?: readonly number[]; readonly version?: number } = {},
): Promise<[offset: number, metadata: string | null][]> {
  const named = version >= FETCH_BY_ID ? { topicId: topic.id } : { name: topic.name };
  const topics = [{ ...named, partitionIndexes: partitions }];
  const what = `OffsetFetch v${String(version)}`;
  const request =
    version >= GROUPS_FROM
      ? { groups: [{ groupId, topics }] }
      : { groupId, topics: [{ name: topic.name, partitionIndexes: partitions }] };
  const answer = await client.send(offsetFetchApi, request, version);
  const group = version >= GROUPS_FROM ? answer.groups[0] : answer;
  isCode(group?.errorCode, 'NONE', what);
  const found = group?.topics[0]?.partitions ?? [];
  return found.map(({ errorCode, committedOffset, metadata }) => {
    isCode(errorCode, 'NONE', what);
    return [Number(committedOffset), metadata];
  });
}

/** A group that has no members, and a topic. */
async function setUp(bench: Bench): Promise<{ readonly groupId: string; readonly topic: BenchTopic }> {
  return { groupId: await newGroup(bench), topic: await bench.topic({ partitions: 2 }) };
}

export const offsetCases: readonly CaseDefinition[] = [
  {
    name: 'what is committed is found, at every version of both',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      for (const version of bench.client.versions(offsetCommitApi)) {
        const code = await commit(bench.client, groupId, topic, version, { version, metadata: `m${String(version)}` });
        isCode(code, 'NONE', `OffsetCommit v${String(version)}`);
        const [found] = await committed(bench.client, groupId, topic);
        assert.deepEqual(found, [version, `m${String(version)}`], 'OffsetFetch has not what was committed last');
      }
      const [last] = await committed(bench.client, groupId, topic);
      for (const version of bench.client.versions(offsetFetchApi)) {
        const found = await committed(bench.client, groupId, topic, { partitions: [0, 1], version });
        assert.deepEqual(found, [last, [-1, '']], `OffsetFetch v${String(version)}`);
      }
    },
  },
  {
    name: 'all offsets of several groups are found in one request',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      const other = await newGroup(bench);
      isCode(await commit(bench.client, groupId, topic, 5, { partition: 1 }), 'NONE', 'OffsetCommit');
      isCode(await commit(bench.client, other, topic, 7), 'NONE', 'OffsetCommit');
      const groups = [groupId, other].map((id) => ({ groupId: id, topics: null }));
      const answer = await bench.client.send(offsetFetchApi, { groups });
      const found = answer.groups.map(({ topics }) =>
        topics.flatMap((each) => each.partitions.map((one) => [one.partitionIndex, Number(one.committedOffset)])),
      );
      assert.deepEqual(found, [[[1, 5]], [[0, 7]]], 'OffsetFetch of all topics of two groups');
    },
  },
  {
    name: 'a member commits for its generation, and for no other',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      const { client, memberId, generationId } = await soleMember(bench, groupId);
      isCode(await commit(client, groupId, topic, 1, { memberId, generationId }), 'NONE', 'OffsetCommit of a member');
      const old = await commit(client, groupId, topic, 2, { memberId, generationId: generationId - 1 });
      isCode(old, 'ILLEGAL_GENERATION', 'OffsetCommit of an old generation');
      const nobody = await commit(client, groupId, topic, 3, { memberId: 'nobody', generationId });
      isCode(nobody, 'UNKNOWN_MEMBER_ID', 'OffsetCommit of nobody');
      isCode(
        await commit(client, groupId, topic, 4),
        'UNKNOWN_MEMBER_ID',
        'OffsetCommit of a client that is no member',
      );
      assert.deepEqual(await committed(client, groupId, topic), [[1, '']], 'a refused offset was committed');
    },
  },
  {
    name: 'offsets of topics and partitions that nobody has are refused',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      const nowhere = { name: bench.name('none'), id: '9b2f6a0e-1c4d-4e8f-9a3b-5d7c8e0f1a2b' };
      for (const version of bench.client.versions(offsetCommitApi)) {
        const expected = version >= COMMIT_BY_ID ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION';
        const code = await commit(bench.client, groupId, nowhere, 1, { version });
        isCode(code, expected, `OffsetCommit v${String(version)} of no topic`);
      }
      const code = await commit(bench.client, groupId, topic, 1, { partition: 2 });
      isCode(code, 'UNKNOWN_TOPIC_OR_PARTITION', 'OffsetCommit of partition 2 of 2');
    },
  },
  {
    name: 'metadata longer than offset.metadata.max.bytes is refused',
    needs: ['brokerConfigs'],
    config: { 'offset.metadata.max.bytes': 10 },
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      const code = await commit(bench.client, groupId, topic, 1, { metadata: 'x'.repeat(11) });
      isCode(code, 'OFFSET_METADATA_TOO_LARGE', 'OffsetCommit with 11 bytes of metadata');
      isCode(await commit(bench.client, groupId, topic, 1, { metadata: 'x'.repeat(10) }), 'NONE', 'OffsetCommit');
    },
  },
  {
    name: 'offsets are deleted, but not while a member is subscribed',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      for (const partition of [0, 1]) {
        isCode(await commit(bench.client, groupId, topic, 5, { partition }), 'NONE', 'OffsetCommit');
      }
      const remove = async (id: string): Promise<number | undefined> => {
        const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }];
        const { errorCode, topics: answered } = await bench.client.send(offsetDeleteApi, { groupId: id, topics });
        return errorCode !== 0 ? errorCode : answered[0]?.partitions[0]?.errorCode;
      };
      isCode(await remove(bench.name('none')), 'GROUP_ID_NOT_FOUND', 'OffsetDelete of no group');
      isCode(await remove(groupId), 'NONE', 'OffsetDelete');
      const left = await committed(bench.client, groupId, topic, { partitions: [0, 1] });
      assert.deepEqual(
        left,
        [
          [-1, ''],
          [5, ''],
        ],
        'other offsets are left',
      );
    },
  },
  {
    name: 'the offsets of a topic go with it',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      isCode(await commit(bench.client, groupId, topic, 5), 'NONE', 'OffsetCommit');
      await bench.deleteTopic(topic);
      const version = bench.client.version(offsetFetchApi, FETCH_BY_ID - 1);
      await eventually(async () => {
        const found = await committed(bench.client, groupId, topic, { version });
        assert.deepEqual(found, [[-1, '']], 'the offset of a topic that was deleted is still there');
      });
    },
  },
];
