/**
 * Chunks of record batches in memory that the owner reuses. `release` is called exactly once, after the bytes were
 * written to the socket or the response was dropped. Until then the bytes must not change.
 */
export interface RecordChunks {
  /** The bytes, in order. */
  readonly chunks: readonly Uint8Array[];
  /** Returns the memory to its owner. */
  release(): void;
}

/** Record batches to write: opaque bytes in one piece, in several pieces, or in memory that must be released. */
export type RecordsInit = Uint8Array | readonly Uint8Array[] | RecordChunks;
