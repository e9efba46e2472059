// Versions 0 to 3.
// Supported: empty groups, with their committed offsets.
// Ignored: nothing.
import { all, ErrorCode } from '../../../src/contract/index.js';
import type { DeleteGroupsRequest, DeleteGroupsResponseInit } from '../../../src/protocol/index.js';
import { andThen } from '../awaitable.js';
import type { Handler } from './handler.js';

export const deleteGroups: Handler<DeleteGroupsRequest, DeleteGroupsResponseInit> = ({ groups }, { groupsNames }) => {
  const { registry } = groups;
  const results = [...new Set(groupsNames)].map((groupId) => {
    const errorCode = groups.refusal(groupId);
    if (errorCode !== ErrorCode.NONE) return { groupId, errorCode };
    const group = registry.getSettled(groupId);
    if (group === undefined) return { groupId, errorCode: ErrorCode.GROUP_ID_NOT_FOUND };
    if (group.state !== 'Empty') return { groupId, errorCode: ErrorCode.NON_EMPTY_GROUP };
    return registry.settle(
      () => registry.delete(group),
      (outcome, errorMessage) => ({ groupId, errorCode: outcome, errorMessage }),
    );
  });
  return andThen(all(results), (settled) => ({ results: settled }));
};
