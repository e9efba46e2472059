/** A header of a record (KIP-82). Names may repeat, and their order counts. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** A record as it was read. */
export interface KafkaRecord {
  /** Absolute offset: the base offset of the batch is in it. */
  readonly offset: number;
  /** Milliseconds since 1970; -1 for none. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** null is a tombstone in a compacted topic. */
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** A header to be written. */
export interface RecordHeaderInit {
  /** Text, or the bytes of it. */
  readonly key: string | Uint8Array;
  readonly value?: Uint8Array | null | undefined;
}

/** A record to be written; what was read is assignable to it. */
export interface RecordInit {
  /** Absolute offset, higher than that of the record before; without it, the next one. */
  readonly offset?: number | undefined;
  /** Milliseconds since 1970; -1 for none. */
  readonly timestamp: number;
  readonly key?: Uint8Array | null | undefined;
  readonly value?: Uint8Array | null | undefined;
  readonly headers?: readonly RecordHeaderInit[] | undefined;
}
