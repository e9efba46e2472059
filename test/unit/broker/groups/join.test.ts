import { ErrorCode } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { groupBench } from '../../../support/group-kit.js';
import { heartbeat, join, settled, stableGroup, stateOf, sync } from '../../../support/group-member.js';

describe('a first rebalance', () => {
  test('waits for the initial delay, and again while members keep joining, up to the rebalance timeout', async () => {
    const bench = await groupBench();
    const first = join(bench, 'g', { rebalanceTimeoutMs: 7000 });
    expect(stateOf(bench, 'g')).toBe('PreparingRebalance');
    bench.clock.turn(2000);
    const second = join(bench, 'g', { rebalanceTimeoutMs: 7000 });
    bench.clock.turn(1000);
    await settled();
    expect(first.response).toBeUndefined();
    const third = join(bench, 'g', { rebalanceTimeoutMs: 7000 });
    // 3 s, 3 s more, and what is left of 7 s
    bench.clock.turn(3999);
    await settled();
    expect(first.response).toBeUndefined();
    bench.clock.turn(1);
    await settled();
    for (const { response } of [first, second, third]) {
      expect(response).toMatchObject({
        errorCode: 0,
        generationId: 1,
        protocolType: 'consumer',
        protocolName: 'range',
      });
      expect(response?.leader).toBe(first.response?.memberId);
    }
    expect(first.response?.members).toHaveLength(3);
    expect(second.response?.members).toEqual([]);
    expect(stateOf(bench, 'g')).toBe('CompletingRebalance');
  });

  test('is answered without a promise when there is no delay', async () => {
    const bench = await groupBench({ 'group.initial.rebalance.delay.ms': 0 });
    const joined = join(bench, 'g', { clientId: 'me' });
    expect(joined.isSync).toBe(true);
    expect(joined.response?.memberId).toMatch(/^me-[0-9a-f-]{36}$/);
  });

  test('makes the group empty when everyone has left meanwhile', async () => {
    const bench = await groupBench();
    const joined = join(bench, 'g', { apiVersion: 4 });
    expect(joined.response).toMatchObject({ errorCode: ErrorCode.MEMBER_ID_REQUIRED });
    const memberId = joined.response?.memberId ?? '';
    const waiting = join(bench, 'g', { apiVersion: 4, memberId });
    bench.methods.leaveGroup(
      { groupId: 'g', memberId: '', members: [{ memberId, groupInstanceId: null, reason: null }] },
      { apiVersion: 3 } as never,
    );
    await settled();
    expect(waiting.response).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, memberId: '' });
    bench.clock.turn(3000);
    expect(stateOf(bench, 'g')).toBe('Empty');
  });
});

