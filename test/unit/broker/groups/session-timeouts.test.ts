import { ErrorCode } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { contextOf, groupBench, type GroupBench } from '../../../support/group-kit.js';
import { join, settled, stableGroup } from '../../../support/group-member.js';

/** A stable group whose only member's session of 10 s is over, while the event loop has not come to its timer. */
async function overdueGroup(bench: GroupBench): Promise<void> {
  await stableGroup(bench, 'g');
  bench.clock.stall(10_000);
}

describe('a member whose session is over but whose timer has not run', () => {
  test('does not keep its group from DeleteGroups', async () => {
    const bench = await groupBench();
    await overdueGroup(bench);
    const { results } = await bench.methods.deleteGroups({ groupsNames: ['g'] }, contextOf(2));
    expect(results).toEqual([{ groupId: 'g', errorCode: ErrorCode.NONE, errorMessage: null }]);
    bench.clock.turn(0);
    expect(bench.warnings).toEqual([]);
  });

  test('keeps its group until the session is over', async () => {
    const bench = await groupBench();
    await stableGroup(bench, 'g');
    bench.clock.stall(9999);
    const { results } = await bench.methods.deleteGroups({ groupsNames: ['g'] }, contextOf(2));
    expect(results).toEqual([{ groupId: 'g', errorCode: ErrorCode.NON_EMPTY_GROUP }]);
  });

  test('is absent from DescribeGroups and ListGroups', async () => {
    const bench = await groupBench();
    await overdueGroup(bench);
    const request = { groups: ['g'], includeAuthorizedOperations: false };
    const [group] = (await bench.methods.describeGroups(request, contextOf(5))).groups;
    expect(group).toMatchObject({ groupState: 'Empty', members: [] });
    await stableGroup(bench, 'g');
    bench.clock.stall(10_000);
    const { groups } = await bench.methods.listGroups({ statesFilter: ['empty'], typesFilter: [] }, contextOf(5));
    expect(groups).toMatchObject([{ groupId: 'g', groupState: 'Empty' }]);
  });

  test('has no subscription that OffsetDelete respects', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    await overdueGroup(bench);
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0 }] }];
    const deleted = await bench.methods.offsetDelete({ groupId: 'g', topics }, contextOf(0));
    expect(deleted).toEqual({
      errorCode: ErrorCode.NONE,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: ErrorCode.NONE }] }],
    });
  });

  test('does not keep an administrator from committing offsets', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    await overdueGroup(bench);
    const partition = { partitionIndex: 0, committedOffset: 1n, committedLeaderEpoch: 0, committedMetadata: null };
    const { topics } = await bench.methods.offsetCommit(
      {
        groupId: 'g',
        memberId: '',
        groupInstanceId: null,
        generationIdOrMemberEpoch: -1,
        retentionTimeMs: -1n,
        topics: [{ name: 't', topicId: '', partitions: [partition] }],
      },
      contextOf(8),
    );
    expect(topics[0]?.partitions).toEqual([{ partitionIndex: 0, errorCode: ErrorCode.NONE }]);
  });

  test('takes no place under group.max.size', async () => {
    const bench = await groupBench({ 'group.max.size': 1, 'group.initial.rebalance.delay.ms': 0 });
    await overdueGroup(bench);
    const joined = join(bench, 'g');
    await settled();
    expect(joined.response?.errorCode).toBe(ErrorCode.NONE);
  });

  test('has no say in the protocol of its group', async () => {
    const bench = await groupBench({ 'group.initial.rebalance.delay.ms': 0 });
    await overdueGroup(bench);
    const joined = join(bench, 'g', { protocols: [['sticky', 'metadata']] });
    await settled();
    expect(joined.response).toMatchObject({ errorCode: ErrorCode.NONE, protocolName: 'sticky' });
  });

  test('does not hold up a rebalance that is looked at', async () => {
    const bench = await groupBench();
    const { ids } = await stableGroup(bench, 'g', [{}, {}]);
    join(bench, 'g', { memberId: ids[0] ?? '', protocols: [['range', 'more']] });
    bench.clock.stall(10_000);
    const request = { groups: ['g'], includeAuthorizedOperations: false };
    const [group] = (await bench.methods.describeGroups(request, contextOf(5))).groups;
    expect(group).toMatchObject({ groupState: 'CompletingRebalance', members: [{ memberId: ids[0] }] });
  });

  test('counts as gone when the ids that were given out have not been used', async () => {
    const bench = await groupBench();
    expect(join(bench, 'g', { apiVersion: 4 }).response?.errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
    bench.clock.stall(10_000);
    const { results } = await bench.methods.deleteGroups({ groupsNames: ['g'] }, contextOf(2));
    expect(results).toEqual([{ groupId: 'g', errorCode: ErrorCode.NONE, errorMessage: null }]);
    expect(bench.clock.timers).toBe(1); // that of the expiry of offsets
  });
});
