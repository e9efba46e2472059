import { ErrorCode } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../../../adapters/broker/store/store-error.js';
import type { OffsetCommitResponseInit, OffsetFetchResponseInit } from '../../../../src/protocol/index.js';
import { contextOf, groupBench, type GroupBench } from '../../../support/group-kit.js';
import { heartbeat, join, settled, stableGroup, subscription } from '../../../support/group-member.js';

interface CommitOptions {
  readonly groupId?: string;
  readonly apiVersion?: number;
  readonly memberId?: string;
  readonly instanceId?: string | null;
  readonly generation?: number;
  readonly metadata?: string | null;
  readonly retentionTimeMs?: bigint;
  readonly topicId?: string;
}

const NO_ID = '00000000-0000-0000-0000-000000000000';

function commit(
  bench: GroupBench,
  topic: string,
  offsets: Readonly<Record<number, number>>,
  options: CommitOptions = {},
) {
  const { groupId = 'g', apiVersion = 8, memberId = '', instanceId = null, generation = -1, metadata = null } = options;
  const request = {
    groupId,
    memberId,
    groupInstanceId: instanceId,
    generationIdOrMemberEpoch: generation,
    retentionTimeMs: options.retentionTimeMs ?? -1n,
    topics: [
      {
        name: topic,
        topicId: options.topicId ?? NO_ID,
        partitions: Object.entries(offsets).map(([index, offset]) => ({
          partitionIndex: Number(index),
          committedOffset: BigInt(offset),
          committedLeaderEpoch: 3,
          committedMetadata: metadata,
        })),
      },
    ],
  };
  return bench.methods.offsetCommit(request, contextOf(apiVersion));
}

function codes(response: ReturnType<typeof commit>): number[] | undefined {
  return (response as OffsetCommitResponseInit).topics[0]?.partitions.map(({ errorCode }) => errorCode);
}

/** Committed offsets by partition: `offset`, or the error's code in brackets. */
function fetch(bench: GroupBench, topic: string, partitions: readonly number[], requireStable = false, groupId = 'g') {
  const topics = [{ name: topic, topicId: NO_ID, partitionIndexes: [...partitions] }];
  const group = { groupId, memberId: null, memberEpoch: -1, topics };
  const request = { groupId: '', topics: null, groups: [group], requireStable };
  const { groups } = bench.methods.offsetFetch(request, contextOf(9)) as OffsetFetchResponseInit;
  return groups?.[0]?.topics[0]?.partitions.map(({ committedOffset, errorCode }) =>
    errorCode === 0 ? Number(committedOffset) : [errorCode],
  );
}

