// Versions 0 to 4.
// Supported: dynamic and static members.
// Ignored: nothing.
import { ErrorCode } from '../../../src/contract/index.js';
import type { HeartbeatRequest, HeartbeatResponseInit } from '../../../src/protocol/index.js';
import type { Handler } from './handler.js';

export const heartbeat: Handler<HeartbeatRequest, HeartbeatResponseInit> = ({ groups }, request) => {
  const errorCode = groups.refusal(request.groupId);
  return { errorCode: errorCode === ErrorCode.NONE ? groups.coordinator.heartbeat(request) : errorCode };
};
