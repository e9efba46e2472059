import { ErrorCode } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../../../adapters/broker/store/store-error.js';
import { contextOf, groupBench, type GroupBench } from '../../../support/group-kit.js';
import { join, settled, stableGroup, stateOf, sync } from '../../../support/group-member.js';

const ids = async (bench: GroupBench, statesFilter: string[], typesFilter: string[]): Promise<string[]> =>
  (await bench.methods.listGroups({ statesFilter, typesFilter }, contextOf(5))).groups.map(({ groupId }) => groupId);

describe('ListGroups', () => {
  test('filters by state and by type, whatever their case', async () => {
    const bench = await groupBench();
    await stableGroup(bench, 'stable');
    join(bench, 'preparing');
    expect(await ids(bench, [], [])).toEqual(['stable', 'preparing']);
    expect(await ids(bench, [' STABLE '], [])).toEqual(['stable']);
    expect(await ids(bench, ['PreparingRebalance', 'stable'], ['Classic'])).toEqual(['stable', 'preparing']);
    expect(await ids(bench, ['Nonsense'], [])).toEqual([]);
    expect(await ids(bench, [], ['consumer'])).toEqual([]);
  });
});

describe('DescribeGroups', () => {
  test('shows members, and what they said and were given once the group is stable', async () => {
    const bench = await groupBench();
    const joined = join(bench, 'g', { instanceId: 'a', apiVersion: 5, clientId: 'me' });
    bench.clock.turn(3000);
    await settled();
    const memberId = joined.response?.memberId ?? '';
    const request = { groups: ['g'], includeAuthorizedOperations: true };
    const before = (await bench.methods.describeGroups(request, contextOf(5))).groups[0];
    const member = { memberId, groupInstanceId: 'a', clientId: 'me', clientHost: '/127.0.0.1' };
    expect(before).toMatchObject({ groupState: 'CompletingRebalance', protocolData: '', members: [member] });
    expect(before?.members[0]?.memberMetadata).toHaveLength(0);
    sync(bench, 'g', memberId, 1, { instanceId: 'a', assignments: { [memberId]: 'part' } });
    const after = (await bench.methods.describeGroups(request, contextOf(5))).groups[0];
    expect(after).toMatchObject({
      errorCode: 0,
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      authorizedOperations: 3400,
      members: [{ ...member, memberMetadata: Buffer.from('metadata'), memberAssignment: Buffer.from('part') }],
    });
  });

  test('says of a group that is not there Dead, and from version 6 on GROUP_ID_NOT_FOUND', async () => {
    const bench = await groupBench();
    const request = { groups: ['g'], includeAuthorizedOperations: false };
    const at = async (version: number) => (await bench.methods.describeGroups(request, contextOf(version))).groups[0];
    expect(await at(5)).toMatchObject({ errorCode: 0, groupState: 'Dead', authorizedOperations: -0x8000_0000 });
    expect(await at(6)).toMatchObject({
      errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
      errorMessage: 'Group g not found.',
      groupState: 'Dead',
    });
    bench.coordinator = () => 2;
    expect(await at(6)).toMatchObject({ errorCode: ErrorCode.NOT_COORDINATOR, groupState: '' });
  });
});

