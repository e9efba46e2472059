import {
  describeGroupsApi,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  type JoinGroupRequestInit,
  leaveGroupApi,
  syncGroupApi,
  type SyncGroupRequestInit,
} from 'iggy-gateway-kafka/protocol';
import { subscription } from '../../../support/group-member.js';
import type { AskOptions, Scenario, Side } from '../side.js';
import { setUpTopic } from '../topic-setup.js';

/** A request to join as a consumer of topic `subscribed`, with both of its session's timeouts. */
export function joining(groupId: string, rest: Partial<JoinGroupRequestInit> = {}): JoinGroupRequestInit {
  return {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription('subscribed') }],
    ...rest,
  };
}

export function syncing(
  groupId: string,
  generationId: number,
  memberId: string,
  rest: Partial<SyncGroupRequestInit> = {},
): SyncGroupRequestInit {
  return { groupId, generationId, memberId, protocolType: 'consumer', protocolName: 'range', assignments: [], ...rest };
}

/** Waits until a coordinator is there, and knows of the topic. */
export async function setUpGroups(side: Side): Promise<void> {
  await side.until(async () => {
    const found = await side.send(findCoordinatorApi, 3, { key: 'any', keyType: 0 });
    if (found.errorCode !== 0) return false;
    const { errorCode } = await side.send(heartbeatApi, 3, { groupId: 'any', generationId: 1, memberId: 'x' });
    return errorCode === 25;
  });
}

/** Waits until a group is in a state. */
export function inState(side: Side, groupId: string, state: string, members?: number): Promise<void> {
  return side.until(async () => {
    const { groups } = await side.send(describeGroupsApi, 5, { groups: [groupId] }, { on: 'looking' });
    return groups[0]?.groupState === state && (members === undefined || groups[0].members.length === members);
  });
}

/** A member that has joined alone and assigned itself all; its id is called so in answers. */
export async function stableMember(
  side: Side,
  groupId: string,
  name: string,
  rest: Partial<JoinGroupRequestInit> = {},
): Promise<{ readonly id: string; readonly generation: number }> {
  const { memberId, generationId, protocolName } = await side.send(joinGroupApi, 3, joining(groupId, rest), {
    on: name,
  });
  side.call(memberId, name);
  const assignments = [{ memberId, assignment: Buffer.from(`all to ${name}`) }];
  const protocolType = rest.protocolType ?? 'consumer';
  const request = syncing(groupId, generationId, memberId, { assignments, protocolType, protocolName });
  await side.send(syncGroupApi, 5, request, { on: name });
  return { id: memberId, generation: generationId };
}

const BAD_TYPES = { 'type 7': 7, 'type -1': -1, 'type 2 without its partition': 2 };

export const coordinatorScenario: Scenario = {
  area: 'FindCoordinator',
  async run(side) {
    await setUpGroups(side);
    await side.ask('a group', findCoordinatorApi, 0, { key: 'g' });
    for (const version of [1, 2, 3]) {
      await side.ask('a group', findCoordinatorApi, version, { key: 'g', keyType: 0 });
      await side.ask('no key', findCoordinatorApi, version, { key: '', keyType: 0 });
    }
    for (const version of [4, 5, 6]) {
      await side.ask('groups', findCoordinatorApi, version, { keyType: 0, coordinatorKeys: ['a', 'b', '', 'a'] });
      await side.ask('none', findCoordinatorApi, version, { keyType: 0, coordinatorKeys: [] });
    }
    for (const [what, keyType] of Object.entries(BAD_TYPES)) {
      await side.ask(what, findCoordinatorApi, 3, { key: 'a', keyType });
      for (const version of [4, 6]) {
        await side.ask(what, findCoordinatorApi, version, { keyType, coordinatorKeys: ['a', 'b'] });
      }
    }
    // Kafka makes the topic of these states when it is first asked.
    for (const [what, keyType] of Object.entries({ transaction: 1, share: 2 })) {
      const request = { keyType, coordinatorKeys: [keyType === 2 ? 'a:AAAAAAAAAAAAAAAAAAAAAA:0' : 'a'] };
      await side.until(async () => {
        const { coordinators } = await side.send(findCoordinatorApi, 6, request);
        return coordinators[0]?.errorCode !== 15;
      });
      await side.ask(`of a ${what}`, findCoordinatorApi, 6, request);
    }
  },
};

/** Members that do not exist, in groups that do not. */
const STRANGERS = { 'no group id': '', 'a group that there is not': 'none' };

