/** A partition's owner in one generation, and where a group has got to. Whatever must not happen, is written down. */
export class Invariants {
  /** What went wrong, in words; to stay empty. */
  readonly violations: string[] = [];
  readonly counts = {
    joins: 0,
    generations: 0,
    deaths: 0,
    leaves: 0,
    freezes: 0,
    restarts: 0,
    produced: 0,
    processed: 0,
    repeated: 0,
    commits: 0,
    refusedCommits: 0,
  };
  /** Members by `group/generation/partition`. */
  readonly #owners = new Map<string, string>();
  readonly #generations = new Map<string, number>();
  /** The largest committed offset that the coordinator has acknowledged, by `group/partition`. */
  readonly #committed = new Map<string, number>();
  /** Offset after the last record that anyone in the group has processed, without a gap, by `group/partition`. */
  readonly #processed = new Map<string, number>();

  violated(text: string): void {
    if (this.violations.length < 100) this.violations.push(text);
  }

  /** A member, or a static member by its group instance id, was given partitions. */
  assigned(group: string, generation: number, who: string, partitions: readonly number[]): void {
    const last = this.#generations.get(group) ?? 0;
    if (generation > last) {
      this.#generations.set(group, generation);
      this.counts.generations++;
    }
    for (const partition of partitions) {
      const key = `${group}/${String(generation)}/${String(partition)}`;
      const owner = this.#owners.get(key) ?? who;
      if (owner !== who) this.violated(`${key} has two owners: ${owner} and ${who}`);
      this.#owners.set(key, who);
    }
  }

  /** What was acknowledged when an OffsetFetch is sent: it must not answer with less. */
  committed(group: string, partition: number): number {
    return this.#committed.get(`${group}/${String(partition)}`) ?? 0;
  }

  acknowledged(group: string, partition: number, offset: number): void {
    const key = `${group}/${String(partition)}`;
    this.counts.commits++;
    this.#committed.set(key, Math.max(offset, this.#committed.get(key) ?? 0));
    const processed = this.#processed.get(key) ?? 0;
    if (offset > processed)
      this.violated(`${key}: ${String(offset)} is committed, ${String(processed)} were processed`);
  }

  /** A member begins to read. */
  positioned(group: string, partition: number, offset: number, atLeast: number): void {
    const key = `${group}/${String(partition)}`;
    if (offset < atLeast) this.violated(`${key}: fetched ${String(offset)} after ${String(atLeast)} was committed`);
    const processed = this.#processed.get(key) ?? 0;
    if (offset > processed) this.violated(`${key}: begins at ${String(offset)}, ${String(processed)} were processed`);
  }

  /** A member has processed a record: its value says what was produced there. */
  read(group: string, partition: number, offset: number, wanted: number, value: string): void {
    const key = `${group}/${String(partition)}`;
    if (offset !== wanted) this.violated(`${key}: offset ${String(offset)} where ${String(wanted)} is next`);
    if (value !== `${String(partition)}:${String(offset)}`) this.violated(`${key}: ${String(offset)} holds ${value}`);
    const processed = this.#processed.get(key) ?? 0;
    this.counts.processed++;
    if (offset < processed) this.counts.repeated++;
    if (offset === processed) this.#processed.set(key, offset + 1);
  }
}
