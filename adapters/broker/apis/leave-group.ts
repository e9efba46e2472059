// Versions 0 to 5. Versions 3 and later name several members.
// Supported: members by id, static members by group instance id alone.
// Ignored: reason (KIP-800).
import { ErrorCode } from '../../../src/contract/index.js';
import type { LeaveGroupRequest, LeaveGroupResponseInit } from '../../../src/protocol/index.js';
import type { Handler } from './handler.js';

/** From this version of LeaveGroup on several members are named at a time. */
const MEMBERS_FROM = 3;

export const leaveGroup: Handler<LeaveGroupRequest, LeaveGroupResponseInit> = ({ groups }, request, { apiVersion }) => {
  const { groupId, memberId, members } = request;
  const { coordinator } = groups;
  const errorCode = groupId === '' ? ErrorCode.INVALID_GROUP_ID : groups.refusal(groupId);
  if (errorCode !== ErrorCode.NONE) return { errorCode, members: [] };
  if (apiVersion >= MEMBERS_FROM) return { errorCode, members: coordinator.leave(groupId, members) };
  const [left] = coordinator.leave(groupId, [{ memberId, groupInstanceId: null, reason: null }]);
  return { errorCode: left?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR };
};
