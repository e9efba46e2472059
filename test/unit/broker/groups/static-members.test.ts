import { ErrorCode } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../../../adapters/broker/store/store-error.js';
import { contextOf, groupBench, type GroupBench } from '../../../support/group-kit.js';
import { heartbeat, join, settled, stableGroup, stateOf, sync } from '../../../support/group-member.js';

const TWO = [
  { instanceId: 'a', apiVersion: 5 },
  { instanceId: 'b', apiVersion: 5 },
] as const;

async function leave(bench: GroupBench, members: readonly { memberId: string; groupInstanceId: string | null }[]) {
  const request = { groupId: 'g', memberId: '', members: members.map((one) => ({ ...one, reason: null })) };
  const { members: left } = await bench.methods.leaveGroup(request, contextOf(5));
  return left?.map(({ errorCode }) => errorCode);
}

describe('a static member', () => {
  test('joins with its first request, under an id that begins with its group instance id', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', TWO);
    expect(ids[0]).toMatch(/^a-[0-9a-f-]{36}$/);
    expect(stateOf(bench, 'g')).toBe('Stable');
  });

  test('that comes back under no id takes its place without a rebalance, and fences who had it', async () => {
    const bench = await groupBench();
    const { ids, generation } = await stableGroup(bench, 'g', TWO);
    const [a = '', b = ''] = ids;
    const back = join(bench, 'g', { instanceId: 'b', apiVersion: 9 });
    expect(back.isSync).toBe(true);
    expect(back.response).toMatchObject({ errorCode: 0, generationId: 1, leader: a, skipAssignment: false });
    const id = back.response?.memberId ?? '';
    expect(id).not.toBe(b);
    expect(heartbeat(bench, 'g', b, generation, 'b')).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(heartbeat(bench, 'g', id, generation, 'b')).toBe(ErrorCode.NONE);
    const synced = sync(bench, 'g', id, generation, { instanceId: 'b' });
    expect(Buffer.from(synced.response?.assignment ?? []).toString()).toBe('1');
    expect(sync(bench, 'g', b, generation, { instanceId: 'b' }).response?.errorCode).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(join(bench, 'g', { memberId: b, instanceId: 'b' }).response?.errorCode).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(heartbeat(bench, 'g', a, generation, 'a')).toBe(ErrorCode.NONE);
  });

  test('that comes back as the leader is told to leave the assignment as it is (KIP-814), from version 9 on', async () => {
    const bench = await groupBench();
    await stableGroup(bench, 'g', TWO);
    const back = join(bench, 'g', { instanceId: 'a', apiVersion: 9 });
    expect(back.response).toMatchObject({ errorCode: 0, skipAssignment: true });
    expect(back.response?.leader).toBe(back.response?.memberId);
    expect(back.response?.members).toHaveLength(2);
  });

  test('that comes back as the leader is told of its old id before version 9, so that it does not assign', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', TWO);
    const back = join(bench, 'g', { instanceId: 'a', apiVersion: 8 });
    expect(back.response).toMatchObject({ errorCode: 0, skipAssignment: false, leader: ids[0], members: [] });
    expect(back.response?.memberId).not.toBe(ids[0]);
  });

  test('that comes back with a change of the chosen protocol begins a rebalance', async () => {
    const bench = await groupBench();
    const both: [string, string][] = [
      ['range', ''],
      ['sticky', ''],
    ];
    await stableGroup(bench, 'g', [{ instanceId: 'a', protocols: both }, { protocols: both }]);
    join(bench, 'g', { instanceId: 'a', protocols: [['sticky', '']] });
    expect(stateOf(bench, 'g')).toBe('PreparingRebalance');
  });

  test('that comes back before the assignment is there begins a rebalance', async () => {
    const bench = await groupBench();
    const joins = [join(bench, 'g', TWO[0]), join(bench, 'g', TWO[1])];
    bench.clock.turn(6000);
    await settled();
    const old = sync(bench, 'g', joins[1]?.response?.memberId ?? '', 1, { instanceId: 'b' });
    const back = join(bench, 'g', TWO[1]);
    await settled();
    expect(old.response?.errorCode).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(back.response).toBeUndefined();
    const leader = join(bench, 'g', { ...TWO[0], memberId: joins[0]?.response?.memberId ?? '' });
    await settled();
    expect(back.response).toMatchObject({ errorCode: 0, generationId: 2 });
    expect(leader.response?.members).toHaveLength(2);
  });

  test('that comes back during a rebalance joins in place of itself', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', TWO);
    const first = join(bench, 'g', { ...TWO[1], memberId: ids[1] ?? '', protocols: [['range', 'x']] });
    const back = join(bench, 'g', { ...TWO[1], protocols: [['range', 'y']] });
    await settled();
    expect(first.response).toMatchObject({ errorCode: ErrorCode.FENCED_INSTANCE_ID, memberId: ids[1] });
    const leader = join(bench, 'g', { ...TWO[0], memberId: ids[0] ?? '' });
    await settled();
    expect(back.response).toMatchObject({ errorCode: 0, generationId: 2 });
    expect(leader.response?.members.map(({ metadata }) => Buffer.from(metadata).toString())).toEqual(['metadata', 'y']);
  });

  test('stays a member while it is away, and leads no more, until its session ends', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [
      { ...TWO[0], sessionTimeoutMs: 100_000 },
      { ...TWO[1], rebalanceTimeoutMs: 20_000 },
    ]);
    const waiting = join(bench, 'g', { ...TWO[1], memberId: ids[1] ?? '', protocols: [['range', 'x']] });
    bench.clock.turn(60_000);
    await settled();
    expect(waiting.response).toMatchObject({ errorCode: 0, leader: ids[1] });
    expect(waiting.response?.members).toHaveLength(2);
  });

  test('is waited for again when only static members are there and none of them joins', async () => {
    const bench = await groupBench();
    const options = { sessionTimeoutMs: 50_000, rebalanceTimeoutMs: 6000 };
    const { ids } = await stableGroup(bench, 'g', [{ ...TWO[0], ...options }, options]);
    const joined = join(bench, 'g', { memberId: ids[1] ?? '', protocols: [['range', 'x']], ...options });
    await leave(bench, [{ memberId: ids[1] ?? '', groupInstanceId: null }]);
    await settled();
    expect(joined.response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    bench.clock.turn(30_000);
    expect(stateOf(bench, 'g')).toBe('PreparingRebalance');
    bench.clock.turn(20_000);
    expect(stateOf(bench, 'g')).toBe('Empty');
  });

  test('is told when the group cannot be stored with its new id, and stays a member under the old one', async () => {
    const bench = await groupBench();
    const { ids, generation } = await stableGroup(bench, 'g', TWO);
    const [a = '', b = ''] = ids;
    bench.onPut = () => {
      throw new StoreError('UNAVAILABLE', 'as told');
    };
    expect(join(bench, 'g', TWO[1]).response).toMatchObject({
      errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
      memberId: '',
    });
    bench.onPut = null;
    expect(heartbeat(bench, 'g', b, generation, 'b')).toBe(ErrorCode.NONE);
    const synced = sync(bench, 'g', b, generation, { instanceId: 'b' });
    expect(Buffer.from(synced.response?.assignment ?? []).toString()).toBe('1');
    expect(join(bench, 'g', TWO[1]).response?.errorCode).toBe(ErrorCode.NONE);
    expect(heartbeat(bench, 'g', b, generation, 'b')).toBe(ErrorCode.FENCED_INSTANCE_ID);
    expect(heartbeat(bench, 'g', a, generation, 'a')).toBe(ErrorCode.NONE);
    expect(stateOf(bench, 'g')).toBe('Stable');
  });

  test('that leads and cannot be stored with its new id leads under the old one, until its session ends', async () => {
    const bench = await groupBench();
    const options = { sessionTimeoutMs: 20_000 };
    const { ids, generation } = await stableGroup(bench, 'g', [
      { ...TWO[0], ...options },
      { ...TWO[1], sessionTimeoutMs: 100_000 },
    ]);
    const [a = '', b = ''] = ids;
    bench.onPut = () => Promise.reject(new StoreError('UNAVAILABLE', 'as told'));
    const refused = join(bench, 'g', { ...TWO[0], ...options, apiVersion: 9, protocols: [['range', 'other']] });
    bench.clock.turn(15_000);
    await settled();
    expect(refused.response?.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    bench.onPut = null;
    expect(join(bench, 'g', { ...TWO[1], memberId: b }).response).toMatchObject({ errorCode: 0, leader: a });
    bench.clock.turn(15_000);
    expect(heartbeat(bench, 'g', a, generation, 'a')).toBe(ErrorCode.NONE);
    bench.clock.turn(20_000);
    expect(heartbeat(bench, 'g', a, generation, 'a')).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    const left = join(bench, 'g', { ...TWO[1], memberId: b });
    await settled();
    expect(left.response?.members.map(({ memberId }) => memberId)).toEqual([b]);
  });

  test('that a rebalance has answered keeps its new id, whatever becomes of storing it', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', TWO);
    let fail = (): void => undefined;
    bench.onPut = () =>
      new Promise((_, reject) => {
        fail = () => reject(new StoreError('UNAVAILABLE', 'as told'));
      });
    const back = join(bench, 'g', { ...TWO[1], apiVersion: 9 });
    bench.onPut = null;
    const leader = join(bench, 'g', { ...TWO[0], memberId: ids[0] ?? '', protocols: [['range', 'new']] });
    await settled();
    const { generationId = -1, memberId = '' } = back.response ?? {};
    expect(generationId).toBe(2);
    sync(bench, 'g', leader.response?.memberId ?? '', generationId, { instanceId: 'a' });
    expect(stateOf(bench, 'g')).toBe('Stable');
    fail();
    await settled();
    expect(heartbeat(bench, 'g', memberId, generationId, 'b')).toBe(ErrorCode.NONE);
  });

  test('whose id was given out to a dynamic member is an error', async () => {
    const bench = await groupBench();
    const { memberId = '' } = join(bench, 'g', { apiVersion: 5 }).response ?? {};
    expect(join(bench, 'g', { apiVersion: 5, memberId, instanceId: 'a' }).response?.errorCode).toBe(
      ErrorCode.UNKNOWN_SERVER_ERROR,
    );
  });
});

