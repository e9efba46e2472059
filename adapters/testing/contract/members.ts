import assert from 'node:assert/strict';
import {
  consumerProtocolSubscription,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  type JoinGroupResponse,
  leaveGroupApi,
  syncGroupApi,
  type SyncGroupResponse,
  Writer,
} from '../../../src/protocol/index.js';
import type { WireClient } from '../../../src/wire-client/index.js';
import { type Bench, isCode, later } from './bench.js';

/** From this version of JoinGroup on a new member is given its id first (KIP-394). */
export const MEMBER_ID_REQUIRED_FROM = 4;
const SUBSCRIPTION_VERSION = 0;

/** A subscription as consumers have it: Kafka's coordinator reads it, and cannot go on with anything else. */
export function metadataOf(protocol: string, topics: string[] = []): Buffer {
  const writer = new Writer();
  writer.int16(SUBSCRIPTION_VERSION);
  consumerProtocolSubscription.write(writer, { topics, userData: Buffer.from(protocol) }, SUBSCRIPTION_VERSION);
  const bytes = writer.take();
  return Array.isArray(bytes) ? Buffer.concat(bytes) : Buffer.from(bytes);
}

/** How a member joins. */
export interface JoinOptions {
  readonly memberId?: string;
  readonly instanceId?: string;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly protocolType?: string;
  readonly protocols?: readonly string[];
  /** Topics subscribed to; none when left out. */
  readonly topics?: string[];
  readonly version?: number;
}

/** A JoinGroup as it is given. */
export function joinOnce(client: WireClient, groupId: string, options: JoinOptions = {}): Promise<JoinGroupResponse> {
  const { memberId = '', protocols = ['range'], protocolType = 'consumer', instanceId } = options;
  const { version = client.version(joinGroupApi), sessionTimeoutMs = 10_000, rebalanceTimeoutMs = 10_000 } = options;
  const request = {
    groupId,
    memberId,
    sessionTimeoutMs,
    protocolType,
    protocols: protocols.map((name) => ({ name, metadata: metadataOf(name, options.topics) })),
    ...(version >= 1 ? { rebalanceTimeoutMs } : {}),
    ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
  };
  return client.send(joinGroupApi, request, version);
}

/** Joins as clients do: with the id that the broker gives, where it wants that. */
export async function join(client: WireClient, groupId: string, options: JoinOptions = {}): Promise<JoinGroupResponse> {
  const first = await joinOnce(client, groupId, options);
  if (first.errorCode !== 79) return first; // MEMBER_ID_REQUIRED
  assert.notEqual(first.memberId, '', 'JoinGroup: MEMBER_ID_REQUIRED comes with a member id');
  return joinOnce(client, groupId, { ...options, memberId: first.memberId });
}

export interface SyncOptions {
  readonly instanceId?: string;
  readonly protocolType?: string;
  readonly protocolName?: string;
  /** Texts by member id; the leader's alone count. */
  readonly assignments?: Readonly<Record<string, string>>;
  readonly version?: number;
}

export function sync(
  client: WireClient,
  groupId: string,
  { memberId, generationId }: Pick<JoinGroupResponse, 'memberId' | 'generationId'>,
  options: SyncOptions = {},
): Promise<SyncGroupResponse> {
  const { instanceId, protocolType = 'consumer', protocolName = 'range', assignments = {} } = options;
  const { version = client.version(syncGroupApi) } = options;
  const request = {
    groupId,
    generationId,
    memberId,
    assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
    ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
    ...(version >= 5 ? { protocolType, protocolName } : {}),
  };
  return client.send(syncGroupApi, request, version);
}

export async function heartbeat(
  client: WireClient,
  groupId: string,
  { memberId, generationId }: Pick<JoinGroupResponse, 'memberId' | 'generationId'>,
  { instanceId, version = client.version(heartbeatApi) }: { instanceId?: string; version?: number } = {},
): Promise<number> {
  const instance = instanceId === undefined ? {} : { groupInstanceId: instanceId };
  return (await client.send(heartbeatApi, { groupId, generationId, memberId, ...instance }, version)).errorCode;
}