export const refusedMemberScenario: Scenario = {
  area: 'members are refused',
  async run(side) {
    await setUpGroups(side);
    await setUpTopic(side, 'subscribed', { numPartitions: 2 });
    const refused: Record<string, (group: string) => JoinGroupRequestInit> = {
      'no group id': () => joining(''),
      'a session that is too short': (group) => joining(group, { sessionTimeoutMs: 100 }),
      'a session that is too long': (group) => joining(group, { sessionTimeoutMs: 2_000_000_000 }),
      'a session of -1 ms': (group) => joining(group, { sessionTimeoutMs: -1 }),
      'an unknown member': (group) => joining(group, { memberId: 'x' }),
      'no protocol type': (group) => joining(group, { protocolType: '' }),
      'no protocols': (group) => joining(group, { protocols: [] }),
    };
    for (const [what, request] of Object.entries(refused)) {
      for (const version of [0, 2, 3, 4, 5, 9]) {
        await side.ask(what, joinGroupApi, version, request(`refused-${version}-${what.replaceAll(' ', '-')}`));
      }
    }
    await side.ask(
      'an unknown static member',
      joinGroupApi,
      9,
      joining('refused', { memberId: 'x', groupInstanceId: 'i' }),
    );
    await side.ask('an empty instance id', joinGroupApi, 9, joining('refused', { groupInstanceId: '' }));
    for (const [what, groupId] of Object.entries(STRANGERS)) {
      const memberId = 'x';
      for (const version of [0, 3, 4])
        await side.ask(what, heartbeatApi, version, { groupId, generationId: 1, memberId });
      for (const version of [0, 3]) {
        await side.ask(what, syncGroupApi, version, { groupId, generationId: 1, memberId, assignments: [] });
      }
      await side.ask(what, syncGroupApi, 5, syncing(groupId, 1, memberId));
      await side.ask(`${what}, no protocol`, syncGroupApi, 5, { groupId, generationId: 1, memberId, assignments: [] });
      for (const version of [0, 1, 2]) await side.ask(what, leaveGroupApi, version, { groupId, memberId });
      for (const version of [3, 4, 5]) {
        const members = [{ memberId }, { memberId: '', groupInstanceId: 'i' }, { memberId, groupInstanceId: 'i' }];
        await side.ask(what, leaveGroupApi, version, { groupId, members });
        await side.ask(`${what}, no members`, leaveGroupApi, version, { groupId, members: [] });
      }
    }
  },
};

