import type {
  DescribeGroupsResponseInit,
  JoinGroupRequest,
  JoinGroupResponseInit,
  SyncGroupResponseInit,
} from '../../src/protocol/index.js';
import { consumerProtocolSubscription, Writer } from '../../src/protocol/index.js';
import { contextOf, type GroupBench } from './group-kit.js';

export interface JoinOptions {
  readonly memberId?: string;
  readonly instanceId?: string | null;
  readonly apiVersion?: number;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly protocolType?: string;
  readonly protocols?: readonly (readonly [name: string, metadata: string | Buffer])[];
  readonly clientId?: string;
  readonly signal?: AbortSignal;
}

/** A response that may come later; `response` stays undefined until then. */
export interface Pending<Response> {
  response: Response | undefined;
  /** What it was rejected with. */
  error: unknown;
  /** Whether it came without a promise. */
  readonly isSync: boolean;
}

export function watched<Response>(answer: Response | PromiseLike<Response>): Pending<Response> {
  const isSync = typeof (answer as PromiseLike<Response>).then !== 'function';
  const pending: Pending<Response> = { response: undefined, error: undefined, isSync };
  if (isSync) pending.response = answer as Response;
  else {
    (answer as PromiseLike<Response>).then(
      (response) => (pending.response = response),
      (error: unknown) => (pending.error = error),
    );
  }
  return pending;
}

export function join(bench: GroupBench, groupId: string, options: JoinOptions = {}): Pending<JoinGroupResponseInit> {
  const { apiVersion = 3, protocols = [['range', 'metadata']] } = options;
  const request: JoinGroupRequest = {
    groupId,
    memberId: options.memberId ?? '',
    groupInstanceId: options.instanceId ?? null,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
    protocolType: options.protocolType ?? 'consumer',
    protocols: protocols.map(([name, metadata]) => ({ name, metadata: Buffer.from(metadata as string) })),
    reason: null,
  };
  return watched(bench.methods.joinGroup(request, contextOf(apiVersion, options)));
}

export interface SyncOptions {
  readonly instanceId?: string | null;
  readonly apiVersion?: number;
  readonly protocolType?: string | null;
  readonly protocolName?: string | null;
  readonly assignments?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export function sync(
  bench: GroupBench,
  groupId: string,
  memberId: string,
  generationId: number,
  options: SyncOptions = {},
): Pending<SyncGroupResponseInit> {
  const { apiVersion = 3, assignments = {} } = options;
  const request = {
    groupId,
    memberId,
    generationId,
    groupInstanceId: options.instanceId ?? null,
    protocolType: options.protocolType === undefined ? 'consumer' : options.protocolType,
    protocolName: options.protocolName === undefined ? 'range' : options.protocolName,
    assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
  };
  return watched(bench.methods.syncGroup(request, contextOf(apiVersion, options)));
}

export function heartbeat(
  bench: GroupBench,
  groupId: string,
  memberId: string,
  generationId: number,
  groupInstanceId: string | null = null,
): number {
  const answer = bench.methods.heartbeat({ groupId, memberId, generationId, groupInstanceId }, contextOf(4));
  return (answer as { errorCode: number }).errorCode;
}

/** State of a group, as DescribeGroups tells it. */
export function stateOf(bench: GroupBench, groupId: string): string {
  const answer = bench.methods.describeGroups({ groups: [groupId], includeAuthorizedOperations: false }, contextOf(5));
  return (answer as DescribeGroupsResponseInit).groups[0]?.groupState ?? '';
}

/** Lets promises that are settled run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Members of a stable group: all join at once, the first leads and assigns each its own number. */
export async function stableGroup(
  bench: GroupBench,
  groupId: string,
  members: readonly JoinOptions[] = [{}],
): Promise<{ readonly ids: string[]; readonly generation: number }> {
  const joins = members.map((options) => join(bench, groupId, options));
  bench.clock.turn(6000);
  await settled();
  const ids = joins.map(({ response }) => response?.memberId ?? '');
  const generation = joins[0]?.response?.generationId ?? -1;
  const assignments = Object.fromEntries(ids.map((id, index) => [id, String(index)]));
  const leader = joins[0]?.response?.leader ?? '';
  const order = [...ids.filter((id) => id !== leader), leader];
  for (const id of order) {
    const options = members[ids.indexOf(id)] ?? {};
    const protocolName = joins[0]?.response?.protocolName ?? null;
    const { instanceId = null, protocolType = 'consumer' } = options;
    sync(bench, groupId, id, generation, {
      instanceId,
      protocolType,
      protocolName,
      assignments: id === leader ? assignments : {},
    });
  }
  await settled();
  return { ids, generation };
}

/** Metadata of a consumer that subscribes to topics. */
export function subscription(...topics: string[]): Buffer {
  const writer = new Writer();
  writer.int16(1);
  consumerProtocolSubscription.write(writer, { topics }, 1);
  const bytes = writer.take();
  return Array.isArray(bytes) ? Buffer.concat(bytes) : Buffer.from(bytes);
}
