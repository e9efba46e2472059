// Versions 0 to 5.
// Supported: assignments by the leader, which are stored before they are returned.
// Ignored: nothing.
import { ErrorCode } from '../../../src/contract/index.js';
import type { SyncGroupRequest, SyncGroupResponseInit } from '../../../src/protocol/index.js';
import { callerOf } from './caller.js';
import type { Handler } from './handler.js';

export const syncGroup: Handler<SyncGroupRequest, SyncGroupResponseInit> = ({ groups }, request, context) => {
  const errorCode = groups.refusal(request.groupId);
  if (errorCode !== ErrorCode.NONE) return { errorCode, assignment: Buffer.alloc(0) };
  return groups.coordinator.sync(request, callerOf(context));
};
