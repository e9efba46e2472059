import { ErrorCode } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../../../adapters/broker/store/store-error.js';
import { contextOf, groupBench, type GroupBench } from '../../../support/group-kit.js';
import { heartbeat, join, settled, stableGroup, stateOf, sync } from '../../../support/group-member.js';

/** Two members who know of generation 1, and have no assignment. */
async function joinedTwo(bench: GroupBench): Promise<{ leader: string; follower: string }> {
  const joins = [join(bench, 'g'), join(bench, 'g')];
  bench.clock.turn(6000);
  await settled();
  const [leader = '', follower = ''] = joins.map(({ response }) => response?.memberId ?? '');
  return { leader, follower };
}

describe('a SyncGroup', () => {
  test('waits for the leader, who brings the assignment of all', async () => {
    const bench = await groupBench();
    const { leader, follower } = await joinedTwo(bench);
    const waiting = sync(bench, 'g', follower, 1);
    expect(waiting.isSync).toBe(false);
    const led = sync(bench, 'g', leader, 1, { assignments: { [leader]: 'L', [follower]: 'F' } });
    await settled();
    expect(led.isSync).toBe(true);
    expect(led.response).toMatchObject({ errorCode: 0, protocolType: 'consumer', protocolName: 'range' });
    expect(Buffer.from(led.response?.assignment ?? []).toString()).toBe('L');
    expect(Buffer.from(waiting.response?.assignment ?? []).toString()).toBe('F');
    expect(stateOf(bench, 'g')).toBe('Stable');
  });

  test('that comes again, or late, gets the assignment that holds', async () => {
    const bench = await groupBench();
    const { leader, follower } = await joinedTwo(bench);
    sync(bench, 'g', leader, 1, { assignments: { [follower]: 'F' } });
    const late = sync(bench, 'g', follower, 1);
    expect(late.isSync).toBe(true);
    expect(Buffer.from(late.response?.assignment ?? []).toString()).toBe('F');
    expect(sync(bench, 'g', leader, 1).response?.assignment).toHaveLength(0);
  });

  test('is told of a rebalance that begins meanwhile', async () => {
    const bench = await groupBench();
    const { follower } = await joinedTwo(bench);
    const waiting = sync(bench, 'g', follower, 1);
    join(bench, 'g');
    await settled();
    expect(waiting.response?.errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    expect(sync(bench, 'g', follower, 1).response?.errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  });

  test('of a member that leaves is answered', async () => {
    const bench = await groupBench();
    const { follower } = await joinedTwo(bench);
    const waiting = sync(bench, 'g', follower, 1);
    await bench.methods.leaveGroup({ groupId: 'g', memberId: follower, members: [] }, contextOf(2));
    await settled();
    expect(waiting.response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test.each([
    ['INVALID_GROUP_ID', '', 'leader', 1, {}],
    ['UNKNOWN_MEMBER_ID', 'other', 'leader', 1, {}],
    ['UNKNOWN_MEMBER_ID', 'g', 'nobody', 1, {}],
    ['UNKNOWN_MEMBER_ID', 'g', 'leader', 1, { instanceId: 'unknown' }],
    ['ILLEGAL_GENERATION', 'g', 'leader', 2, {}],
    ['INCONSISTENT_GROUP_PROTOCOL', 'g', 'leader', 1, { apiVersion: 5, protocolType: null }],
    ['INCONSISTENT_GROUP_PROTOCOL', 'g', 'leader', 1, { apiVersion: 5, protocolName: null }],
    ['INCONSISTENT_GROUP_PROTOCOL', 'g', 'leader', 1, { apiVersion: 5, protocolType: 'connect' }],
    ['INCONSISTENT_GROUP_PROTOCOL', 'g', 'leader', 1, { apiVersion: 5, protocolName: 'sticky' }],
  ] as const)('is refused with %s', async (name, groupId, who, generation, options) => {
    const bench = await groupBench();
    const { leader } = await joinedTwo(bench);
    const memberId = who === 'leader' ? leader : who;
    expect(sync(bench, groupId, memberId, generation, options).response?.errorCode).toBe(ErrorCode[name]);
  });
});

describe('members that never ask for their assignment', () => {
  test('are taken out after the rebalance timeout, and a rebalance begins', async () => {
    const bench = await groupBench();
    const options = { sessionTimeoutMs: 600_000, rebalanceTimeoutMs: 20_000 };
    const joins = [join(bench, 'g', options), join(bench, 'g', options)];
    bench.clock.turn(6000);
    await settled();
    const [leader = '', follower = ''] = joins.map(({ response }) => response?.memberId ?? '');
    sync(bench, 'g', leader, 1);
    bench.clock.turn(19_999);
    expect(heartbeat(bench, 'g', follower, 1)).toBe(ErrorCode.NONE);
    bench.clock.turn(1);
    expect(heartbeat(bench, 'g', follower, 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(heartbeat(bench, 'g', leader, 1)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  });

  test('are not waited for once all have asked', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [
      { sessionTimeoutMs: 600_000, rebalanceTimeoutMs: 20_000 },
      { sessionTimeoutMs: 600_000, rebalanceTimeoutMs: 20_000 },
    ]);
    bench.clock.turn(100_000);
    for (const id of ids) expect(heartbeat(bench, 'g', id, 1)).toBe(ErrorCode.NONE);
  });
});

describe('the assignment is stored before anyone gets it', () => {
  test('and a second one of the same leader meanwhile changes nothing', async () => {
    const bench = await groupBench();
    const { leader, follower } = await joinedTwo(bench);
    let stored = (): void => undefined;
    bench.onPut = () => new Promise((resolve) => (stored = resolve));
    const waiting = sync(bench, 'g', follower, 1);
    const first = sync(bench, 'g', leader, 1, { assignments: { [follower]: 'one' } });
    const second = sync(bench, 'g', leader, 1, { assignments: { [follower]: 'two' } });
    await settled();
    expect(waiting.response).toBeUndefined();
    expect(first.response?.errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    stored();
    await settled();
    expect(second.response?.errorCode).toBe(ErrorCode.NONE);
    expect(Buffer.from(waiting.response?.assignment ?? []).toString()).toBe('one');
  });

  test.each([
    ['UNAVAILABLE', 'COORDINATOR_NOT_AVAILABLE'],
    ['FULL', 'POLICY_VIOLATION'],
    ['INVALID', 'UNKNOWN_SERVER_ERROR'],
  ] as const)('and a store that is %s makes all join again, with %s', async (kind, name) => {
    const bench = await groupBench();
    const { leader, follower } = await joinedTwo(bench);
    bench.onPut = () => Promise.reject(new StoreError(kind, 'as told'));
    const waiting = sync(bench, 'g', follower, 1);
    const led = sync(bench, 'g', leader, 1);
    await settled();
    expect(waiting.response?.errorCode).toBe(ErrorCode[name]);
    expect(led.response?.errorCode).toBe(ErrorCode[name]);
    expect(stateOf(bench, 'g')).toBe('PreparingRebalance');
  });

  test('and is given to nobody when the generation is over by then', async () => {
    const bench = await groupBench();
    const { leader, follower } = await joinedTwo(bench);
    let stored = (): void => undefined;
    bench.onPut = () => new Promise((resolve) => (stored = resolve));
    sync(bench, 'g', leader, 1, { assignments: { [follower]: 'old' } });
    join(bench, 'g');
    stored();
    await settled();
    expect(stateOf(bench, 'g')).toBe('PreparingRebalance');
  });
});

describe('a heartbeat', () => {
  test('keeps a member for one more session, without which it is taken out', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g');
    const [id = ''] = ids;
    for (let round = 0; round < 5; round++) {
      bench.clock.turn(9_999);
      expect(heartbeat(bench, 'g', id, 1)).toBe(ErrorCode.NONE);
    }
    bench.clock.turn(10_000);
    expect(heartbeat(bench, 'g', id, 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    expect(stateOf(bench, 'g')).toBe('Empty');
  });

  test('counts between JoinGroup and SyncGroup', async () => {
    const bench = await groupBench();
    const { leader } = await joinedTwo(bench);
    expect(heartbeat(bench, 'g', leader, 1)).toBe(ErrorCode.NONE);
  });

  test.each([
    ['INVALID_GROUP_ID', '', 'member', 1, null],
    ['UNKNOWN_MEMBER_ID', 'other', 'member', 1, null],
    ['UNKNOWN_MEMBER_ID', 'g', 'nobody', 1, null],
    ['UNKNOWN_MEMBER_ID', 'g', 'member', 1, 'unknown'],
    ['ILLEGAL_GENERATION', 'g', 'member', 0, null],
  ] as const)('is refused with %s', async (name, groupId, who, generation, instanceId) => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g');
    const memberId = who === 'member' ? (ids[0] ?? '') : who;
    expect(heartbeat(bench, groupId, memberId, generation, instanceId)).toBe(ErrorCode[name]);
  });

  test('costs no timer', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g');
    const { timers } = bench.clock;
    for (let round = 0; round < 100; round++) heartbeat(bench, 'g', ids[0] ?? '', 1);
    expect(bench.clock.timers).toBe(timers);
  });
});