export const memberScenario: Scenario = {
  area: 'members join, sync, beat and leave',
  async run(side) {
    await setUpGroups(side);
    const groupId = 'members';
    const join = (what: string, version: number, rest: Partial<JoinGroupRequestInit> = {}, options?: AskOptions) =>
      side.ask(what, joinGroupApi, version, joining(groupId, rest), options);
    const beat = (what: string, generationId: number, memberId: string, groupInstanceId: string | null = null) =>
      side.ask(what, heartbeatApi, 4, { groupId, generationId, memberId, groupInstanceId });
    const sync = (
      what: string,
      generationId: number,
      memberId: string,
      rest: Partial<SyncGroupRequestInit> = {},
      options?: AskOptions,
    ) => side.ask(what, syncGroupApi, 5, syncing(groupId, generationId, memberId, rest), options);

    // A member without an id is given one first, and is pending until it comes back with it.
    const pending = await join('the first', 4);
    const a = side.call(pending?.memberId, 'a');
    await beat('of a pending member', 0, a);
    await sync('of a pending member', 0, a);
    await join('a pending member with an instance id', 5, { memberId: a, groupInstanceId: 'i' });
    await join('the first with its id', 4, { memberId: a }, { on: 'a' });
    await beat('before the assignment', 1, a);
    await sync('another generation', 2, a);
    await sync('another protocol type', 1, a, { protocolType: 'connect' });
    await sync('another protocol', 1, a, { protocolName: 'roundrobin' });
    await sync('an unknown instance', 1, a, { groupInstanceId: 'nobody' });
    await sync('an unknown member', 1, 'x');
    await sync('the leader', 1, a, { assignments: [{ memberId: a, assignment: Buffer.from('all') }] });
    await sync('the leader once more', 1, a);
    await beat('in its generation', 1, a);
    await beat('in the generation before', 0, a);
    await beat('in the generation after', 2, a);
    await beat('of an unknown member', 1, 'x');
    await beat('with an unknown instance', 1, a, 'nobody');

    // A static member; the first has to join again.
    const statically = join('a static member', 5, { groupInstanceId: 'static' }, { on: 'b' });
    await inState(side, groupId, 'PreparingRebalance');
    await beat('while the group rebalances', 1, a);
    await sync('while the group rebalances', 1, a);
    const again = join('the first again', 5, { memberId: a }, { on: 'a' });
    const b = side.call((await statically)?.memberId, 'b');
    await again;
    await side.ask('of the second generation', describeGroupsApi, 5, { groups: [groupId] });
    const waiting = sync('the follower', 2, b, { groupInstanceId: 'static' }, { on: 'b' });
    const assignments = [
      { memberId: a, assignment: Buffer.from('for a') },
      { memberId: b, assignment: Buffer.from('for b') },
      { memberId: 'x', assignment: Buffer.from('for nobody') },
    ];
    await sync('the leader of two', 2, a, { assignments }, { on: 'a' });
    await waiting;
    await beat('of a static member', 2, b, 'static');
    await beat('of a static member without its instance', 2, b);
    await beat('of another member for the instance', 2, a, 'static');
    await sync('of another member for the instance', 2, a, { groupInstanceId: 'static' });
    await join('another member for the instance', 5, { memberId: a, groupInstanceId: 'static' });

    // Who knows none of the protocols, or speaks of something else.
    await join('an unknown protocol', 5, { protocols: [{ name: 'other', metadata: subscription('subscribed') }] });
    await join('another protocol type', 5, { protocolType: 'connect' });

    // The static member comes back with another id, and has what it had.
    const back = await join('a static member that is back', 9, { groupInstanceId: 'static' }, { on: 'b' });
    const b2 = side.call(back?.memberId, 'b2');
    await beat('of the id before', 2, b, 'static');
    await beat('of the id now', 2, b2, 'static');
    await sync('of the id before', 2, b, { groupInstanceId: 'static' });
    await sync('of the id now', 2, b2, { groupInstanceId: 'static' }, { on: 'b' });
    const older = await join('a static member that is back, older', 8, { groupInstanceId: 'static' }, { on: 'b' });
    const b3 = side.call(older?.memberId, 'b3');
    await inState(side, groupId, 'Stable');

    // A third member fills the group.
    const third = join('a third', 3, {}, { on: 'c' });
    await inState(side, groupId, 'PreparingRebalance', 3);
    const both = [
      join('the first in a group of three', 5, { memberId: a }, { on: 'a' }),
      join('the second in a group of three', 5, { memberId: b3, groupInstanceId: 'static' }, { on: 'b' }),
    ];
    const c = side.call((await third)?.memberId, 'c');
    await Promise.all(both);
    await join('a fourth in a group of three', 3, {}, { on: 'd' });
    await join('a fourth with an instance', 5, { groupInstanceId: 'more' }, { on: 'd' });
    await side.ask('of the third generation', describeGroupsApi, 6, {
      groups: [groupId],
      includeAuthorizedOperations: true,
    });

    // They leave, whoever they are.
    const leave = (
      what: string,
      version: number,
      members: readonly { memberId: string; groupInstanceId?: string | null }[],
    ) =>
      side.ask(
        what,
        leaveGroupApi,
        version,
        version < 3 ? { groupId, memberId: members[0]?.memberId ?? '' } : { groupId, members },
      );
    await leave('several', 5, [
      { memberId: c },
      { memberId: 'x' },
      { memberId: '' },
      { memberId: a, groupInstanceId: 'static' },
      { memberId: '', groupInstanceId: 'static' },
      { memberId: '', groupInstanceId: 'nobody' },
    ]);
    await leave('the last', 2, [{ memberId: a }]);
    await inState(side, groupId, 'Empty');
    await side.ask('that is empty', describeGroupsApi, 6, { groups: [groupId] });
    await beat('of a member that left', 3, a);
    await sync('of a member that left', 3, a);
    await join('a member that left', 5, { memberId: a });
    await leave('a member that left', 5, [{ memberId: a }]);
    await leave('a member that left', 2, [{ memberId: a }]);
  },
};

export const protocolScenario: Scenario = {
  area: 'the protocol of a group',
  async run(side) {
    await setUpGroups(side);
    const groupId = 'protocols';
    const named = (...names: string[]) => names.map((name) => ({ name, metadata: Buffer.from(`of ${name}`) }));
    const first = await side.ask(
      'the first of three',
      joinGroupApi,
      3,
      joining(groupId, { protocolType: 'own', protocols: named('x', 'y', 'z') }),
      { on: 'a' },
    );
    const a = side.call(first?.memberId, 'a');
    const second = side.ask(
      'one that prefers another',
      joinGroupApi,
      3,
      joining(groupId, { protocolType: 'own', protocols: named('z', 'y') }),
      { on: 'b' },
    );
    await inState(side, groupId, 'PreparingRebalance', 2);
    const again = side.ask(
      'the first again',
      joinGroupApi,
      3,
      joining(groupId, { memberId: a, protocolType: 'own', protocols: named('x', 'y', 'z') }),
      { on: 'a' },
    );
    const b = side.call((await second)?.memberId, 'b');
    await again;
    await side.ask(
      'no assignment for the second',
      syncGroupApi,
      3,
      { groupId, generationId: 2, memberId: a, assignments: [{ memberId: a, assignment: Buffer.from('all') }] },
      { on: 'a' },
    );
    await side.ask(
      'what the second gets',
      syncGroupApi,
      3,
      { groupId, generationId: 2, memberId: b, assignments: [] },
      { on: 'b' },
    );
    await side.ask('of another kind', describeGroupsApi, 5, { groups: [groupId] });
  },
};
