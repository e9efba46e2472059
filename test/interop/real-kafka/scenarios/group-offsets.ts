import {
  deleteGroupsApi,
  describeGroupsApi,
  leaveGroupApi,
  listGroupsApi,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
} from 'iggy-gateway-kafka/protocol';
import { NOBODYS_ID, type Scenario, type Side } from '../side.js';
import { setUpTopic } from '../topic-setup.js';
import { inState, setUpGroups, stableMember } from './groups.js';

interface Commit {
  readonly groupId?: string;
  readonly generationId?: number;
  readonly memberId?: string;
  readonly groupInstanceId?: string | null;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: bigint;
  readonly metadata?: string | null;
}

const GROUP = 'committing';

export const offsetScenario: Scenario = {
  area: 'offsets are committed and fetched',
  async run(side) {
    await setUpGroups(side);
    const topicId = side.call(await setUpTopic(side, 'positions', { numPartitions: 3 }), 'the id');
    await setUpTopic(side, 'elsewhere');
    const { id, generation } = await stableMember(side, GROUP, 'member');
    const commit = (what: string, version: number, with_: Commit) =>
      side.ask(what, offsetCommitApi, version, {
        groupId: with_.groupId ?? GROUP,
        generationIdOrMemberEpoch: with_.generationId ?? generation,
        memberId: with_.memberId ?? id,
        ...(version >= 7 ? { groupInstanceId: with_.groupInstanceId ?? null } : {}),
        topics: [
          {
            ...(version >= 10 ? { topicId: with_.topic ?? topicId } : { name: with_.topic ?? 'positions' }),
            partitions: [
              {
                partitionIndex: with_.partition ?? 0,
                committedOffset: with_.offset ?? 5n,
                committedMetadata: with_.metadata ?? null,
              },
            ],
          },
        ],
      });
    const commits: Record<string, Commit> = {
      'a member': {},
      'nobody in particular': { generationId: -1, memberId: '' },
      'another generation': { generationId: generation + 1 },
      'the generation before': { generationId: generation - 1 },
      'no generation, but a member': { generationId: -1 },
      'a generation, but no member': { memberId: '' },
      'an unknown member': { memberId: 'x' },
      'a group that there is not, with a generation': { groupId: 'none', generationId: 3, memberId: 'x' },
      'a new group, nobody in particular': { groupId: 'simple', generationId: -1, memberId: '' },
      'no group id': { groupId: '', generationId: -1, memberId: '' },
      'a partition that is not there': { partition: 9 },
      'partition -1': { partition: -1 },
      'offset -1': { offset: -1n, partition: 1 },
      'offset -5': { offset: -5n, partition: 1 },
      'long metadata': { metadata: 'x'.repeat(4096), partition: 1 },
      'metadata that is too long': { metadata: 'x'.repeat(4097) },
      'empty metadata': { metadata: '', partition: 2 },
    };
    for (const [what, each] of Object.entries(commits)) {
      for (const version of [2, 6, 7, 8, 9, 10]) await commit(what, version, each);
      if (each.groupInstanceId === undefined)
        await commit(`${what}, an unknown instance`, 9, { ...each, groupInstanceId: 'nobody' });
    }
    for (const version of [2, 9]) {
      await commit('a topic that is not there', version, { topic: 'none' });
      await commit('a topic with a bad name', version, { topic: 'a b' });
      await commit('a topic without a name', version, { topic: '' });
    }
    await commit('an id that nobody has', 10, { topic: NOBODYS_ID });
    await side.ask('nothing', offsetCommitApi, 9, {
      groupId: GROUP,
      generationIdOrMemberEpoch: generation,
      memberId: id,
      topics: [],
    });
    await side.ask('one of two', offsetCommitApi, 9, {
      groupId: GROUP,
      generationIdOrMemberEpoch: generation,
      memberId: id,
      topics: [
        {
          name: 'positions',
          partitions: [0, 77].map((partitionIndex) => ({
            partitionIndex,
            committedOffset: 6n,
            committedMetadata: 'm',
          })),
        },
        { name: 'none', partitions: [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: null }] },
      ],
    });
    await fetched(side, topicId);
    await deletedOffsets(side, id);
  },
};

