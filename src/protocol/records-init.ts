/**
 * Chunks of record batches that their owner wants back: `release` is called exactly once, after the bytes were
 * written to the socket or the response was dropped. Until then the bytes must not change.
 */
export interface RecordChunks {
  /** The bytes, in order. */
  readonly chunks: readonly Uint8Array[];
  /** Takes the memory back. */
  release(): void;
}

/** Record batches to be written: opaque bytes in one piece, in several, or with an owner who wants them back. */
export type RecordsInit = Uint8Array | readonly Uint8Array[] | RecordChunks;
