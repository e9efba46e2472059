import assert from 'node:assert/strict';
import { describeGroupsApi } from '../../../src/protocol/index.js';
import { isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { listed, remove } from './group-requests.js';
import { newGroup, soleMember } from './members.js';
import { commit, committed } from './offsets.js';

export const groupAdminCases: readonly CaseDefinition[] = [
  {
    name: 'a group is listed with its state, and by filters on state and type',
    async run(bench) {
      const groupId = await newGroup(bench);
      assert.equal(await listed(bench, groupId), undefined, 'ListGroups has a group that nobody made');
      await soleMember(bench, groupId);
      const group = await listed(bench, groupId);
      assert.deepEqual(
        [group?.protocolType, group?.groupState, group?.groupType.toLowerCase()],
        ['consumer', 'Stable', 'classic'],
        'ListGroups says something else of the group',
      );
      assert(await listed(bench, groupId, { statesFilter: ['Stable'] }), 'ListGroups by state Stable lacks the group');
      assert.equal(await listed(bench, groupId, { statesFilter: ['Empty'] }), undefined, 'a Stable group is not Empty');
      assert(await listed(bench, groupId, { typesFilter: ['classic'] }), 'ListGroups by type classic lacks the group');
      assert.equal(
        await listed(bench, groupId, { typesFilter: ['share'] }),
        undefined,
        'a classic group is no share group',
      );
    },
  },
  {
    name: 'a group is described with its members and their assignments, at every version',
    async run(bench) {
      const groupId = await newGroup(bench);
      const { memberId } = await soleMember(bench, groupId);
      for (const version of bench.client.versions(describeGroupsApi)) {
        const { groups } = await bench.client.send(describeGroupsApi, { groups: [groupId] }, version);
        const [group] = groups;
        const what = `DescribeGroups v${String(version)}`;
        isCode(group?.errorCode, 'NONE', what);
        assert.deepEqual(
          [group?.groupState, group?.protocolType, group?.protocolData],
          ['Stable', 'consumer', 'range'],
          `${what} says something else of the group`,
        );
        assert.deepEqual(
          group?.members.map((member) => [member.memberId, member.clientId, member.memberAssignment.toString()]),
          [[memberId, bench.client.clientId, 'all']],
          `${what} has other members`,
        );
      }
    },
  },
  {
    name: 'a group that there is not is dead; from version 6 on it is an error',
    async run(bench) {
      const groupId = await newGroup(bench);
      for (const version of bench.client.versions(describeGroupsApi)) {
        const { groups } = await bench.client.send(describeGroupsApi, { groups: [groupId] }, version);
        const what = `DescribeGroups v${String(version)} of no group`;
        isCode(groups[0]?.errorCode, version >= 6 ? 'GROUP_ID_NOT_FOUND' : 'NONE', what);
        assert.equal(groups[0]?.groupState, 'Dead', `${what}: another state`);
      }
    },
  },
  {
    name: 'a group without members is deleted with its offsets; one with members is not',
    async run(bench) {
      const topic = await bench.topic();
      const groupId = await newGroup(bench);
      isCode(await remove(bench, groupId), 'GROUP_ID_NOT_FOUND', 'DeleteGroups of no group');
      isCode(await commit(bench.client, groupId, topic, 5), 'NONE', 'OffsetCommit');
      assert.equal((await listed(bench, groupId))?.groupState, 'Empty', 'ListGroups of a group that has but offsets');
      isCode(await remove(bench, groupId), 'NONE', 'DeleteGroups');
      assert.equal(await listed(bench, groupId), undefined, 'ListGroups has a group that was deleted');
      assert.deepEqual(await committed(bench.client, groupId, topic), [[-1, '']], 'an offset of it is still there');
      await soleMember(bench, groupId);
      isCode(await remove(bench, groupId), 'NON_EMPTY_GROUP', 'DeleteGroups of a group with a member');
    },
  },
];
