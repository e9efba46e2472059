/**
 * What the runner and a client's small program say to each other: one JSON object a line. The program gets `host:port`
 * as its argument, first prints a {@link Hello}, and then answers each {@link Command} on standard input with an
 * {@link Answer}, in order. It ends with its input. Bytes are base64.
 */
export interface Hello {
  /** The client's version and that of what it runs on. */
  readonly version: string;
}

export interface WireRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export interface ReadRecord extends WireRecord {
  readonly offset: number;
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Every command with what its answer holds. */
export interface Commands {
  /** Ids of the cluster's brokers, if the client tells them. */
  connect: [input: object, output: { readonly brokers?: readonly number[] }];
  create: [input: { readonly topic: string; readonly partitions: number }, output: object];
  /** How many partitions a topic has. */
  describe: [input: { readonly topic: string }, output: { readonly partitions: number }];
  /** Sends the records with acks=all, as few batches as the client makes of them, and waits for all answers. */
  produce: [
    input: {
      readonly topic: string;
      readonly partition: number;
      readonly compression: Compression;
      readonly idempotent: boolean;
      readonly records: readonly WireRecord[];
    },
    output: object,
  ];
  /** Reads `count` records without a group: from an offset (-2: the beginning), or from a timestamp. */
  consume: [
    input: {
      readonly topic: string;
      readonly partition: number;
      readonly offset?: number;
      readonly timestamp?: number;
      readonly count: number;
    },
    output: { readonly records: readonly ReadRecord[] },
  ];
  /**
   * Starts a member of a group, which reads from the beginning in the background; session timeout 6 s, a heartbeat each
   * 500 ms. How its assignor hands partitions over: what is left out is the client's default.
   */
  join: [
    input: { readonly group: string; readonly topic: string; readonly assignor?: 'eager' | 'cooperative' },
    output: object,
  ];
  /** The partitions that the member has at the moment, and the values it has read, as text. */
  state: [input: object, output: { readonly partitions: readonly number[]; readonly values: readonly string[] }];
  /** The member leaves the group. */
  leave: [input: object, output: object];
  /** As a member of a group reads `count` records, commits the offset behind the last and leaves. */
  readGroup: [
    input: { readonly group: string; readonly topic: string; readonly count: number },
    output: { readonly records: readonly ReadRecord[] },
  ];
  /** Deletes the records before an offset. */
  deleteRecords: [
    input: { readonly topic: string; readonly partition: number; readonly offset: number },
    output: object,
  ];
  deleteTopic: [input: { readonly topic: string }, output: object];
  /**
   * Sends records with the numbers 0 to `count` - 1 as keys, in this order, over all partitions of a topic, in batches of
   * some 200 records, with acks=all; tries again for as long as it takes. Not idempotent: with one request in flight.
   */
  flood: [
    input: {
      readonly topic: string;
      readonly partitions: number;
      readonly count: number;
      /** Of every record, as text. */
      readonly value: string;
      readonly idempotent: boolean;
    },
    /** The numbers that were not acknowledged. */
    output: { readonly failed: readonly number[] },
  ];
  /** Reads all partitions from the beginning, until of each so many records have come. */
  drain: [
    input: { readonly topic: string; readonly counts: readonly number[] },
    /** Of each partition, the numbers in the order in which they came. */
    output: { readonly read: readonly (readonly number[])[] },
  ];
}

/** `ok` with the output; `error` in the client's words; or `unsupported`: why the client has no such thing. */
export type Answer = { readonly ok: object } | { readonly error: string } | { readonly unsupported: string };
