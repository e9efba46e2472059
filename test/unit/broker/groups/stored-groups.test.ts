import { ErrorCode, OptionError } from 'iggy-gateway-kafka';
import { describe, expect, test, vi } from 'vitest';
import { checkGroupLimits, type GroupLimits } from '../../../../adapters/broker/groups/limits.js';
import { StoreError } from '../../../../adapters/broker/store/store-error.js';
import type { OffsetFetchResponseInit } from '../../../../src/protocol/index.js';
import { contextOf, groupBench, type GroupBench } from '../../../support/group-kit.js';
import { heartbeat, join, stableGroup, stateOf, subscription, sync } from '../../../support/group-member.js';

const DAY_MS = 24 * 60 * 60 * 1000;

async function commit(
  bench: GroupBench,
  topic: string,
  { groupId = 'g', memberId = '', generation = -1, offset = 5n, retentionTimeMs = -1n } = {},
): Promise<number | undefined> {
  const partitions = [{ partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: 2, committedMetadata: 'm' }];
  const topics = [{ name: topic, topicId: '', partitions }];
  const request = { groupId, memberId, groupInstanceId: null, generationIdOrMemberEpoch: generation, retentionTimeMs };
  const answer = await bench.methods.offsetCommit({ ...request, topics }, contextOf(4));
  return answer.topics[0]?.partitions[0]?.errorCode;
}

/** What a group has committed, by topic. */
function committed(bench: GroupBench, groupId = 'g'): Record<string, unknown> {
  const request = { groupId, topics: null, groups: [], requireStable: false };
  const { topics } = bench.methods.offsetFetch(request, contextOf(7)) as OffsetFetchResponseInit;
  return Object.fromEntries(topics?.map(({ name, partitions }) => [name, partitions[0]?.committedOffset]) ?? []);
}

describe('over a restart', () => {
  test('members go on with their heartbeats, their generation and their assignment', async () => {
    const bench = await groupBench();
    const { ids, generation } = await stableGroup(bench, 'g', [{ instanceId: 'a', apiVersion: 5 }, {}]);
    await bench.restart();
    expect(stateOf(bench, 'g')).toBe('Stable');
    const [a = '', b = ''] = ids;
    expect(heartbeat(bench, 'g', a, generation, 'a')).toBe(ErrorCode.NONE);
    expect(heartbeat(bench, 'g', b, generation)).toBe(ErrorCode.NONE);
    expect(Buffer.from(sync(bench, 'g', b, generation).response?.assignment ?? []).toString()).toBe('1');
    expect(heartbeat(bench, 'g', b, generation, 'a')).toBe(ErrorCode.FENCED_INSTANCE_ID);
    // One that is not heard of again goes, and the next generation follows on the last.
    bench.clock.turn(9_000);
    heartbeat(bench, 'g', a, generation, 'a');
    bench.clock.turn(1_000);
    expect(heartbeat(bench, 'g', a, generation, 'a')).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    expect(join(bench, 'g', { memberId: a, instanceId: 'a' }).response).toMatchObject({
      generationId: generation + 1,
      leader: a,
    });
  });

  test('a static member comes back to what it had', async () => {
    const bench = await groupBench();
    await stableGroup(bench, 'g', [{ instanceId: 'a', apiVersion: 5 }, {}]);
    await bench.restart();
    const back = join(bench, 'g', { instanceId: 'a', apiVersion: 9 }).response;
    expect(back).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: true });
    await bench.restart();
    expect(heartbeat(bench, 'g', back?.memberId ?? '', 1, 'a')).toBe(ErrorCode.NONE);
  });

  test('committed offsets are there, those of groups without members and with odd names too', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    for (const groupId of ['g', '', 'a/b', 'ü/0']) expect(await commit(bench, 't', { groupId })).toBe(0);
    await bench.restart();
    for (const groupId of ['g', '', 'a/b', 'ü/0']) expect(committed(bench, groupId)).toEqual({ t: 5n });
  });

  test('an empty group keeps its generation', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g');
    await bench.methods.leaveGroup({ groupId: 'g', memberId: ids[0] ?? '', members: [] }, contextOf(2));
    await bench.restart();
    expect(stateOf(bench, 'g')).toBe('Empty');
    expect((await stableGroup(bench, 'g')).generation).toBe(3);
  });

  test('offsets of topics that are gone are dropped, and what cannot be read is left alone and told', async () => {
    const bench = await groupBench();
    const topic = bench.addTopic('t', 1);
    await commit(bench, 't');
    const [key = ''] = [...bench.stored.keys()];
    bench.stored.set('offset/00000000-0000-4000-8000-00000000ffff/0/g', bench.stored.get(key) ?? Buffer.alloc(0));
    bench.stored.set(`offset/${topic.id}/0/h`, Buffer.from([9]));
    bench.stored.set('group/odd', Buffer.from('odd'));
    bench.stored.set('group/new', Buffer.from('{"version":99}'));
    await bench.restart();
    expect([...bench.stored.keys()].sort()).toEqual([
      'group/new',
      'group/odd',
      `offset/${topic.id}/0/g`,
      `offset/${topic.id}/0/h`,
    ]);
    expect(bench.warnings).toHaveLength(3);
  });
});

