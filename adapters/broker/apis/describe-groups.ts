// Versions 0 to 6. From version 6 on an unknown group is an error.
// Supported: groups of the classic protocol, and authorized operations.
// Ignored: nothing.
import { ErrorCode } from '../../../src/contract/index.js';
import type {
  DescribeGroupsRequest,
  DescribeGroupsResponseDescribedGroupInit,
  DescribeGroupsResponseInit,
} from '../../../src/protocol/index.js';
import type { Group } from '../groups/group.js';
import { GROUP_OPERATIONS, NOT_ASKED } from './authorized-operations.js';
import type { Handler } from './handler.js';

/** From this version of DescribeGroups on a group that is not there is an error. */
const NOT_FOUND_FROM = 6;

export const describeGroups: Handler<DescribeGroupsRequest, DescribeGroupsResponseInit> = (
  { groups },
  { groups: groupIds, includeAuthorizedOperations },
  { apiVersion },
) => {
  const authorizedOperations = includeAuthorizedOperations ? GROUP_OPERATIONS : NOT_ASKED;
  return {
    groups: groupIds.map((groupId) => {
      const errorCode = groups.refusal(groupId);
      if (errorCode !== ErrorCode.NONE) return describedError(groupId, errorCode, '');
      const group = groups.registry.getSettled(groupId);
      if (group !== undefined) return { ...described(group), authorizedOperations };
      if (apiVersion < NOT_FOUND_FROM) return { ...describedError(groupId, errorCode, 'Dead'), authorizedOperations };
      const errorMessage = `Group ${groupId} not found.`;
      return { ...describedError(groupId, ErrorCode.GROUP_ID_NOT_FOUND, 'Dead'), errorMessage };
    }),
  };
};

function described(group: Group): DescribeGroupsResponseDescribedGroupInit {
  const isStable = group.state === 'Stable';
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.id,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocol ?? '') : '',
    members: Array.from(group.members, (member) => ({
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
