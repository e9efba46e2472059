import assert from 'node:assert/strict';
import { joinGroupApi, leaveGroupApi } from '../../../src/protocol/index.js';
import { isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { stateOf } from './group-requests.js';
import { heartbeat, join, joinOnce, leave, newGroup, soleMember, sync } from './members.js';
import { commit } from './offsets.js';

/** Versions of JoinGroup from this one on have instance ids (KIP-345). */
const INSTANCE_ID_FROM = 5;

export const staticMemberCases: readonly CaseDefinition[] = [
  {
    name: 'a static member that comes back keeps its assignment, and nobody rebalances',
    async run(bench) {
      const groupId = await newGroup(bench);
      const instanceId = 'instance-1';
      const before = await soleMember(bench, groupId, { instanceId });
      await before.client.close();
      const client = await bench.connect();
      const back = await join(client, groupId, { instanceId });
      isCode(back.errorCode, 'NONE', 'JoinGroup of a static member that comes back');
      assert.equal(back.generationId, before.generationId, 'there was a rebalance');
      assert.notEqual(back.memberId, before.memberId, 'the member has its old id');
      const { errorCode, assignment } = await sync(client, groupId, back, { instanceId });
      isCode(errorCode, 'NONE', 'SyncGroup of a static member that comes back');
      assert.equal(assignment.toString(), 'all', 'the member has another assignment');
      const code = await heartbeat(client, groupId, before, { instanceId });
      isCode(code, 'FENCED_INSTANCE_ID', 'Heartbeat with the old id of a static member');
    },
  },
  {
    name: 'a static member joins at once, at every version that knows of them',
    async run(bench) {
      for (const version of bench.client.versions(joinGroupApi).filter((each) => each >= INSTANCE_ID_FROM)) {
        const joined = await joinOnce(bench.client, await newGroup(bench), { instanceId: 'instance-1', version });
        isCode(joined.errorCode, 'NONE', `JoinGroup v${String(version)} of a static member`);
        const known = joined.members.map(({ memberId, groupInstanceId }) => [memberId, groupInstanceId]);
        assert.deepEqual(known, [[joined.memberId, 'instance-1']], `JoinGroup v${String(version)}: other members`);
      }
    },
  },
  {
    name: 'the id that a static member had before is fenced, whatever it asks',
    async run(bench) {
      const groupId = await newGroup(bench);
      const topic = await bench.topic();
      const instanceId = 'instance-1';
      const before = await soleMember(bench, groupId, { instanceId });
      const { client, memberId } = before;
      isCode((await join(bench.client, groupId, { instanceId })).errorCode, 'NONE', 'JoinGroup of its successor');
      const joined = await joinOnce(client, groupId, { memberId, instanceId });
      isCode(joined.errorCode, 'FENCED_INSTANCE_ID', 'JoinGroup with the old id');
      const synced = await sync(client, groupId, before, { instanceId });
      isCode(synced.errorCode, 'FENCED_INSTANCE_ID', 'SyncGroup with the old id');
      isCode(await heartbeat(client, groupId, before, { instanceId }), 'FENCED_INSTANCE_ID', 'Heartbeat');
      isCode(await commit(client, groupId, topic, 1, { ...before, instanceId }), 'FENCED_INSTANCE_ID', 'OffsetCommit');
      isCode(await leave(client, groupId, memberId, { instanceId }), 'FENCED_INSTANCE_ID', 'LeaveGroup');
      const nobody = await heartbeat(client, groupId, before, { instanceId: 'nobody' });
      isCode(nobody, 'UNKNOWN_MEMBER_ID', 'Heartbeat with an instance id that nobody has');
    },
  },
  {
    name: 'members are taken out together, static ones by their instance ids alone',
    async run(bench) {
      const groupId = await newGroup(bench);
      await soleMember(bench, groupId, { instanceId: 'instance-1' });
      const members = ['instance-1', 'nobody'].map((groupInstanceId) => ({ memberId: '', groupInstanceId }));
      const answer = await bench.client.send(leaveGroupApi, { groupId, members });
      isCode(answer.errorCode, 'NONE', 'LeaveGroup');
      isCode(answer.members[0]?.errorCode, 'NONE', 'LeaveGroup of a static member');
      isCode(answer.members[1]?.errorCode, 'UNKNOWN_MEMBER_ID', 'LeaveGroup of an instance id that nobody has');
      assert.equal(await stateOf(bench, groupId), 'Empty', 'the member is still there');
    },
  },
  {
    name: 'a static member that is not heard of is put out after its session timeout',
    needs: ['brokerConfigs'],
    config: { 'group.min.session.timeout.ms': 100 },
    async run(bench) {
      const groupId = await newGroup(bench);
      await soleMember(bench, groupId, { instanceId: 'instance-1', sessionTimeoutMs: 300 });
      await bench.eventually(async () => {
        assert.equal(await stateOf(bench, groupId), 'Empty', 'the member is still there');
      });
    },
  },
];
