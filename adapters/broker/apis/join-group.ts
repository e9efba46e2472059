// Versions 0 to 9. Versions before 7 have no null for the name of the protocol.
// Supported: dynamic and static members (KIP-345), member ids that are assigned first (KIP-394).
// Ignored: reason (KIP-800).
import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type { JoinGroupRequest, JoinGroupResponseInit } from '../../../src/protocol/index.js';
import { andThen } from '../awaitable.js';
import { joinError } from '../groups/member.js';
import { callerOf } from './caller.js';
import type { Handler } from './handler.js';

/** From this version of JoinGroup on the name of the protocol may be null. */
const NULL_PROTOCOL_FROM = 7;

export const joinGroup: Handler<JoinGroupRequest, JoinGroupResponseInit> = ({ groups }, request, context) => {
  const errorCode = groups.refusal(request.groupId);
  const joined: Awaitable<JoinGroupResponseInit> =
    errorCode === ErrorCode.NONE
      ? groups.coordinator.join(request, callerOf(context))
      : joinError(errorCode, request.memberId);
  if (context.apiVersion >= NULL_PROTOCOL_FROM) return joined;
  return andThen(joined, (response) => ({ ...response, protocolName: response.protocolName ?? '' }));
};