async function fetched(side: Side, topicId: string): Promise<void> {
  const some = [
    { name: 'positions', partitionIndexes: [0, 1, 9] },
    { name: 'none', partitionIndexes: [0] },
  ];
  const groups = { 'a group': GROUP, 'a group that there is not': 'none', 'no group id': '' };
  for (const [what, groupId] of Object.entries(groups)) {
    for (const version of [1, 2, 5, 6, 7]) {
      await side.ask(`${what}, some`, offsetFetchApi, version, { groupId, topics: some });
      if (version > 1) await side.ask(`${what}, all`, offsetFetchApi, version, { groupId, topics: null });
      await side.ask(`${what}, none`, offsetFetchApi, version, { groupId, topics: [] });
    }
    for (const version of [8, 9]) {
      await side.ask(`${what}, some`, offsetFetchApi, version, {
        groups: [{ groupId, topics: some }],
        requireStable: true,
      });
      await side.ask(`${what}, all`, offsetFetchApi, version, { groups: [{ groupId, topics: null }] });
    }
    await side.ask(`${what}, some`, offsetFetchApi, 10, {
      groups: [
        {
          groupId,
          topics: [
            { topicId, partitionIndexes: [0, 9] },
            { topicId: NOBODYS_ID, partitionIndexes: [0] },
          ],
        },
      ],
    });
    await side.ask(`${what}, all`, offsetFetchApi, 10, { groups: [{ groupId, topics: null }] });
  }
  await side.ask('several groups', offsetFetchApi, 9, {
    groups: [GROUP, 'none', 'simple'].map((groupId) => ({ groupId, topics: null })),
  });
  await side.ask('no groups', offsetFetchApi, 9, { groups: [] });
  await side.ask('a member of another kind', offsetFetchApi, 9, {
    groups: [{ groupId: GROUP, memberId: 'x', memberEpoch: 3, topics: null }],
  });
}

async function deletedOffsets(side: Side, memberId: string): Promise<void> {
  const remove = (what: string, groupId: string, name: string, partitionIndex = 0) =>
    side.ask(what, offsetDeleteApi, 0, { groupId, topics: [{ name, partitions: [{ partitionIndex }] }] });
  await remove('of a topic that is subscribed to', GROUP, 'subscribed');
  await remove('of another topic', GROUP, 'positions');
  await remove('what was deleted', GROUP, 'positions');
  await remove('what was never committed', GROUP, 'elsewhere');
  await remove('a partition that is not there', GROUP, 'positions', 9);
  await remove('a topic that is not there', GROUP, 'none');
  await remove('a group that there is not', 'none', 'positions');
  await remove('no group id', '', 'positions');
  await side.ask('nothing', offsetDeleteApi, 0, { groupId: GROUP, topics: [] });
  await side.ask('what is left', offsetFetchApi, 9, { groups: [{ groupId: GROUP, topics: null }] });
  await side.send(leaveGroupApi, 3, { groupId: GROUP, members: [{ memberId }] });
  await inState(side, GROUP, 'Empty');
  await remove('of a group without members', GROUP, 'positions', 2);
  await side.ask('what is left in the end', offsetFetchApi, 9, { groups: [{ groupId: GROUP, topics: null }] });
}

export const groupAdminScenario: Scenario = {
  area: 'groups are listed, described and deleted',
  async run(side) {
    await setUpGroups(side);
    const { id } = await stableMember(side, 'admin-stable', 'leader');
    await stableMember(side, 'admin-connect', 'worker', {
      protocolType: 'connect',
      protocols: [{ name: 'p', metadata: Buffer.from('m') }],
    });
    const topics = [
      { name: 'subscribed', partitions: [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: null }] },
    ];
    await side.send(offsetCommitApi, 9, { groupId: 'admin-simple', memberId: '', topics });

    const list = async (what: string, version: number, request: object = {}): Promise<void> => {
      await side.ask(what, listGroupsApi, version, request, { only: /^admin-/ });
    };
    for (let version = 0; version <= 5; version++) await list('all', version);
    for (const states of [['Stable'], ['stable'], ['Empty'], ['Dead'], ['nonsense'], ['Stable', 'Empty'], ['']]) {
      for (const version of [4, 5]) await list(`state ${states.join(', ')}`, version, { statesFilter: states });
    }
    for (const types of [['classic'], ['Classic'], ['consumer'], ['nonsense'], ['classic', 'consumer'], ['']]) {
      await list(`type ${types.join(', ')}`, 5, { typesFilter: types });
    }
    const groups = ['admin-stable', 'admin-simple', 'admin-connect', 'none', ''];
    for (let version = 0; version <= 6; version++) {
      await side.ask('groups', describeGroupsApi, version, {
        groups,
        ...(version >= 3 ? { includeAuthorizedOperations: true } : {}),
      });
      await side.ask('no groups', describeGroupsApi, version, { groups: [] });
      await side.ask('a group twice', describeGroupsApi, version, { groups: ['none', 'none'] });
    }
    for (const version of [0, 1, 2, 3]) {
      await side.ask('with members, that there are not', deleteGroupsApi, version, {
        groupsNames: ['admin-stable', 'none', ''],
      });
    }
    await side.ask('a group that there is not, twice', deleteGroupsApi, 3, { groupsNames: ['none', 'none'] });
    await side.ask('nothing', deleteGroupsApi, 3, { groupsNames: [] });
    await side.ask('a group with offsets only', deleteGroupsApi, 3, { groupsNames: ['admin-simple'] });
    await side.ask('its offsets', offsetFetchApi, 9, { groups: [{ groupId: 'admin-simple', topics: null }] });
    await side.send(leaveGroupApi, 3, { groupId: 'admin-stable', members: [{ memberId: id }] });
    await inState(side, 'admin-stable', 'Empty');
    await side.ask('without members, twice', deleteGroupsApi, 3, { groupsNames: ['admin-stable', 'admin-stable'] });
    await side.ask('what was deleted', describeGroupsApi, 6, { groups: ['admin-stable'] });
  },
};
