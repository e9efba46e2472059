import { isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { join, newGroup, soleMember } from './members.js';
import { commit } from './offsets.js';

/** Kafka has no such limits: the codes are those that clients do not try again. */
export const groupLimitCases: readonly CaseDefinition[] = [
  {
    name: 'there are no more groups than the limit says',
    needs: ['groupLimits'],
    groups: { groups: 1 },
    async run(bench) {
      await soleMember(bench, await newGroup(bench));
      const other = await newGroup(bench);
      isCode((await join(bench.client, other)).errorCode, 'POLICY_VIOLATION', 'JoinGroup of a second group');
      const topic = await bench.topic();
      isCode(await commit(bench.client, other, topic, 1), 'POLICY_VIOLATION', 'OffsetCommit of a second group');
    },
  },
  {
    name: 'all groups together have no more members than the limit says',
    needs: ['groupLimits'],
    groups: { members: 1 },
    async run(bench) {
      await soleMember(bench, await newGroup(bench));
      const { errorCode } = await join(bench.client, await newGroup(bench));
      isCode(errorCode, 'POLICY_VIOLATION', 'JoinGroup of a second member');
    },
  },
  {
    name: 'the protocols of a member take no more bytes than the limit says',
    needs: ['groupLimits'],
    groups: { memberBytes: 1000 },
    async run(bench) {
      const groupId = await newGroup(bench);
      const { errorCode } = await join(bench.client, groupId, { topics: ['x'.repeat(1000)] });
      isCode(errorCode, 'POLICY_VIOLATION', 'JoinGroup with more than 1000 bytes of metadata');
      await soleMember(bench, groupId, { topics: ['x'.repeat(900)] });
    },
  },
  {
    name: 'all members together take no more bytes than the limit says',
    needs: ['groupLimits'],
    groups: { bytes: 1500 },
    async run(bench) {
      const topics = ['x'.repeat(1000)];
      await soleMember(bench, await newGroup(bench), { topics });
      const { errorCode } = await join(bench.client, await newGroup(bench), { topics });
      isCode(errorCode, 'POLICY_VIOLATION', 'JoinGroup with more than 1500 bytes in all');
    },
  },
  {
    name: 'there are no more committed offsets than the limit says',
    needs: ['groupLimits'],
    groups: { offsets: 1 },
    async run(bench) {
      const topic = await bench.topic({ partitions: 2 });
      const groupId = await newGroup(bench);
      isCode(await commit(bench.client, groupId, topic, 1), 'NONE', 'OffsetCommit');
      const second = await commit(bench.client, groupId, topic, 1, { partition: 1 });
      isCode(second, 'INVALID_COMMIT_OFFSET_SIZE', 'OffsetCommit of a second partition');
      isCode(await commit(bench.client, groupId, topic, 2), 'NONE', 'OffsetCommit of the first partition again');
    },
  },
];