describe('OffsetCommit', () => {
  test('of a client that is no member makes a group without a protocol, and is there at once', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 2);
    expect(codes(commit(bench, 't', { 0: 5, 1: 6 }))).toEqual([0, 0]);
    expect(fetch(bench, 't', [0, 1])).toEqual([5, 6]);
    const { groups } = (await bench.methods.listGroups({ statesFilter: [], typesFilter: [] }, contextOf(5))) as never;
    expect(groups).toEqual([{ groupId: 'g', protocolType: '', groupState: 'Empty', groupType: 'classic' }]);
  });

  test('keeps leader epoch and metadata', async () => {
    const bench = await groupBench();
    const topic = bench.addTopic('t', 1);
    commit(bench, '', { 0: 5 }, { apiVersion: 10, topicId: topic.id, metadata: 'méta' });
    const groups = [
      {
        groupId: 'g',
        memberId: null,
        memberEpoch: -1,
        topics: [{ name: '', topicId: topic.id, partitionIndexes: [0] }],
      },
    ];
    const request = { groupId: '', topics: null, groups, requireStable: false };
    const answer = (await bench.methods.offsetFetch(request, contextOf(10))).groups?.[0];
    expect(answer?.topics[0]).toMatchObject({ topicId: topic.id });
    expect(answer?.topics[0]?.partitions).toEqual([
      { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: 3, metadata: 'méta', errorCode: 0 },
    ]);
  });

  test('is refused for topics and partitions that are not there, and these say nothing of the group', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    const bad = { generation: 7 };
    expect(codes(commit(bench, 'x', { 0: 5 }, bad))).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
    expect(codes(commit(bench, 't', { 0: 5, 1: 5 }, bad))).toEqual([
      ErrorCode.ILLEGAL_GENERATION,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    expect(codes(commit(bench, '', { 0: 5 }, { apiVersion: 10, topicId: NO_ID }))).toEqual([
      ErrorCode.UNKNOWN_TOPIC_ID,
    ]);
    expect(codes(commit(bench, 't', { '-1': 5 }))).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
  });

  test('of a member of a group that is not there has a code of its own from version 9 on', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    const options = { memberId: 'x', generation: 1 };
    expect(codes(commit(bench, 't', { 0: 5 }, { ...options, apiVersion: 8 }))).toEqual([ErrorCode.ILLEGAL_GENERATION]);
    expect(codes(commit(bench, 't', { 0: 5 }, { ...options, apiVersion: 9 }))).toEqual([ErrorCode.GROUP_ID_NOT_FOUND]);
  });

  test('is checked against members and generation', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    const { ids } = await stableGroup(bench, 'g', [{ instanceId: 'a', apiVersion: 5 }]);
    const [memberId = ''] = ids;
    const commitAs = (options: CommitOptions) => codes(commit(bench, 't', { 0: 5 }, options))?.[0];
    expect(commitAs({})).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(commitAs({ memberId: 'x', generation: 1 })).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(commitAs({ memberId: 'x', generation: 1, instanceId: 'a' })).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(commitAs({ memberId, generation: 2 })).toBe(ErrorCode.ILLEGAL_GENERATION);
    expect(commitAs({ memberId, generation: 1, instanceId: 'a' })).toBe(ErrorCode.NONE);
    join(bench, 'g');
    expect(commitAs({ memberId, generation: 1 })).toBe(ErrorCode.NONE);
    const back = join(bench, 'g', { memberId, instanceId: 'a' });
    await settled();
    expect(back.response?.generationId).toBe(2);
    expect(commitAs({ memberId, generation: 2 })).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  });

  test('shows that the member is alive', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    const { ids } = await stableGroup(bench, 'g');
    const [memberId = ''] = ids;
    for (let round = 0; round < 4; round++) {
      bench.clock.turn(6_000);
      commit(bench, 't', { 0: round }, { memberId, generation: 1 });
    }
    expect(heartbeat(bench, 'g', memberId, 1)).toBe(ErrorCode.NONE);
  });

  test('is refused with longer metadata than offset.metadata.max.bytes, for that partition', async () => {
    const bench = await groupBench({ 'offset.metadata.max.bytes': 4 });
    bench.addTopic('t', 1);
    expect(codes(commit(bench, 't', { 0: 1 }, { metadata: '12345' }))).toEqual([ErrorCode.OFFSET_METADATA_TOO_LARGE]);
    expect(codes(commit(bench, 't', { 0: 1 }, { metadata: '1234' }))).toEqual([ErrorCode.NONE]);
  });

  test('is answered once it is stored, and seen from then on', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 2);
    commit(bench, 't', { 0: 1 });
    const stores: (() => void)[] = [];
    bench.onPut = () => new Promise((resolve) => stores.push(resolve));
    const first = commit(bench, 't', { 0: 2, 1: 2 });
    const second = commit(bench, 't', { 0: 3 });
    expect(fetch(bench, 't', [0, 1])).toEqual([1, -1]);
    expect(fetch(bench, 't', [0, 1], true)).toEqual([
      [ErrorCode.UNSTABLE_OFFSET_COMMIT],
      [ErrorCode.UNSTABLE_OFFSET_COMMIT],
    ]);
    // However late an earlier one is told of, it does not come over a later one.
    stores[2]?.();
    await second;
    stores[0]?.();
    stores[1]?.();
    expect(codes(await first)).toEqual([0, 0]);
    expect(fetch(bench, 't', [0, 1], true)).toEqual([3, 2]);
  });

  test('that is not stored is an error, and leaves what was there', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 2);
    commit(bench, 't', { 0: 1 });
    bench.onPut = () => Promise.reject(new StoreError('OUTCOME_UNKNOWN', 'as told'));
    expect(codes(await commit(bench, 't', { 0: 2, 1: 2 }))).toEqual([
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ]);
    bench.onPut = () => {
      throw new Error('a bug');
    };
    expect(codes(await commit(bench, 't', { 0: 2 }))).toEqual([ErrorCode.UNKNOWN_SERVER_ERROR]);
    expect(fetch(bench, 't', [0, 1], true)).toEqual([1, -1]);
  });
});

