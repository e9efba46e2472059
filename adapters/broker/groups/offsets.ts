/** What was committed for one partition. */
export interface CommittedOffset {
  /** Offset of the first record that is still to be consumed. */
  readonly offset: bigint;
  /** Epoch of the leader of the last record that was consumed, -1 when it is not known. */
  readonly leaderEpoch: number;
  /** What the client keeps with it. */
  readonly metadata: string;
  /** When it was committed, in ms since the epoch. */
  readonly committedAt: number;
  /** When it expires, in ms since the epoch, where the client asked for that (until OffsetCommit v4); -1 otherwise. */
  readonly expiresAt: number;
}

/** The place of one partition's committed offset. */
export class OffsetEntry {
  /** What is stored; null until the first commit is. */
  committed: CommittedOffset | null = null;
  /** Commits that are being stored. */
  inFlight = 0;
  /** False once it was deleted: what is still being stored is not to come back. */
  exists = true;
  #given = 0;
  #latest = 0;

  constructor(
    readonly topicId: string,
    readonly partition: number,
    /** Its key in the durable state. */
    readonly key: string,
  ) {}

  /** Whether it holds nothing, and nothing is on the way to it. */
  get isVacant(): boolean {
    return this.committed === null && this.inFlight === 0;
  }

  /** A commit or a deletion begins; its number tells later ones from earlier ones. */
  begin(): number {
    this.inFlight++;
    return ++this.#given;
  }

  /** It ended; null for one that was not stored. An earlier one never takes the place of a later one. */
  end(number: number, committed: CommittedOffset | null): void {
    this.inFlight--;
    if (committed === null || number < this.#latest) return;
    this.#latest = number;
    this.committed = committed;
  }

  /** A deletion ended well: what was committed before it is gone. */
  endDeleted(number: number): void {
    this.inFlight--;
    if (number < this.#latest) return;
    this.#latest = number;
    this.committed = null;
  }
}

/** All committed offsets of one group, by topic id and partition. */
export class GroupOffsets {
  readonly #topics = new Map<string, Map<number, OffsetEntry>>();
  readonly #keyOf: (topicId: string, partition: number) => string;
  /** Entries there are. */
  size = 0;

  constructor(keyOf: (topicId: string, partition: number) => string) {
    this.#keyOf = keyOf;
  }

  get(topicId: string, partition: number): OffsetEntry | undefined {
    return this.#topics.get(topicId)?.get(partition);
  }

  getOrAdd(topicId: string, partition: number): OffsetEntry {
    let partitions = this.#topics.get(topicId);
    if (partitions === undefined) this.#topics.set(topicId, (partitions = new Map<number, OffsetEntry>()));
    let entry = partitions.get(partition);
    if (entry === undefined) {
      entry = new OffsetEntry(topicId, partition, this.#keyOf(topicId, partition));
      partitions.set(partition, entry);
      this.size++;
    }
    return entry;
  }

  delete(entry: OffsetEntry): void {
    const partitions = this.#topics.get(entry.topicId);
    if (partitions?.get(entry.partition) !== entry) return;
    entry.exists = false;
    this.size--;
    partitions.delete(entry.partition);
    if (partitions.size === 0) this.#topics.delete(entry.topicId);
  }

  topics(): IterableIterator<[topicId: string, partitions: ReadonlyMap<number, OffsetEntry>]> {
    return this.#topics.entries();
  }

  ofTopic(topicId: string): readonly OffsetEntry[] {
    return Array.from(this.#topics.get(topicId)?.values() ?? []);
  }

  all(): readonly OffsetEntry[] {
    return Array.from(this.#topics.values(), (partitions) => Array.from(partitions.values())).flat();
  }
}
