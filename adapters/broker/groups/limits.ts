import { checkInteger, checkOptionNames } from '../../../src/contract/index.js';

/**
 * How much groups may hold, in all. What is beyond is refused with an error that clients do not try again, and the
 * operator is told once. `group.max.size` limits the members of one group beside it.
 */
export interface GroupLimits {
  /** Groups, those without members among them. Default: 100,000. */
  readonly groups: number;
  /** Members of all groups, with the ids that were given out and have not joined yet. Default: 100,000. */
  readonly members: number;
  /** Bytes of the protocols of one member. Default: 1 MiB. */
  readonly memberBytes: number;
  /** Bytes of the protocols and assignments of all members. Default: 256 MiB. */
  readonly bytes: number;
  /** Committed offsets of all groups. Default: 1,000,000. */
  readonly offsets: number;
}

/** What holds where nothing else is said. */
export const defaultGroupLimits: GroupLimits = {
  groups: 100_000,
  members: 100_000,
  memberBytes: 1024 * 1024,
  bytes: 256 * 1024 * 1024,
  offsets: 1_000_000,
};

/** The limits with their defaults. @throws OptionError naming the limit and its value. */
export function checkGroupLimits(limits: Partial<GroupLimits>): GroupLimits {
  checkOptionNames('groups.', limits, Object.keys(defaultGroupLimits));
  const checked: { -readonly [Name in keyof GroupLimits]: number } = { ...defaultGroupLimits };
  for (const [name, value] of Object.entries(limits) as [keyof GroupLimits, number | undefined][]) {
    if (value === undefined) continue;
    checked[name] = checkInteger(`groups.${name}`, value, 0);
  }
  return checked;
}