describe('LeaveGroup', () => {
  test('takes out several members at a time, each with its own answer', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [...TWO, {}, {}]);
    const [, b = '', c = '', d = ''] = ids;
    const { memberId: pending = '' } = join(bench, 'g', { apiVersion: 4 }).response ?? {};
    expect(
      await leave(bench, [
        { memberId: '', groupInstanceId: 'a' },
        { memberId: 'wrong', groupInstanceId: 'b' },
        { memberId: '', groupInstanceId: 'unknown' },
        { memberId: '', groupInstanceId: null },
        { memberId: c, groupInstanceId: null },
        { memberId: pending, groupInstanceId: null },
        { memberId: 'nobody', groupInstanceId: null },
      ]),
    ).toEqual([
      ErrorCode.NONE,
      ErrorCode.FENCED_INSTANCE_ID,
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.NONE,
      ErrorCode.NONE,
      ErrorCode.UNKNOWN_MEMBER_ID,
    ]);
    expect(heartbeat(bench, 'g', b, 1, 'b')).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    const joins = [join(bench, 'g', { ...TWO[1], memberId: b }), join(bench, 'g', { memberId: d })];
    await settled();
    expect(joins[0]?.response?.members).toHaveLength(2);
  });

  test('begins no rebalance when nobody left', async () => {
    const bench = await groupBench();
    await stableGroup(bench, 'g');
    expect(await leave(bench, [{ memberId: 'x', groupInstanceId: null }])).toEqual([ErrorCode.UNKNOWN_MEMBER_ID]);
    expect(stateOf(bench, 'g')).toBe('Stable');
  });

  test('of the last member makes the group empty, and stores that', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g');
    await leave(bench, [{ memberId: ids[0] ?? '', groupInstanceId: null }]);
    expect(stateOf(bench, 'g')).toBe('Empty');
    expect(JSON.parse(String(bench.stored.get('group/g')))).toMatchObject({ generation: 2, members: [] });
  });

  test('lets a rebalance complete that waited for who left', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    const leader = join(bench, 'g', { memberId: ids[0] ?? '' });
    await leave(bench, [{ memberId: ids[1] ?? '', groupInstanceId: null }]);
    await settled();
    expect(leader.response?.members).toHaveLength(1);
  });

  test('before version 3 is of one member, whose error is that of the answer', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g');
    const answer = (memberId: string, groupId = 'g') =>
      bench.methods.leaveGroup({ groupId, memberId, members: [] }, contextOf(2));
    expect(answer('x')).toEqual({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
    expect(answer('x', 'other')).toEqual({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
    expect(answer(ids[0] ?? '')).toEqual({ errorCode: ErrorCode.NONE });
    expect(answer('x', '')).toEqual({ errorCode: ErrorCode.INVALID_GROUP_ID, members: [] });
    bench.coordinator = () => -1;
    expect(answer('x')).toEqual({ errorCode: ErrorCode.NOT_COORDINATOR, members: [] });
  });
});
