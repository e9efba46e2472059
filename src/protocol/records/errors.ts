import { CodedError } from '../errors.js';

/** Why bytes are no batch or no records, as a stable code. */
export type RecordsErrorCode =
  /** Bytes end before the batch or the record does. */
  | 'TRUNCATED'
  /** Bytes are left after the last record. */
  | 'TRAILING_BYTES'
  /** A length that is negative, too small for what it covers, or does not end where its content ends. */
  | 'INVALID_LENGTH'
  /** A varint wider than its type. */
  | 'INVALID_VARINT'
  /** A value outside of what it can be, such as an offset of 2^53 or more. */
  | 'INVALID_VALUE'
  /** A count of records or headers that the bytes do not bear out. */
  | 'INVALID_COUNT'
  /** Offsets that do not ascend, lie outside of the batch or are not consecutive where they have to be. */
  | 'INVALID_OFFSET'
  /** A message set of magic 0 or 1, which Kafka 4 no longer knows, or a magic that nobody knows. */
  | 'UNSUPPORTED_MAGIC'
  /** A compression that Kafka 4.4 does not define. */
  | 'UNSUPPORTED_COMPRESSION'
  /** The checksum is not that of the bytes. */
  | 'CRC_MISMATCH'
  /** Bytes that do not decompress. */
  | 'CORRUPT_COMPRESSION'
  /** Decompression would give more than the limits allow. */
  | 'LIMIT_EXCEEDED'
  /** A library that compression or checksums need does not load on this machine; the error's cause says why. */
  | 'LIBRARY_UNAVAILABLE';

/** Record batches or records that are not what they should be. */
export class RecordsError extends CodedError {
  override readonly name: string = 'RecordsError';

  /**
   * @param code - What was wrong, stable over releases.
   * @param offset - Where it was found: a byte offset in the buffer of the batch or, once records were decompressed, in
   * the decompressed records.
   * @param detail - What was found there and what was wanted.
   * @param options - What caused it, if it was another error.
   */
  constructor(
    readonly code: RecordsErrorCode,
    readonly offset: number,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${detail} (at byte ${String(offset)})`, options);
  }
}
