/** A header of a record (KIP-82). Keys may repeat, and the order of headers is significant. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

/** A decoded record. */
export interface KafkaRecord {
  /** Absolute offset, including the base offset of the batch. */
  readonly offset: number;
  /** Timestamp in milliseconds since 1970; -1 for none. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** Value of the record. Null marks a tombstone in a compacted topic. */
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** A header to write. */
export interface RecordHeaderInit {
  /** Key as text or as encoded bytes. */
  readonly key: string | Uint8Array;
  readonly value?: Uint8Array | null | undefined;
}

/** A record to write. A {@link KafkaRecord} is assignable to it. */
export interface RecordInit {
  /** Absolute offset, higher than the offset of the previous record. Default: the next offset. */
  readonly offset?: number | undefined;
  /** Timestamp in milliseconds since 1970; -1 for none. */
  readonly timestamp: number;
  readonly key?: Uint8Array | null | undefined;
  readonly value?: Uint8Array | null | undefined;
  readonly headers?: readonly RecordHeaderInit[] | undefined;
}