/** Leaves, and gives the error code of the member. */
export async function leave(
  client: WireClient,
  groupId: string,
  memberId: string,
  { instanceId = null, version = client.version(leaveGroupApi) }: { instanceId?: string | null; version?: number } = {},
): Promise<number> {
  const whom = version >= 3 ? { members: [{ memberId, groupInstanceId: instanceId }] } : { memberId };
  const { errorCode, members } = await client.send(leaveGroupApi, { groupId, ...whom }, version);
  return errorCode !== 0 ? errorCode : (members[0]?.errorCode ?? 0);
}

/** A group id whose coordinator is ready. */
export async function newGroup(bench: Bench): Promise<string> {
  const groupId = bench.name('group');
  await coordinated(bench, groupId);
  return groupId;
}

/** Waits until the coordinator of a group is ready. */
export async function coordinated(bench: Bench, groupId: string): Promise<void> {
  await bench.eventually(async () => {
    const version = bench.client.version(findCoordinatorApi, 3);
    const found = await bench.client.send(findCoordinatorApi, { key: groupId }, version);
    isCode(found.errorCode, 'NONE', 'FindCoordinator');
    const unknown = await heartbeat(bench.client, groupId, { memberId: 'nobody', generationId: 1 });
    isCode(unknown, 'UNKNOWN_MEMBER_ID', 'Heartbeat of nobody');
  });
}

/** A member that has its assignment. */
export interface Member {
  readonly client: WireClient;
  readonly memberId: string;
  readonly generationId: number;
}

/** The only member of a new generation: joins, leads and assigns itself `all`. */
export async function soleMember(bench: Bench, groupId: string, options: JoinOptions = {}): Promise<Member> {
  const client = await bench.connect();
  const joined = await join(client, groupId, options);
  isCode(joined.errorCode, 'NONE', 'JoinGroup');
  const { memberId, generationId } = joined;
  assert.equal(joined.leader, memberId, 'JoinGroup: the only member of a group leads it');
  const synced = await sync(client, groupId, joined, {
    assignments: { [memberId]: 'all' },
    protocolName: joined.protocolName ?? '',
    ...(options.protocolType === undefined ? {} : { protocolType: options.protocolType }),
    ...(options.instanceId === undefined ? {} : { instanceId: options.instanceId }),
  });
  isCode(synced.errorCode, 'NONE', 'SyncGroup');
  assert.equal(synced.assignment.toString(), 'all', 'SyncGroup: another assignment than the leader gave');
  return { client, memberId, generationId };
}

/** Waits until a member is told that its group rebalances. */
export function rebalancing(bench: Bench, groupId: string, member: Member): Promise<void> {
  return bench.eventually(async () => {
    const code = await heartbeat(member.client, groupId, member);
    isCode(code, 'REBALANCE_IN_PROGRESS', 'Heartbeat during a rebalance');
  });
}

/** A second member joins, which the first hears of by a heartbeat, and joins again: what both are answered. */
export async function joinAsSecond(
  bench: Bench,
  groupId: string,
  first: Member,
  other: WireClient,
  [mine = {}, others = mine]: readonly JoinOptions[] = [],
): Promise<readonly [again: JoinGroupResponse, second: JoinGroupResponse]> {
  const joining = later(join(other, groupId, others));
  await rebalancing(bench, groupId, first);
  const again = await join(first.client, groupId, { ...mine, memberId: first.memberId });
  return [again, await joining];
}

/** Two members of one generation, who leads first; neither has asked for its assignment. */
export async function pair(
  bench: Bench,
  groupId: string,
  options: JoinOptions = {},
): Promise<[leader: Member, follower: Member]> {
  const first = await soleMember(bench, groupId, options);
  const client = await bench.connect();
  const [again, second] = await joinAsSecond(bench, groupId, first, client, [options]);
  for (const { errorCode } of [again, second]) isCode(errorCode, 'NONE', 'JoinGroup of two members');
  assert.equal(again.generationId, second.generationId, 'the members are in other generations');
  const { memberId, generationId } = second;
  return [
    { ...first, generationId },
    { client, memberId, generationId },
  ];
}