describe('committed offsets expire (KIP-211)', () => {
  test('seven days after the group became empty, and with the last of them the group', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    const { ids } = await stableGroup(bench, 'g', [{ sessionTimeoutMs: 1_800_000 }]);
    await commit(bench, 't', { memberId: ids[0] ?? '', generation: 1 });
    for (let day = 0; day < 8; day++) {
      for (let beat = 0; beat < 96; beat++) {
        bench.clock.turn(DAY_MS / 96);
        expect(heartbeat(bench, 'g', ids[0] ?? '', 1)).toBe(ErrorCode.NONE);
      }
    }
    await bench.methods.leaveGroup({ groupId: 'g', memberId: ids[0] ?? '', members: [] }, contextOf(2));
    bench.clock.turn(7 * DAY_MS - 600_000);
    expect(committed(bench)).toEqual({ t: 5n });
    bench.clock.turn(1_200_000);
    expect(committed(bench)).toEqual({});
    expect(stateOf(bench, 'g')).toBe('Dead');
    expect(bench.stored.size).toBe(0);
  });

  test('each by itself where nobody was ever a member', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    bench.addTopic('u', 1);
    await commit(bench, 't');
    bench.clock.turn(DAY_MS);
    await commit(bench, 'u');
    bench.clock.turn(6 * DAY_MS + 600_000);
    expect(committed(bench)).toEqual({ u: 5n });
  });

  test('of topics that no member of a stable group subscribes to any more', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    bench.addTopic('u', 1);
    const { ids } = await stableGroup(bench, 'g', [
      { sessionTimeoutMs: 1_800_000, protocols: [['range', subscription('t')]] },
    ]);
    const as = { memberId: ids[0] ?? '', generation: 1 };
    await commit(bench, 't', as);
    await commit(bench, 'u', as);
    for (let beat = 0; beat < 8 * 96; beat++) {
      bench.clock.turn(DAY_MS / 96);
      heartbeat(bench, 'g', ids[0] ?? '', 1);
    }
    expect(committed(bench)).toEqual({ t: 5n });
  });

  test('when the client said, where it did (until version 4)', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    await commit(bench, 't', { retentionTimeMs: 60_000n });
    bench.clock.turn(600_000);
    expect(committed(bench)).toEqual({});
  });

  test('not while members come and go, or speak another protocol', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    const { ids } = await stableGroup(bench, 'g', [{ sessionTimeoutMs: 1_800_000, protocolType: 'connect' }]);
    await commit(bench, 't', { memberId: ids[0] ?? '', generation: 1, retentionTimeMs: 1n });
    bench.clock.turn(1_200_000);
    expect(committed(bench)).toEqual({ t: 5n });
  });

  test('with their topic', async () => {
    const bench = await groupBench();
    const topic = bench.addTopic('t', 1);
    bench.addTopic('u', 1);
    await commit(bench, 't');
    await commit(bench, 'u');
    bench.deleteTopic(topic);
    expect(committed(bench)).toEqual({ u: 5n });
    expect(bench.stored.size).toBe(1);
    await bench.close();
    bench.deleteTopic(topic);
  });

  test('and a store that fails meanwhile is told', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    await commit(bench, 't');
    bench.onPut = () => {
      throw new StoreError('UNAVAILABLE', 'as told');
    };
    bench.clock.turn(8 * DAY_MS);
    await vi.waitFor(() => expect(bench.warnings[0]).toMatch(/could not delete/));
  });
});

