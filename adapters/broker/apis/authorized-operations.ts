/** Bits of what a client may do without an authorizer: everything that there is to do with it (KIP-430). */
export const CLUSTER_OPERATIONS: number = bits(5, 7, 8, 9, 10, 11, 12);
/** The same for a topic. */
export const TOPIC_OPERATIONS: number = bits(3, 4, 5, 6, 7, 8, 10, 11);
/** The same for a group: READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS. */
export const GROUP_OPERATIONS: number = bits(3, 6, 8, 10, 11);
/** Authorized operations that were not asked for. */
export const NOT_ASKED = -2147483648;

function bits(...operations: readonly number[]): number {
  return operations.reduce((sum, operation) => sum | (1 << operation), 0);
}