describe('OffsetFetch', () => {
  test('finds all that a group has committed when it is asked for nothing in particular', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 2);
    const gone = bench.addTopic('u', 1);
    commit(bench, 't', { 0: 5, 1: 6 });
    commit(bench, 'u', { 0: 7 });
    const group = (groupId: string) => ({ groupId, memberId: null, memberEpoch: -1, topics: null });
    const request = { groupId: '', topics: null, groups: [group('g'), group('h')], requireStable: false };
    const { groups } = await bench.methods.offsetFetch(request, contextOf(8));
    expect(groups?.map(({ topics }) => topics.map(({ name, partitions }) => [name, partitions.length]))).toEqual([
      [
        ['t', 2],
        ['u', 1],
      ],
      [],
    ]);
    bench.deleteTopic(gone);
    const again = await bench.methods.offsetFetch(request, contextOf(8));
    expect(again.groups?.[0]?.topics).toHaveLength(1);
  });

  test('says -1 without an error for what was never committed, whatever the group and the topic', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    expect(fetch(bench, 't', [0, 9])).toEqual([-1, -1]);
    expect(fetch(bench, 'unknown', [0])).toEqual([-1]);
  });

  test('says UNKNOWN_TOPIC_ID for an id that is none of a topic', async () => {
    const bench = await groupBench();
    const topics = [{ name: '', topicId: NO_ID, partitionIndexes: [0] }];
    const groups = [{ groupId: 'g', memberId: null, memberEpoch: -1, topics }];
    const request = { groupId: '', topics: null, groups, requireStable: false };
    const answer = await bench.methods.offsetFetch(request, contextOf(10));
    expect(answer.groups?.[0]?.topics[0]?.partitions[0]).toMatchObject({
      errorCode: ErrorCode.UNKNOWN_TOPIC_ID,
      committedOffset: -1n,
    });
  });

  test('is of one group before version 8', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    commit(bench, 't', { 0: 5 }, { metadata: 'm' });
    const topics = [{ name: 't', partitionIndexes: [0] }];
    const request = { groupId: 'g', topics, groups: [], requireStable: false };
    expect(bench.methods.offsetFetch(request, contextOf(7))).toEqual({
      errorCode: 0,
      topics: [
        {
          name: 't',
          partitions: [
            { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: 3, metadata: 'm', errorCode: 0 },
          ],
        },
      ],
    });
    const everything = await bench.methods.offsetFetch({ ...request, topics: null }, contextOf(7));
    expect(everything.topics).toHaveLength(1);
    bench.coordinator = () => 2;
    expect(() => bench.methods.offsetFetch(request, contextOf(7))).toThrow(
      expect.objectContaining({ errorCode: ErrorCode.NOT_COORDINATOR }),
    );
  });

  test('says of each group by itself whether this broker coordinates it', async () => {
    const bench = await groupBench();
    bench.coordinator = (groupId) => (groupId === 'g' ? 1 : 2);
    const group = (groupId: string) => ({ groupId, memberId: null, memberEpoch: -1, topics: null });
    const request = { groupId: '', topics: null, groups: [group('g'), group('h')], requireStable: true };
    const { groups } = await bench.methods.offsetFetch(request, contextOf(8));
    expect(groups?.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.NONE, ErrorCode.NOT_COORDINATOR]);
  });
});

describe('OffsetDelete', () => {
  const remove = (bench: GroupBench, topic: string, partitions: readonly number[], groupId = 'g') =>
    bench.methods.offsetDelete(
      { groupId, topics: [{ name: topic, partitions: partitions.map((partitionIndex) => ({ partitionIndex })) }] },
      contextOf(0),
    );

  test('forgets offsets, in the store as well', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 2);
    commit(bench, 't', { 0: 5, 1: 6 });
    expect(await remove(bench, 't', [0, 7])).toEqual({
      errorCode: 0,
      topics: [
        {
          name: 't',
          partitions: [
            { partitionIndex: 0, errorCode: 0 },
            { partitionIndex: 7, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
          ],
        },
      ],
    });
    await bench.restart();
    expect(fetch(bench, 't', [0, 1])).toEqual([-1, 6]);
  });

  test('refuses topics that a member subscribes to', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    bench.addTopic('u', 1);
    const { ids } = await stableGroup(bench, 'g', [{ protocols: [['range', subscription('t')]] }]);
    const as = { memberId: ids[0] ?? '', generation: 1 };
    commit(bench, 't', { 0: 5 }, as);
    commit(bench, 'u', { 0: 5 }, as);
    expect((await remove(bench, 't', [0])).topics[0]?.partitions[0]?.errorCode).toBe(
      ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
    );
    expect((await remove(bench, 'u', [0])).topics[0]?.partitions[0]?.errorCode).toBe(ErrorCode.NONE);
    expect([fetch(bench, 't', [0]), fetch(bench, 'u', [0])]).toEqual([[5], [-1]]);
  });

  test('is refused where nobody can say what members subscribe to, and for groups that are not there', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    await stableGroup(bench, 'connect', [{ protocolType: 'connect' }]);
    await stableGroup(bench, 'odd', [{ protocols: [['range', 'no subscription']] }]);
    const refused = async (groupId: string) => (await remove(bench, 't', [0], groupId)).errorCode;
    expect(await refused('connect')).toBe(ErrorCode.NON_EMPTY_GROUP);
    expect(await refused('')).toBe(ErrorCode.INVALID_GROUP_ID);
    expect(await refused('none')).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    expect((await remove(bench, 't', [0], 'odd')).topics[0]?.partitions[0]?.errorCode).toBe(
      ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
    );
    bench.coordinator = () => 2;
    expect(await remove(bench, 't', [0])).toEqual({ errorCode: ErrorCode.NOT_COORDINATOR, topics: [] });
  });

  test('that the store refuses is an error', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    commit(bench, 't', { 0: 5 });
    bench.onPut = () => Promise.reject(new StoreError('UNAVAILABLE', 'as told'));
    expect(await remove(bench, 't', [0])).toEqual({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, topics: [] });
  });
});