describe('limits', () => {
  test.each([
    ['groups', 1],
    ['members', 1],
    ['memberBytes', 7],
    ['bytes', 15],
  ] as const)('on %s refuse a member with POLICY_VIOLATION', async (limit, value) => {
    const bench = await groupBench({}, { [limit]: value });
    join(bench, 'first', { apiVersion: 3 });
    const second = join(bench, 'second', { apiVersion: 3 });
    expect(second.response?.errorCode).toBe(ErrorCode.POLICY_VIOLATION);
    if (limit !== 'memberBytes') expect(bench.warnings[0]).toContain(`'${limit}'`);
  });

  test('leave those who are members already alone, and are given back by those who go', async () => {
    const bench = await groupBench({}, { members: 2, bytes: 18 });
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    const [a = '', b = ''] = ids;
    expect(join(bench, 'g', { apiVersion: 4 }).response?.errorCode).toBe(ErrorCode.POLICY_VIOLATION);
    join(bench, 'g', { memberId: b, protocols: [['range', 'metaData']] });
    expect(join(bench, 'g', { memberId: a }).response?.errorCode).toBe(ErrorCode.NONE);
    await bench.methods.leaveGroup({ groupId: 'g', memberId: b, members: [] }, contextOf(2));
    const given = join(bench, 'g', { apiVersion: 4 }).response;
    expect(given?.errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
    expect(join(bench, 'g', { apiVersion: 4, memberId: given?.memberId ?? '' }).response).toBeUndefined();
  });

  test('on bytes hold for assignments', async () => {
    const bench = await groupBench({ 'group.initial.rebalance.delay.ms': 0 }, { bytes: 10 });
    const { memberId = '' } = join(bench, 'g').response ?? {};
    const answer = sync(bench, 'g', memberId, 1, { assignments: { [memberId]: 'long' } });
    expect(answer.response?.errorCode).toBe(ErrorCode.POLICY_VIOLATION);
  });

  test('on groups and offsets hold for OffsetCommit', async () => {
    const bench = await groupBench({}, { groups: 1, offsets: 1 });
    bench.addTopic('t', 1);
    bench.addTopic('u', 1);
    expect(await commit(bench, 't')).toBe(ErrorCode.NONE);
    expect(await commit(bench, 't')).toBe(ErrorCode.NONE);
    expect(await commit(bench, 'u')).toBe(ErrorCode.INVALID_COMMIT_OFFSET_SIZE);
    expect(await commit(bench, 't', { groupId: 'other' })).toBe(ErrorCode.POLICY_VIOLATION);
  });

  test('that are none are an error that names them', () => {
    expect(() => checkGroupLimits({ groups: -1 })).toThrow(OptionError);
    expect(() => checkGroupLimits({ groups: 1.5 })).toThrow(/groups\.groups is 1\.5/);
    expect(() => checkGroupLimits({ group: 1 } as Partial<GroupLimits>)).toThrow(/groups\.group /);
  });
});
