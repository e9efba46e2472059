import assert from 'node:assert/strict';
import { isCode, later } from './bench.js';
import type { CaseDefinition } from './case.js';
import { described } from './group-requests.js';
import { heartbeat, join, newGroup, pair, rebalancing, soleMember, sync } from './members.js';

export const rebalanceCases: readonly CaseDefinition[] = [
  {
    name: 'the first rebalance waits group.initial.rebalance.delay.ms for more members',
    needs: ['brokerConfigs'],
    config: { 'group.initial.rebalance.delay.ms': 500 },
    async run(bench) {
      const groupId = await newGroup(bench);
      const clients = [await bench.connect(), await bench.connect()];
      const joined = await Promise.all(clients.map((client) => join(client, groupId, { rebalanceTimeoutMs: 2000 })));
      assert.deepEqual(
        joined.map(({ generationId }) => generationId),
        [1, 1],
        'two members that come together are not in the first generation together',
      );
    },
  },
  {
    name: 'a member that does not join again within the rebalance timeout is put out',
    async run(bench) {
      const groupId = await newGroup(bench);
      const late = await soleMember(bench, groupId, { rebalanceTimeoutMs: 300 });
      const { errorCode, members } = await join(bench.client, groupId, { rebalanceTimeoutMs: 300 });
      isCode(errorCode, 'NONE', 'JoinGroup');
      assert.equal(members.length, 1, 'the member that did not join again is still there');
      isCode(await heartbeat(late.client, groupId, late), 'UNKNOWN_MEMBER_ID', 'Heartbeat of who was put out');
    },
  },
  {
    name: 'a member that does not ask for its assignment within the rebalance timeout is put out',
    async run(bench) {
      const groupId = await newGroup(bench);
      const [leader, late] = await pair(bench, groupId, { rebalanceTimeoutMs: 700 });
      isCode((await sync(leader.client, groupId, leader)).errorCode, 'NONE', 'SyncGroup of the leader');
      await rebalancing(bench, groupId, leader);
      isCode(await heartbeat(late.client, groupId, late), 'UNKNOWN_MEMBER_ID', 'Heartbeat of who was put out');
    },
  },
  {
    name: 'a leader that joins again starts a rebalance; any other member is answered as before',
    async run(bench) {
      const groupId = await newGroup(bench);
      const [leader, follower] = await pair(bench, groupId);
      const { memberId, generationId } = follower;
      const waiting = later(sync(follower.client, groupId, follower));
      isCode((await sync(leader.client, groupId, leader)).errorCode, 'NONE', 'SyncGroup of the leader');
      isCode((await waiting).errorCode, 'NONE', 'SyncGroup');
      const same = await join(follower.client, groupId, { memberId });
      assert.equal(same.generationId, generationId, 'a member that joins again as it was started a rebalance');
      const leading = later(join(leader.client, groupId, { memberId: leader.memberId }));
      await rebalancing(bench, groupId, follower);
      const next = await join(follower.client, groupId, { memberId });
      assert.equal(next.generationId, generationId + 1, 'another generation follows');
      assert.equal((await leading).generationId, generationId + 1, 'the leader is in another generation');
    },
  },
  {
    name: 'SyncGroup waits for the leader; what others assign counts for nothing',
    async run(bench) {
      const groupId = await newGroup(bench);
      const [leader, follower] = await pair(bench, groupId);
      const assignments = (text: string) => ({ assignments: { [leader.memberId]: text, [follower.memberId]: text } });
      const waiting = later(sync(follower.client, groupId, follower, assignments('theirs')));
      const led = await sync(leader.client, groupId, leader, assignments("the leader's"));
      assert.equal(led.assignment.toString(), "the leader's", 'SyncGroup of the leader: another assignment');
      assert.equal((await waiting).assignment.toString(), "the leader's", 'SyncGroup: another assignment');
    },
  },
  {
    name: 'of the protocols that all know, the one that most prefer is selected',
    async run(bench) {
      const groupId = await newGroup(bench);
      const protocols = ['a', 'b'];
      const first = await soleMember(bench, groupId, { protocols });
      const others = [await bench.connect(), await bench.connect()];
      const joining = others.map((client) => later(join(client, groupId, { protocols: ['x', 'b', 'a'] })));
      await bench.eventually(async () => {
        assert.equal((await described(bench, groupId))?.members.length, 3, 'DescribeGroups: not all have joined');
      });
      const again = await join(first.client, groupId, { memberId: first.memberId, protocols });
      assert.equal(again.protocolName, 'b', 'another protocol is selected than the one that two of three prefer');
      for (const { protocolName } of await Promise.all(joining)) assert.equal(protocolName, 'b');
      const other = await sync(first.client, groupId, again, { protocolName: 'a' });
      isCode(other.errorCode, 'INCONSISTENT_GROUP_PROTOCOL', 'SyncGroup with another protocol');
    },
  },
];
