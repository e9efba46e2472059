import { ErrorCode } from 'iggy-gateway-kafka';
import { createMemoryBackend } from 'iggy-gateway-kafka/adapters/memory';
import {
  type ApiCodec,
  createTopicsApi,
  deleteGroupsApi,
  describeGroupsApi,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  listGroupsApi,
  metadataApi,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
  syncGroupApi,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { record, start } from '../support/gateways.js';

const GROUP = 'g';

async function broker() {
  const config = { 'group.initial.rebalance.delay.ms': 0 };
  const { connect, gateway, port } = await start({ backend: createMemoryBackend({ config }) });
  const client = await connect();
  const topics = [{ name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }];
  await client.send(createTopicsApi, 5, { topics, timeoutMs: 1000 });
  const { response } = await client.send(metadataApi, 12, { topics: [{ name: 't' }] });
  return { client, connect, port, topicId: response.topics[0]?.topicId ?? '', errors: record(gateway, 'requestError') };
}

/** Versions of an API, each a row. */
function versionsOf({ versions }: Pick<ApiCodec, 'versions'>): number[] {
  return Array.from({ length: versions.max - versions.min + 1 }, (_, index) => versions.min + index);
}

describe('over the wire, at every version', () => {
  test('FindCoordinator names the broker, and refuses transactional ids and share-partitions', async () => {
    const { client, port, errors } = await broker();
    for (const version of versionsOf(findCoordinatorApi)) {
      const ask = async (keyType: number) => {
        const request = version < 4 ? { key: GROUP, keyType } : { keyType, coordinatorKeys: [GROUP] };
        const { response } = await client.send(findCoordinatorApi, version, version === 0 ? { key: GROUP } : request);
        return version < 4 ? response : response.coordinators[0];
      };
      expect(await ask(0)).toMatchObject({ errorCode: 0, nodeId: 1, host: '127.0.0.1', port });
      if (version === 0) continue;
      expect(await ask(1)).toMatchObject({ errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, nodeId: -1 });
      expect(await ask(2)).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST });
    }
    expect(errors).toEqual([]);
  });

  test('a member joins, syncs, beats and leaves', async () => {
    const { client, errors } = await broker();
    for (const version of versionsOf(joinGroupApi)) {
      const request = {
        groupId: GROUP,
        sessionTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from('m') }],
      };
      let { response: joined } = await client.send(joinGroupApi, version, request);
      if (version >= 4) {
        expect(joined.errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
        const { memberId } = joined;
        ({ response: joined } = await client.send(joinGroupApi, version, { ...request, memberId }));
      }
      const { memberId, generationId } = joined;
      expect(joined).toMatchObject({ errorCode: 0, leader: memberId, protocolName: 'range', skipAssignment: false });
      expect(joined.members).toMatchObject([{ memberId, metadata: Buffer.from('m') }]);
      const at = ({ versions: { max } }: Pick<ApiCodec, 'versions'>): number => Math.min(version, max);
      const names = at(syncGroupApi) < 5 ? {} : { protocolType: 'consumer', protocolName: 'range' };
      const assignments = [{ memberId, assignment: Buffer.from('a') }];
      const sync = { groupId: GROUP, generationId, memberId, assignments, ...names };
      const { response: synced } = await client.send(syncGroupApi, at(syncGroupApi), sync);
      expect(synced).toMatchObject({ errorCode: 0, assignment: Buffer.from('a') });
      const beat = { groupId: GROUP, generationId, memberId };
      expect((await client.send(heartbeatApi, at(heartbeatApi), beat)).response.errorCode).toBe(0);
      const leave = at(leaveGroupApi) < 3 ? { memberId } : { members: [{ memberId }] };
      const { response: left } = await client.send(leaveGroupApi, at(leaveGroupApi), { groupId: GROUP, ...leave });
      expect(left).toMatchObject({ errorCode: 0, members: at(leaveGroupApi) < 3 ? [] : [{ memberId, errorCode: 0 }] });
    }
    expect(errors).toEqual([]);
  });

  test('offsets are committed, found and deleted', async () => {
    const { client, topicId, errors } = await broker();
    for (const version of versionsOf(offsetCommitApi)) {
      const partitions = [{ partitionIndex: 1, committedOffset: BigInt(version), committedMetadata: null }];
      const topic = version < 10 ? { name: 't', partitions } : { topicId, partitions };
      const request = { groupId: GROUP, memberId: '', topics: [topic] };
      const { response } = await client.send(offsetCommitApi, version, request);
      expect(response.topics[0]?.partitions).toEqual([{ partitionIndex: 1, errorCode: 0 }]);
    }
    for (const version of versionsOf(offsetFetchApi)) {
      const topic = version < 10 ? { name: 't' } : { topicId };
      const topics = [{ ...topic, partitionIndexes: [0, 1] }] as { name: string; partitionIndexes: number[] }[];
      const request = version < 8 ? { groupId: GROUP, topics } : { groups: [{ groupId: GROUP, topics }] };
      const { response } = await client.send(offsetFetchApi, version, request);
      const found = version < 8 ? response.topics[0] : response.groups[0]?.topics[0];
      expect(found?.partitions).toMatchObject([
        { partitionIndex: 0, committedOffset: -1n, errorCode: 0, metadata: '' },
        { partitionIndex: 1, committedOffset: 10n, errorCode: 0, metadata: '' },
      ]);
      if (version < 2) continue;
      const everything =
        version < 8 ? { groupId: GROUP, topics: null } : { groups: [{ groupId: GROUP, topics: null }] };
      const { response: all } = await client.send(offsetFetchApi, version, everything);
      expect((version < 8 ? all.topics[0] : all.groups[0]?.topics[0])?.partitions).toHaveLength(1);
    }
    const topics = [{ name: 't', partitions: [{ partitionIndex: 1 }] }];
    const { response } = await client.send(offsetDeleteApi, 0, { groupId: GROUP, topics });
    expect(response.topics[0]?.partitions).toEqual([{ partitionIndex: 1, errorCode: 0 }]);
    expect(await client.send(offsetDeleteApi, 0, { groupId: 'none', topics })).toMatchObject({
      response: { errorCode: ErrorCode.GROUP_ID_NOT_FOUND },
    });
    expect(errors).toEqual([]);
  });

  test('groups are listed, described and deleted', async () => {
    const { client, errors } = await broker();
    const commit = async () => {
      const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: 'm' }];
      await client.send(offsetCommitApi, 8, { groupId: GROUP, memberId: '', topics: [{ name: 't', partitions }] });
    };
    await commit();
    for (const version of versionsOf(listGroupsApi)) {
      const { response } = await client.send(listGroupsApi, version, {});
      expect(response.groups).toMatchObject([{ groupId: GROUP, groupState: version < 4 ? '' : 'Empty' }]);
    }
    for (const version of versionsOf(describeGroupsApi)) {
      const { response } = await client.send(describeGroupsApi, version, { groups: [GROUP, 'none'] });
      expect(response.groups).toMatchObject([
        { errorCode: 0, groupState: 'Empty' },
        { errorCode: version < 6 ? 0 : ErrorCode.GROUP_ID_NOT_FOUND, groupState: 'Dead' },
      ]);
    }
    for (const version of versionsOf(deleteGroupsApi)) {
      await commit();
      const { response } = await client.send(deleteGroupsApi, version, { groupsNames: [GROUP, 'none'] });
      expect(response.results.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.GROUP_ID_NOT_FOUND]);
    }
    expect(errors).toEqual([]);
  });
});
