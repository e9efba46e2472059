import { type Awaitable, type ConnectionInfo, ErrorCode, type RequestContext } from '../../../src/contract/index.js';
import type { JoinGroupResponseInit } from '../../../src/protocol/index.js';
import { andThen } from '../awaitable.js';
import type { Kit, KitMethods, KitPart } from '../kit.js';
import { Expiry } from './expiry.js';
import { findCoordinator } from './find-coordinator.js';
import { GroupAdmin } from './group-admin.js';
import { type Caller, GroupCoordinator } from './group-coordinator.js';
import { joinError } from './group.js';
import { GroupRegistry } from './group-registry.js';
import { checkGroupLimits, type GroupLimits } from './limits.js';
import { OffsetCommits } from './offset-commit.js';
import { deleteOffsets } from './offset-delete.js';
import { OffsetFetches, type Refuse } from './offset-fetch.js';

export { defaultGroupLimits, type GroupLimits } from './limits.js';

/**
 * Groups of the classic protocol and committed offsets: eleven APIs.
 *
 * @throws OptionError naming the limit and its value.
 */
export function createGroupApis(kit: Kit, limits: Partial<GroupLimits> = {}): KitPart {
  const { clock, config, placement, topics } = kit;
  const registry = new GroupRegistry(kit, checkGroupLimits(limits));
  const coordinator = new GroupCoordinator(clock, config, registry);
  const commits = new OffsetCommits(kit, registry, coordinator);
  const fetches = new OffsetFetches(topics, registry);
  const admin = new GroupAdmin(registry);
  const expiry = new Expiry(kit, registry);
  let isOpen = false;

  const refuse: Refuse = (groupId) => {
    if (!isOpen) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    if (!placement.isOwner) return ErrorCode.NOT_COORDINATOR;
    return placement.coordinator('group', groupId) === placement.nodeId ? ErrorCode.NONE : ErrorCode.NOT_COORDINATOR;
  };

  const methods: KitMethods = {
    findCoordinator: (request, context) => findCoordinator(request, context, kit),
    joinGroup: (request, context) => {
      const errorCode = refuse(request.groupId);
      const joined =
        errorCode === ErrorCode.NONE
          ? coordinator.join(request, callerOf(context))
          : joinError(errorCode, request.memberId);
      return fitJoined(joined, context.apiVersion);
    },
    syncGroup: (request, context) => {
      const errorCode = refuse(request.groupId);
      if (errorCode !== ErrorCode.NONE) return { errorCode, assignment: Buffer.alloc(0) };
      return coordinator.sync(request, callerOf(context));
    },
    heartbeat: (request) => {
      const errorCode = refuse(request.groupId);
      return { errorCode: errorCode === ErrorCode.NONE ? coordinator.heartbeat(request) : errorCode };
    },
    leaveGroup: (request, { apiVersion }) => {
      const { groupId, memberId } = request;
      const errorCode = groupId === '' ? ErrorCode.INVALID_GROUP_ID : refuse(groupId);
      if (errorCode !== ErrorCode.NONE) return { errorCode, members: [] };
      if (apiVersion >= 3) return { errorCode, members: coordinator.leave(groupId, request.members) };
      const [left] = coordinator.leave(groupId, [{ memberId, groupInstanceId: null, reason: null }]);
      return { errorCode: left?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR };
    },
    offsetCommit: (request, context) => commits.commit(request, context, refuse(request.groupId)),
    offsetFetch: (request, { apiVersion }) => fetches.fetch(request, apiVersion, refuse),
    offsetDelete: (request) => {
      const errorCode = refuse(request.groupId);
      return errorCode === ErrorCode.NONE ? deleteOffsets(request, registry, topics) : { errorCode, topics: [] };
    },
    listGroups: (request) =>
      placement.isOwner ? admin.list(request) : { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, groups: [] },
    describeGroups: (request, { apiVersion }) => admin.describe(request, apiVersion, refuse),
    deleteGroups: (request) => admin.delete(request, refuse),
  };

  const load = (): void => {
    registry.load((group, stored) => {
      coordinator.restore(group, stored);
    });
    expiry.start();
  };

  return {
    methods,
    open: () => {
      load();
      isOpen = true;
    },
    suspend: () => {
      expiry.stop();
      registry.close(ErrorCode.NOT_COORDINATOR);
    },
    resume: load,
    close: () => {
      isOpen = false;
      expiry.stop();
      registry.close(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    },
  };
}

/** What the coordinator is told of who asks. The signal is made only when a request waits. */
function callerOf(context: RequestContext<ConnectionInfo>): Caller {
  const { apiVersion, clientId } = context;
  // Whoever takes these methods into a backend of their own may keep another state for a connection, or none.
  const state = context.state as Partial<ConnectionInfo> | undefined;
  return {
    apiVersion,
    clientId,
    clientHost: `/${state?.remoteAddress ?? ''}`,
    get signal() {
      return context.signal;
    },
  };
}

/** Before v7 a JoinGroup has no null for the protocol's name. */
function fitJoined(joined: Awaitable<JoinGroupResponseInit>, apiVersion: number): Awaitable<JoinGroupResponseInit> {
  if (apiVersion >= 7) return joined;
  return andThen(joined, (response) => ({ ...response, protocolName: response.protocolName ?? '' }));
}
