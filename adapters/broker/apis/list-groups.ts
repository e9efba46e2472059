// Versions 0 to 5.
// Supported: filters by state and by type.
// Ignored: nothing. All groups are of the classic protocol.
import { ErrorCode } from '../../../src/contract/index.js';
import type { ListGroupsRequest, ListGroupsResponseInit } from '../../../src/protocol/index.js';
import type { Handler } from './handler.js';

const GROUP_TYPE = 'classic';

export const listGroups: Handler<ListGroupsRequest, ListGroupsResponseInit> = (
  { kit, groups },
  { statesFilter, typesFilter },
) => {
  if (!kit.placement.isOwner) return { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, groups: [] };
  const states = new Set(statesFilter.map((state) => state.trim().toLowerCase()));
  const isOfType = typesFilter.length === 0 || typesFilter.some((type) => type.toLowerCase() === GROUP_TYPE);
  const all = isOfType ? groups.registry.all() : [];
  for (const group of all) group.settleDeadlines();
  const listed = all.filter(({ state }) => states.size === 0 || states.has(state.toLowerCase()));
  return {
    errorCode: ErrorCode.NONE,
    groups: listed.map(({ id, protocolType, state }) => ({
      groupId: id,
      protocolType: protocolType ?? '',
      groupState: state,
      groupType: GROUP_TYPE,
    })),
  };
};
