import { checkInteger, checkOptionNames } from '../../../src/contract/index.js';

/**
 * Limits over all groups. A request that exceeds one fails with an error that clients do not retry, and the operator is
 * warned once. The config `group.max.size` also limits the members of each group.
 */
export interface GroupLimits {
  /** Number of groups, including groups without members. Default: 100,000. */
  readonly groups: number;
  /** Members of all groups, including member ids that were assigned but have not joined yet. Default: 100,000. */
  readonly members: number;
  /** Size of the protocols of one member in bytes. Default: 1 MiB. */
  readonly memberBytes: number;
  /** Size of the protocols and assignments of all members in bytes. Default: 256 MiB. */
  readonly bytes: number;
  /** Number of committed offsets of all groups. Default: 1,000,000. */
  readonly offsets: number;
}

/** The default limits. */
export const defaultGroupLimits: GroupLimits = {
  groups: 100_000,
  members: 100_000,
  memberBytes: 1024 * 1024,
  bytes: 256 * 1024 * 1024,
  offsets: 1_000_000,
};

/** Returns the limits, with defaults for those that are not set. @throws OptionError that names the limit and its value. */
export function checkGroupLimits(limits: Partial<GroupLimits>): GroupLimits {
  checkOptionNames('groups.', limits, Object.keys(defaultGroupLimits));
  const checked: { -readonly [Name in keyof GroupLimits]: number } = { ...defaultGroupLimits };
  for (const [name, value] of Object.entries(limits) as [keyof GroupLimits, number | undefined][]) {
    if (value === undefined) continue;
    checked[name] = checkInteger(`groups.${name}`, value, 0);
  }
  return checked;
}
