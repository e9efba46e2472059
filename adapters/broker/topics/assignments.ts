/** Most topics, partitions and configs together that one request may create. */
export const MAX_PARTS_PER_REQUEST = 10_000;

/** Why replicas cannot lie on these brokers; null when they can. */
export function assignmentProblem(
  assignments: readonly { readonly brokerIds: readonly number[] }[],
  nodeIds: readonly number[],
  factor?: number,
): string | null {
  let wanted = factor;
  for (const { brokerIds } of assignments) {
    if (brokerIds.length === 0) return 'The manual partition assignment includes an empty replica list.';
    const seen = new Set<number>();
    for (const id of [...brokerIds].sort((a, b) => a - b)) {
      if (id < 0) return `The manual partition assignment includes an invalid replica id ${String(id)}.`;
      if (seen.has(id)) return `The manual partition assignment includes the broker ${String(id)} more than once.`;
      if (!nodeIds.includes(id)) {
        return `The manual partition assignment includes broker ${String(id)}, but no such broker is registered.`;
      }
      seen.add(id);
    }
    wanted ??= brokerIds.length;
    if (brokerIds.length !== wanted) {
      return (
        `The manual partition assignment includes a partition with ${String(brokerIds.length)} replica(s), but this is ` +
        `not consistent with previous partitions, which have ${String(wanted)} replica(s).`
      );
    }
  }
  return null;
}
