import {
  deleteGroupsApi,
  describeGroupsApi,
  type DescribeGroupsResponseDescribedGroup,
  listGroupsApi,
  type ListGroupsResponseListedGroup,
} from '../../../src/protocol/index.js';
import { type Bench, isCode } from './bench.js';

/** A group in a ListGroups response. */
export async function listed(
  bench: Bench,
  groupId: string,
  filters: { readonly statesFilter?: string[]; readonly typesFilter?: string[] } = {},
): Promise<ListGroupsResponseListedGroup | undefined> {
  const { errorCode, groups } = await bench.client.send(listGroupsApi, filters);
  isCode(errorCode, 'NONE', 'ListGroups');
  return groups.find((group) => group.groupId === groupId);
}

/** Returns the state of a group from DescribeGroups. */
export async function stateOf(bench: Bench, groupId: string): Promise<string | undefined> {
  return (await described(bench, groupId))?.groupState;
}

/** Returns a group from DescribeGroups. */
export async function described(
  bench: Bench,
  groupId: string,
): Promise<DescribeGroupsResponseDescribedGroup | undefined> {
  return (await bench.client.send(describeGroupsApi, { groups: [groupId] })).groups[0];
}

/** Deletes a group and returns the error code. */
export async function remove(bench: Bench, groupId: string): Promise<number | undefined> {
  return (await bench.client.send(deleteGroupsApi, { groupsNames: [groupId] })).results[0]?.errorCode;
}
