import assert from 'node:assert/strict';
import { findCoordinatorApi, joinGroupApi, metadataApi } from '../../../src/protocol/index.js';
import { isCode, later } from './bench.js';
import type { CaseDefinition } from './case.js';
import {
  heartbeat,
  join,
  joinAsSecond,
  joinOnce,
  leave,
  MEMBER_ID_REQUIRED_FROM,
  metadataOf,
  newGroup,
  pair,
  soleMember,
  sync,
} from './members.js';

const GROUP = 0;
const TRANSACTION = 1;
/** Versions from this one on ask for several keys. */
const KEYS_FROM = 4;

export const groupCases: readonly CaseDefinition[] = [
  {
    name: 'FindCoordinator names a broker, at every version',
    async run(bench) {
      const key = await newGroup(bench);
      const { brokers } = await bench.client.send(metadataApi, { topics: [] });
      for (const version of bench.client.versions(findCoordinatorApi)) {
        const request = version >= KEYS_FROM ? { coordinatorKeys: [key], keyType: GROUP } : { key };
        const answer = await bench.client.send(findCoordinatorApi, request, version);
        const found = version >= KEYS_FROM ? answer.coordinators[0] : answer;
        isCode(found?.errorCode, 'NONE', `FindCoordinator v${String(version)}`);
        assert(
          brokers.some(({ nodeId, port }) => nodeId === found?.nodeId && port === found.port),
          `FindCoordinator v${String(version)} names a broker that Metadata does not`,
        );
      }
    },
  },
  {
    name: 'FindCoordinator refuses transactional ids with a code that no client tries again',
    without: ['transactions'],
    async run(bench) {
      const request = { coordinatorKeys: [bench.name('txn')], keyType: TRANSACTION };
      const { coordinators } = await bench.client.send(findCoordinatorApi, request);
      isCode(
        coordinators[0]?.errorCode,
        'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
        'FindCoordinator of a transactional id',
      );
    },
  },
  {
    name: 'a member joins, gets its assignment, is heard of and leaves, at every version',
    async run(bench) {
      const { client } = bench;
      for (const version of client.versions(joinGroupApi)) {
        const groupId = await newGroup(bench);
        const joined = await join(client, groupId, { version });
        const what = `v${String(version)}`;
        isCode(joined.errorCode, 'NONE', `JoinGroup ${what}`);
        const { memberId } = joined;
        assert.equal(joined.leader, memberId, `JoinGroup ${what}: the only member leads`);
        assert.equal(joined.protocolName, 'range', `JoinGroup ${what}: another protocol`);
        assert.deepEqual(
          joined.members.map((member) => [member.memberId, member.metadata]),
          [[memberId, metadataOf('range')]],
          `JoinGroup ${what}: the leader is told of other members`,
        );
        const at = { version: Math.min(version, 4) };
        const synced = await sync(client, groupId, joined, { ...at, assignments: { [memberId]: 'a' } });
        isCode(synced.errorCode, 'NONE', `SyncGroup ${what}`);
        assert.equal(synced.assignment.toString(), 'a', `SyncGroup ${what}: another assignment`);
        isCode(await heartbeat(client, groupId, joined, at), 'NONE', `Heartbeat ${what}`);
        isCode(await leave(client, groupId, memberId, at), 'NONE', `LeaveGroup ${what}`);
        isCode(await heartbeat(client, groupId, joined, at), 'UNKNOWN_MEMBER_ID', `Heartbeat ${what} after LeaveGroup`);
      }
    },
  },
  {
    name: 'a new member is given its id first in versions that know of it',
    async run(bench) {
      for (const version of bench.client.versions(joinGroupApi)) {
        const { errorCode, memberId } = await joinOnce(bench.client, await newGroup(bench), { version });
        const expected = version < MEMBER_ID_REQUIRED_FROM ? 'NONE' : 'MEMBER_ID_REQUIRED';
        isCode(errorCode, expected, `JoinGroup v${String(version)} without a member id`);
        assert.notEqual(memberId, '', `JoinGroup v${String(version)} gives no member id`);
      }
    },
  },
  {
    name: 'when a second member joins, both get their parts, in a new generation',
    async run(bench) {
      const groupId = await newGroup(bench);
      const first = await soleMember(bench, groupId);
      const other = await bench.connect();
      const [again, second] = await joinAsSecond(bench, groupId, first, other);
      isCode(again.errorCode, 'NONE', 'JoinGroup of the first member again');
      isCode(second.errorCode, 'NONE', 'JoinGroup of the second member');
      assert.equal(again.generationId, second.generationId, 'the members are in other generations');
      assert(again.generationId > first.generationId, 'the generation is not a new one');
      assert.equal(again.leader, first.memberId, 'another member leads');
      assert.equal(again.members.length, 2, 'the leader is told of another number of members');
      assert.equal(second.members.length, 0, 'who does not lead, is told of members');
      const follower = later(sync(other, groupId, second));
      const assignments = { [first.memberId]: 'mine', [second.memberId]: 'yours' };
      const led = await sync(first.client, groupId, again, { assignments });
      assert.equal(led.assignment.toString(), 'mine', 'SyncGroup of the leader: another assignment');
      assert.equal((await follower).assignment.toString(), 'yours', 'SyncGroup of the other: another assignment');
    },
  },
  {
    name: 'when a member leaves, the others rebalance',
    async run(bench) {
      const groupId = await newGroup(bench);
      const [first, second] = await pair(bench, groupId);
      isCode(await leave(second.client, groupId, second.memberId), 'NONE', 'LeaveGroup');
      const code = await heartbeat(first.client, groupId, first);
      isCode(code, 'REBALANCE_IN_PROGRESS', 'Heartbeat after another member left');
      const last = await join(first.client, groupId, { memberId: first.memberId });
      assert.equal(last.members.length, 1, 'the member that left is still there');
    },
  },
  {
    name: 'a member that is not heard of is put out after its session timeout',
    needs: ['brokerConfigs'],
    config: { 'group.min.session.timeout.ms': 100 },
    async run(bench) {
      const groupId = await newGroup(bench);
      const silent = await soleMember(bench, groupId, { sessionTimeoutMs: 300 });
      await silent.client.close();
      const { members } = await join(bench.client, groupId, { sessionTimeoutMs: 10_000 });
      assert.equal(members.length, 1, 'the member that is not heard of is still there');
    },
  },
  {
    name: 'a member that is heard of stays beyond its session timeout',
    needs: ['brokerConfigs'],
    config: { 'group.min.session.timeout.ms': 100 },
    async run(bench) {
      const groupId = await newGroup(bench);
      const member = await soleMember(bench, groupId, { sessionTimeoutMs: 1000 });
      const until = performance.now() + 1500;
      while (performance.now() < until) {
        isCode(await heartbeat(member.client, groupId, member), 'NONE', 'Heartbeat');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  },
  {
    name: 'a session timeout outside of what the broker allows is refused',
    needs: ['brokerConfigs'],
    config: { 'group.min.session.timeout.ms': 6000, 'group.max.session.timeout.ms': 20_000 },
    async run(bench) {
      const groupId = await newGroup(bench);
      for (const sessionTimeoutMs of [5999, 20_001]) {
        const { errorCode } = await joinOnce(bench.client, groupId, { sessionTimeoutMs });
        isCode(errorCode, 'INVALID_SESSION_TIMEOUT', `JoinGroup with a session of ${String(sessionTimeoutMs)} ms`);
      }
    },
  },
  {
    name: 'the protocol that every member knows is selected; a member that knows none of them is refused',
    async run(bench) {
      const groupId = await newGroup(bench);
      const first = await soleMember(bench, groupId, { protocols: ['b', 'a'] });
      const stranger = await bench.connect();
      const { errorCode } = await join(stranger, groupId, { protocols: ['c'] });
      isCode(errorCode, 'INCONSISTENT_GROUP_PROTOCOL', 'JoinGroup with a protocol of its own');
      const type = await join(stranger, groupId, { protocolType: 'connect', protocols: ['a'] });
      isCode(type.errorCode, 'INCONSISTENT_GROUP_PROTOCOL', 'JoinGroup with another protocol type');
      const options = [{ protocols: ['b', 'a'] }, { protocols: ['a', 'x'] }] as const;
      const [again, second] = await joinAsSecond(bench, groupId, first, stranger, options);
      assert.equal(again.protocolName, 'a', 'another protocol is selected than the one that all know');
      assert.equal(second.protocolName, 'a', 'the second member is told of another protocol');
    },
  },
  {
    name: 'requests of members and generations that there are not are refused',
    async run(bench) {
      const groupId = await newGroup(bench);
      const member = await soleMember(bench, groupId);
      const { client } = member;
      const nobody = { memberId: 'nobody', generationId: member.generationId };
      isCode(await heartbeat(client, groupId, nobody), 'UNKNOWN_MEMBER_ID', 'Heartbeat of nobody');
      isCode((await sync(client, groupId, nobody)).errorCode, 'UNKNOWN_MEMBER_ID', 'SyncGroup of nobody');
      isCode(await leave(client, groupId, 'nobody'), 'UNKNOWN_MEMBER_ID', 'LeaveGroup of nobody');
      const old = { memberId: member.memberId, generationId: member.generationId - 1 };
      isCode(await heartbeat(client, groupId, old), 'ILLEGAL_GENERATION', 'Heartbeat of an old generation');
      isCode((await sync(client, groupId, old)).errorCode, 'ILLEGAL_GENERATION', 'SyncGroup of an old generation');
      const rejoin = await joinOnce(client, groupId, { memberId: 'nobody' });
      isCode(rejoin.errorCode, 'UNKNOWN_MEMBER_ID', 'JoinGroup with an id that was not given');
      isCode((await joinOnce(client, '')).errorCode, 'INVALID_GROUP_ID', "JoinGroup of the group ''");
    },
  },
  {
    name: 'group.max.size limits the members of a group',
    needs: ['brokerConfigs'],
    config: { 'group.max.size': 2 },
    async run(bench) {
      const groupId = await newGroup(bench);
      await pair(bench, groupId);
      const { errorCode } = await join(bench.client, groupId);
      isCode(errorCode, 'GROUP_MAX_SIZE_REACHED', 'JoinGroup of one more than group.max.size');
    },
  },
];
