import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  DeleteGroupsRequest,
  DeleteGroupsResponseInit,
  DescribeGroupsRequest,
  DescribeGroupsResponseDescribedGroupInit,
  DescribeGroupsResponseInit,
  ListGroupsRequest,
  ListGroupsResponseInit,
} from '../../../src/protocol/index.js';
import { all, andThen } from '../awaitable.js';
import type { Group } from './group.js';
import type { GroupRegistry } from './group-registry.js';
import type { Refuse } from './offset-fetch.js';

const GROUP_TYPE = 'classic';
/** From this version of DescribeGroups on a group that is not there is an error. */
const NOT_FOUND_FROM = 6;
/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS: without an authorizer clients may do all of it. */
const ALL_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);
const OPERATIONS_NOT_ASKED = -0x8000_0000;

/** What administrators ask of groups. */
export class GroupAdmin {
  readonly #registry: GroupRegistry;

  constructor(registry: GroupRegistry) {
    this.#registry = registry;
  }

  list({ statesFilter, typesFilter }: ListGroupsRequest): ListGroupsResponseInit {
    const states = new Set(statesFilter.map((state) => state.trim().toLowerCase()));
    const isOfType = typesFilter.length === 0 || typesFilter.some((type) => type.toLowerCase() === GROUP_TYPE);
    const all = isOfType ? this.#registry.all() : [];
    for (const group of all) group.settleDeadlines();
    const groups = all.filter(({ state }) => states.size === 0 || states.has(state.toLowerCase()));
    return {
      errorCode: ErrorCode.NONE,
      groups: groups.map(({ id, protocolType, state }) => ({
        groupId: id,
        protocolType: protocolType ?? '',
        groupState: state,
        groupType: GROUP_TYPE,
      })),
    };
  }

  describe(
    { groups, includeAuthorizedOperations }: DescribeGroupsRequest,
    apiVersion: number,
    refuse: Refuse,
  ): DescribeGroupsResponseInit {
    const authorizedOperations = includeAuthorizedOperations ? ALL_OPERATIONS : OPERATIONS_NOT_ASKED;
    return {
      groups: groups.map((groupId) => {
        const errorCode = refuse(groupId);
        if (errorCode !== ErrorCode.NONE) return describedError(groupId, errorCode, '');
        const group = this.#registry.getSettled(groupId);
        if (group !== undefined) return { ...described(group), authorizedOperations };
        if (apiVersion < NOT_FOUND_FROM) return { ...describedError(groupId, errorCode, 'Dead'), authorizedOperations };
        const errorMessage = `Group ${groupId} not found.`;
        return { ...describedError(groupId, ErrorCode.GROUP_ID_NOT_FOUND, 'Dead'), errorMessage };
      }),
    };
  }

  delete({ groupsNames }: DeleteGroupsRequest, refuse: Refuse): Awaitable<DeleteGroupsResponseInit> {
    const results = [...new Set(groupsNames)].map((groupId) => {
      const errorCode = refuse(groupId);
      if (errorCode !== ErrorCode.NONE) return { groupId, errorCode };
      const group = this.#registry.getSettled(groupId);
      if (group === undefined) return { groupId, errorCode: ErrorCode.GROUP_ID_NOT_FOUND };
      if (group.state !== 'Empty') return { groupId, errorCode: ErrorCode.NON_EMPTY_GROUP };
      return this.#registry.settle(
        () => this.#registry.delete(group),
        (outcome, errorMessage) => ({ groupId, errorCode: outcome, errorMessage }),
      );
    });
    return andThen(all(results), (settled) => ({ results: settled }));
  }
}

function described(group: Group): DescribeGroupsResponseDescribedGroupInit {
  const isStable = group.state === 'Stable';
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.id,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocol ?? '') : '',
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: member.metadata(isStable ? group.protocol : null),
      memberAssignment: member.assignment,
    })),
  };
}

function describedError(
  groupId: string,
  errorCode: number,
  groupState: string,
): DescribeGroupsResponseDescribedGroupInit {
  return { errorCode, groupId, groupState, protocolType: '', protocolData: '', members: [] };
}