describe('a member id', () => {
  test('is required from version 4 on, and what was given out expires with the session', async () => {
    const bench = await groupBench();
    const given = join(bench, 'g', { apiVersion: 4, sessionTimeoutMs: 6000 });
    expect(given.isSync).toBe(true);
    expect(given.response).toMatchObject({ errorCode: ErrorCode.MEMBER_ID_REQUIRED, generationId: -1 });
    const memberId = given.response?.memberId ?? '';
    expect(heartbeat(bench, 'g', memberId, 0)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    bench.clock.turn(6000);
    expect(join(bench, 'g', { apiVersion: 4, memberId }).response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test('that was given out is waited for by a rebalance', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g');
    const given = join(bench, 'g', { apiVersion: 4, sessionTimeoutMs: 6000 });
    const leader = join(bench, 'g', { memberId: ids[0] ?? '' });
    await settled();
    expect(leader.response).toBeUndefined();
    const joined = join(bench, 'g', { apiVersion: 4, memberId: given.response?.memberId ?? '' });
    await settled();
    expect(leader.response).toMatchObject({ errorCode: 0, generationId: 2 });
    expect(joined.response).toMatchObject({ errorCode: 0, generationId: 2, members: [] });
  });

  test('that was given out and expires lets the rebalance complete', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g');
    join(bench, 'g', { apiVersion: 4, sessionTimeoutMs: 6000 });
    const leader = join(bench, 'g', { memberId: ids[0] ?? '' });
    bench.clock.turn(6000);
    await settled();
    expect(leader.response).toMatchObject({ errorCode: 0, generationId: 2 });
  });

  test('that nobody knows is refused, also by a group that is not there', async () => {
    const bench = await groupBench();
    expect(join(bench, 'g', { memberId: 'x' }).response).toMatchObject({
      errorCode: ErrorCode.UNKNOWN_MEMBER_ID,
      memberId: 'x',
    });
    await stableGroup(bench, 'g');
    expect(join(bench, 'g', { memberId: 'x' }).response?.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });
});

describe('a JoinGroup is refused', () => {
  test.each([
    ['INVALID_GROUP_ID', '', {}],
    ['INVALID_SESSION_TIMEOUT', 'g', { sessionTimeoutMs: 5999 }],
    ['INVALID_SESSION_TIMEOUT', 'g', { sessionTimeoutMs: 1_800_001 }],
    ['INCONSISTENT_GROUP_PROTOCOL', 'g', { protocolType: '' }],
    ['INCONSISTENT_GROUP_PROTOCOL', 'g', { protocols: [] }],
  ] as const)('with %s', async (name, groupId, options) => {
    const bench = await groupBench();
    expect(join(bench, groupId, options).response?.errorCode).toBe(ErrorCode[name]);
  });

  test('when it shares no protocol, or not the type, with all members', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [
      {
        protocols: [
          ['a', ''],
          ['b', ''],
        ],
      },
      {
        protocols: [
          ['b', ''],
          ['c', ''],
        ],
      },
    ]);
    expect(join(bench, 'g', { protocols: [['a', '']] }).response?.errorCode).toBe(
      ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    );
    expect(join(bench, 'g', { protocolType: 'connect', protocols: [['b', '']] }).response).toMatchObject({
      errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    });
    expect(join(bench, 'g', { memberId: ids[1] ?? '', protocols: [['c', '']] }).response).toMatchObject({
      errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    });
    expect(stateOf(bench, 'g')).toBe('Stable');
  });

  test('when the group is full, under group.max.size', async () => {
    const bench = await groupBench({ 'group.max.size': 2 });
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    expect(join(bench, 'g').response).toMatchObject({ errorCode: ErrorCode.GROUP_MAX_SIZE_REACHED, memberId: '' });
    const [first = '', second = ''] = ids;
    join(bench, 'g', { memberId: first });
    expect(join(bench, 'g', { memberId: second }).response?.errorCode).toBe(ErrorCode.NONE);
  });

  test('for the last to come back once group.max.size was made smaller', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    Object.assign(bench.config, { 'group.max.size': 1 });
    const [first = '', second = ''] = ids;
    const kept = join(bench, 'g', { memberId: first });
    expect(join(bench, 'g', { memberId: second }).response?.errorCode).toBe(ErrorCode.GROUP_MAX_SIZE_REACHED);
    bench.clock.turn(60_000);
    await settled();
    expect(kept.response).toMatchObject({ errorCode: 0, members: [{ memberId: first }] });
  });

  test('by a broker that does not coordinate the group', async () => {
    const bench = await groupBench();
    bench.coordinator = () => 2;
    expect(join(bench, 'g', { memberId: 'x' }).response).toMatchObject({
      errorCode: ErrorCode.NOT_COORDINATOR,
      memberId: 'x',
    });
    expect(sync(bench, 'g', 'x', 1).response?.errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    expect(heartbeat(bench, 'g', 'x', 1)).toBe(ErrorCode.NOT_COORDINATOR);
  });

  test('once the broker is closed, and so is one that waits', async () => {
    const bench = await groupBench();
    const waiting = join(bench, 'g');
    await bench.close();
    await settled();
    expect(waiting.response?.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(join(bench, 'g').response?.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(bench.clock.timers).toBe(0);
  });
});

describe('the protocol', () => {
  test('is the one with the most votes among those that all members have', async () => {
    const bench = await groupBench();
    const joins = [
      [
        ['a', ''],
        ['b', ''],
        ['c', ''],
      ],
      [
        ['b', ''],
        ['a', ''],
        ['c', ''],
      ],
      [
        ['d', ''],
        ['b', ''],
        ['a', ''],
      ],
    ].map((protocols) => join(bench, 'g', { protocols: protocols as [string, string][] }));
    bench.clock.turn(6000);
    await settled();
    expect(joins.map(({ response }) => response?.protocolName)).toEqual(['b', 'b', 'b']);
  });

  test('is null in an error from version 7 on, and empty before', async () => {
    const bench = await groupBench();
    expect(join(bench, '', { apiVersion: 6 }).response?.protocolName).toBe('');
    expect(join(bench, '', { apiVersion: 7 }).response?.protocolName).toBeNull();
    const waiting = join(bench, 'g', { apiVersion: 2 });
    bench.clock.turn(3000);
    await settled();
    expect(waiting.response?.protocolName).toBe('range');
  });
});

describe('a member that joins again', () => {
  test('with the same metadata is told of the generation that holds, and nothing begins', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    const again = join(bench, 'g', { memberId: ids[1] ?? '' });
    expect(again.isSync).toBe(true);
    expect(again.response).toMatchObject({ errorCode: 0, generationId: 1, leader: ids[0], members: [] });
    expect(stateOf(bench, 'g')).toBe('Stable');
  });

  test('with other metadata, or as the leader, begins a rebalance', async () => {
    const bench = await groupBench();
    const { ids, generation } = await stableGroup(bench, 'g', [{}, {}]);
    const [leader = '', follower = ''] = ids;
    const changed = join(bench, 'g', { memberId: follower, protocols: [['range', 'other']] });
    expect(heartbeat(bench, 'g', leader, generation)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    const back = join(bench, 'g', { memberId: leader });
    await settled();
    expect(changed.response).toMatchObject({ errorCode: 0, generationId: 2 });
    expect(back.response?.members.map(({ metadata }) => Buffer.from(metadata).toString())).toEqual([
      'metadata',
      'other',
    ]);
    sync(bench, 'g', leader, 2);
    expect(stateOf(bench, 'g')).toBe('Stable');
    join(bench, 'g', { memberId: leader });
    expect(stateOf(bench, 'g')).toBe('PreparingRebalance');
  });

  test('before its assignment is there gets its answer again, the leader with all members', async () => {
    const bench = await groupBench();
    const joins = [join(bench, 'g'), join(bench, 'g')];
    bench.clock.turn(6000);
    await settled();
    for (const { response } of joins) {
      expect(join(bench, 'g', { memberId: response?.memberId ?? '' }).response).toEqual(response);
    }
    join(bench, 'g', { memberId: joins[1]?.response?.memberId ?? '', protocols: [['range', 'other']] });
    expect(stateOf(bench, 'g')).toBe('PreparingRebalance');
  });

  test('while it waits already takes the place of its first request', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    const [leader = '', follower = ''] = ids;
    const first = join(bench, 'g', { memberId: leader });
    const second = join(bench, 'g', { memberId: leader });
    await settled();
    expect(first.response?.errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    join(bench, 'g', { memberId: follower });
    await settled();
    expect(second.response).toMatchObject({ errorCode: 0, generationId: 2 });
  });
});

describe('who does not come back', () => {
  test('within the longest rebalance timeout of the group is taken out, and another leads', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [
      { sessionTimeoutMs: 300_000, rebalanceTimeoutMs: 20_000 },
      { sessionTimeoutMs: 300_000, rebalanceTimeoutMs: 30_000 },
    ]);
    const [leader = '', follower = ''] = ids;
    const changed = join(bench, 'g', {
      memberId: follower,
      protocols: [['range', 'x']],
      sessionTimeoutMs: 300_000,
      rebalanceTimeoutMs: 10_000,
    });
    bench.clock.turn(19_999);
    await settled();
    expect(changed.response).toBeUndefined();
    bench.clock.turn(1);
    await settled();
    expect(changed.response).toMatchObject({ errorCode: 0, leader: follower, members: [{ memberId: follower }] });
    expect(heartbeat(bench, 'g', leader, 1)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  });

  test('is not waited for longer than its session', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    const changed = join(bench, 'g', { memberId: ids[1] ?? '', protocols: [['range', 'x']] });
    bench.clock.turn(10_000);
    await settled();
    expect(changed.response).toMatchObject({ errorCode: 0, leader: ids[1] });
  });
});

describe('a client that vanishes while its JoinGroup waits', () => {
  test('gets nothing, and counts as joined until the rebalance is over and its session ends', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    const [leader = '', follower = ''] = ids;
    const controller = new AbortController();
    const gone = join(bench, 'g', { memberId: follower, protocols: [['range', 'x']], signal: controller.signal });
    const reason = new Error('disconnect');
    controller.abort(reason);
    await settled();
    expect(gone.error).toBe(reason);
    const back = join(bench, 'g', { memberId: leader });
    await settled();
    expect(back.response?.members).toHaveLength(2);
    sync(bench, 'g', leader, 2);
    bench.clock.turn(9_000);
    expect(heartbeat(bench, 'g', leader, 2)).toBe(ErrorCode.NONE);
    bench.clock.turn(1_000);
    expect(heartbeat(bench, 'g', leader, 2)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
    const last = join(bench, 'g', { memberId: leader });
    await settled();
    expect(last.response?.members).toHaveLength(1);
  });

  test('as a new member is forgotten after five minutes, however long the rebalance', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [{ rebalanceTimeoutMs: 3_600_000, sessionTimeoutMs: 1_800_000 }]);
    const gone = join(bench, 'g', { signal: AbortSignal.abort(new Error('gone')) });
    bench.clock.turn(300_000);
    await settled();
    expect(gone.error).toBeInstanceOf(Error);
    const leader = join(bench, 'g', { memberId: ids[0] ?? '', sessionTimeoutMs: 1_800_000 });
    await settled();
    expect(leader.response?.members).toHaveLength(1);
  });
});
