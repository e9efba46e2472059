import assert from 'node:assert/strict';
import { offsetCommitApi, offsetDeleteApi, offsetFetchApi } from '../../../src/protocol/index.js';
import type { WireClient } from '../../../src/wire-client/index.js';
import { type Bench, type BenchTopic, isCode, later } from './bench.js';
import type { CaseDefinition } from './case.js';
import { listed } from './group-requests.js';
import { join, newGroup, pair, rebalancing, soleMember, sync } from './members.js';

/** First versions that identify topics by id. */
const COMMIT_BY_ID = 10;
const FETCH_BY_ID = 10;
/** A version in which a commit has a retention time (removed by KIP-211). */
const RETENTION_TIME_IN = 4;
/** First version of OffsetFetch with several groups. */
const GROUPS_FROM = 8;

export interface CommitOptions {
  readonly partition?: number;
  readonly memberId?: string;
  readonly generationId?: number;
  readonly instanceId?: string;
  readonly metadata?: string | null;
  /** Only in versions 2 to 4. */
  readonly retentionTimeMs?: number;
  readonly version?: number;
}

/** Commits an offset and returns the error code of the partition. */
export async function commit(
  client: WireClient,
  groupId: string,
  topic: BenchTopic,
  offset: number,
  options: CommitOptions = {},
): Promise<number | undefined> {
  const { partition = 0, memberId = '', generationId = -1, metadata = null, instanceId, retentionTimeMs } = options;
  const version = options.version ?? client.version(offsetCommitApi);
  const named = version >= COMMIT_BY_ID ? { topicId: topic.id } : { name: topic.name };
  const partitions = [{ partitionIndex: partition, committedOffset: BigInt(offset), committedMetadata: metadata }];
  const topics = [{ ...named, partitions }];
  const request = {
    groupId,
    memberId,
    generationIdOrMemberEpoch: generationId,
    topics,
    ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
    ...(retentionTimeMs === undefined ? {} : { retentionTimeMs: BigInt(retentionTimeMs) }),
  };
  return (await client.send(offsetCommitApi, request, version)).topics[0]?.partitions[0]?.errorCode;
}

/** Returns the committed offset and metadata of partitions of a topic. */
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

/** Deletes the offset of a partition and returns the error code of the group or the partition. */
export async function deleteOffset(
  bench: Bench,
  groupId: string,
  topic: BenchTopic,
  partition = 0,
): Promise<number | undefined> {
  const request = { groupId, topics: [{ name: topic.name, partitions: [{ partitionIndex: partition }] }] };
  const { errorCode, topics } = await bench.client.send(offsetDeleteApi, request);
  return errorCode !== 0 ? errorCode : topics[0]?.partitions[0]?.errorCode;
}

/** Returns a group without members, and a topic. */
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
    name: 'a member commits while its group rebalances, but not before it has its assignment',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      const [leader] = await pair(bench, groupId);
      const early = await commit(leader.client, groupId, topic, 1, leader);
      isCode(early, 'REBALANCE_IN_PROGRESS', 'OffsetCommit before SyncGroup');
      isCode((await sync(leader.client, groupId, leader)).errorCode, 'NONE', 'SyncGroup');
      // The rebalance waits for the other two members, which do not join.
      void later(join(bench.client, groupId));
      await rebalancing(bench, groupId, leader);
      isCode(await commit(leader.client, groupId, topic, 2, leader), 'NONE', 'OffsetCommit during a rebalance');
      const found = await committed(leader.client, groupId, topic);
      assert.deepEqual(found, [[2, '']], 'another offset is committed');
    },
  },
  {
    name: 'offsets are deleted, but not while a member is subscribed',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      for (const partition of [0, 1]) {
        isCode(await commit(bench.client, groupId, topic, 5, { partition }), 'NONE', 'OffsetCommit');
      }
      isCode(await deleteOffset(bench, bench.name('none'), topic), 'GROUP_ID_NOT_FOUND', 'OffsetDelete of no group');
      isCode(await deleteOffset(bench, groupId, topic), 'NONE', 'OffsetDelete');
      const left = [
        [-1, ''],
        [5, ''],
      ];
      const found = await committed(bench.client, groupId, topic, { partitions: [0, 1] });
      assert.deepEqual(found, left, 'other offsets are left');
      await soleMember(bench, groupId, { topics: [topic.name] });
      const subscribed = await deleteOffset(bench, groupId, topic, 1);
      isCode(subscribed, 'GROUP_SUBSCRIBED_TO_TOPIC', 'OffsetDelete of a topic that a member is subscribed to');
      const kept = await committed(bench.client, groupId, topic, { partitions: [0, 1] });
      assert.deepEqual(kept, left, 'a refused request deleted an offset');
    },
  },
  {
    name: 'offsets of a group with members that are no consumers are not deleted',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      await soleMember(bench, groupId, { protocolType: 'connect' });
      isCode(await deleteOffset(bench, groupId, topic), 'NON_EMPTY_GROUP', 'OffsetDelete');
    },
  },
  {
    name: 'offsets expire with their group, but not those of topics that a member is subscribed to',
    needs: ['brokerConfigs'],
    config: { 'offsets.retention.check.interval.ms': 100 },
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      const idle = await newGroup(bench);
      const other = await bench.topic();
      const options = { version: RETENTION_TIME_IN, retentionTimeMs: 1 };
      const member = await soleMember(bench, groupId, { topics: [topic.name] });
      for (const each of [topic, other]) {
        isCode(await commit(bench.client, groupId, each, 5, { ...options, ...member }), 'NONE', 'OffsetCommit');
      }
      isCode(await commit(bench.client, idle, topic, 5, options), 'NONE', 'OffsetCommit');
      await bench.eventually(async () => {
        const found = await committed(bench.client, groupId, other);
        assert.deepEqual(found, [[-1, '']], 'an offset whose time is over is still there');
        assert.equal(await listed(bench, idle), undefined, 'a group whose offsets are over is still there');
      });
      const kept = await committed(bench.client, groupId, topic);
      assert.deepEqual(kept, [[5, '']], 'the offset of a topic that a member is subscribed to is gone');
    },
  },
  {
    name: 'the offsets of a topic go with it',
    async run(bench) {
      const { groupId, topic } = await setUp(bench);
      isCode(await commit(bench.client, groupId, topic, 5), 'NONE', 'OffsetCommit');
      await bench.deleteTopic(topic);
      const version = bench.client.version(offsetFetchApi, FETCH_BY_ID - 1);
      await bench.eventually(async () => {
        const found = await committed(bench.client, groupId, topic, { version });
        assert.deepEqual(found, [[-1, '']], 'the offset of a topic that was deleted is still there');
      });
    },
  },
];
