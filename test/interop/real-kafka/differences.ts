/** Where the memory backend answers otherwise than Apache Kafka 4.3 on purpose. */
export interface Difference {
  readonly title: string;
  /** The differences that there must be, as compare.test.ts writes them: `request > field: theirs | ours`. */
  readonly lines: readonly RegExp[];
  /** What Kafka does, what we do, and why. */
  readonly kafka: string;
  readonly ours: string;
  readonly why: string;
}

export const differences: readonly Difference[] = [];