describe('DeleteGroups', () => {
  const remove = async (bench: GroupBench, ...groupsNames: string[]) =>
    (await bench.methods.deleteGroups({ groupsNames }, contextOf(2))).results.map(({ errorCode }) => errorCode);

  test('takes groups without members, each once, with all that they committed', async () => {
    const bench = await groupBench();
    bench.addTopic('t', 1);
    const { ids: members } = await stableGroup(bench, 'left');
    await bench.methods.leaveGroup({ groupId: 'left', memberId: members[0] ?? '', members: [] }, contextOf(2));
    await stableGroup(bench, 'busy');
    const topics = [
      {
        name: 't',
        topicId: '',
        partitions: [{ partitionIndex: 0, committedOffset: 1n, committedLeaderEpoch: 0, committedMetadata: null }],
      },
    ];
    await bench.methods.offsetCommit(
      {
        groupId: 'left',
        memberId: '',
        generationIdOrMemberEpoch: -1,
        groupInstanceId: null,
        retentionTimeMs: -1n,
        topics,
      },
      contextOf(8),
    );
    expect([...bench.stored.keys()].filter((key) => key.endsWith('left'))).toHaveLength(2);
    expect(await remove(bench, 'left', 'busy', 'none', '', 'left')).toEqual([
      ErrorCode.NONE,
      ErrorCode.NON_EMPTY_GROUP,
      ErrorCode.GROUP_ID_NOT_FOUND,
      ErrorCode.GROUP_ID_NOT_FOUND,
    ]);
    expect([...bench.stored.keys()]).toEqual(['group/busy']);
    expect(stateOf(bench, 'left')).toBe('Dead');
    bench.coordinator = () => 2;
    expect(await remove(bench, 'busy')).toEqual([ErrorCode.NOT_COORDINATOR]);
  });

  test('says when the store could not', async () => {
    const bench = await groupBench();
    join(bench, 'g', { apiVersion: 4 });
    bench.onPut = () => Promise.reject(new StoreError('UNAVAILABLE', 'as told'));
    expect(await remove(bench, 'g', 'none')).toEqual([
      ErrorCode.COORDINATOR_NOT_AVAILABLE,
      ErrorCode.GROUP_ID_NOT_FOUND,
    ]);
  });

  test('returns the message of the store, but none for what the code says by itself', async () => {
    const bench = await groupBench();
    join(bench, 'g', { apiVersion: 4 });
    await stableGroup(bench, 'busy');
    const messages = async () => {
      const request = { groupsNames: ['g', 'busy', 'none'] };
      const { results } = await bench.methods.deleteGroups(request, contextOf(3));
      return results.map(({ errorMessage }) => errorMessage ?? null);
    };
    bench.onPut = () => Promise.reject(new StoreError('UNAVAILABLE', 'no route to the engine'));
    expect(await messages()).toEqual(['no route to the engine', null, null]);
    bench.onPut = () => Promise.reject(new Error('a defect'));
    expect(await messages()).toEqual([null, null, null]);
  });
});

describe('FindCoordinator', () => {
  const find = (bench: GroupBench, apiVersion: number, keyType: number, ...keys: string[]) =>
    bench.methods.findCoordinator({ key: keys[0] ?? '', keyType, coordinatorKeys: keys }, contextOf(apiVersion));

  test('names this broker as the client reaches it', async () => {
    const bench = await groupBench();
    const node = { nodeId: 1, host: 'broker.test', port: 9092, errorCode: 0 };
    expect(find(bench, 0, 0, 'g')).toEqual({ ...node, errorMessage: 'NONE' });
    expect(find(bench, 4, 0, 'g', 'h')).toEqual({
      errorCode: 0,
      coordinators: [
        { ...node, key: 'g', errorMessage: '' },
        { ...node, key: 'h', errorMessage: '' },
      ],
    });
  });

  test('says when nobody coordinates', async () => {
    const bench = await groupBench();
    bench.coordinator = () => -1;
    expect(find(bench, 3, 0, 'g')).toMatchObject({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, nodeId: -1 });
  });

  test('refuses transactional ids with a code that no client tries again, and share-partitions', async () => {
    const bench = await groupBench();
    const code = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    expect(find(bench, 2, 1, 'tx')).toMatchObject({ errorCode: code, host: '', port: -1 });
    expect(bench.warnings).toEqual([expect.stringContaining('transaction')]);
    expect(find(bench, 6, 2, 'g:t:0')).toMatchObject({ coordinators: [{ errorCode: ErrorCode.INVALID_REQUEST }] });
    expect(find(bench, 6, 9, 'g')).toMatchObject({ coordinators: [{ errorCode: ErrorCode.INVALID_REQUEST }] });
  });
});
