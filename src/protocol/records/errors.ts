import { CodedError } from '../errors.js';

/** Stable code of a {@link RecordsError}. */
export type RecordsErrorCode =
  /** The input ends before the batch or the record. */
  | 'TRUNCATED'
  /** Bytes remain after the last record. */
  | 'TRAILING_BYTES'
  /** A length is negative, too small for its content, or does not match the end of its content. */
  | 'INVALID_LENGTH'
  /** A varint exceeds its type. */
  | 'INVALID_VARINT'
  /** A value is out of range, such as an offset of 2^53 or more. */
  | 'INVALID_VALUE'
  /** A count of records or headers does not match the bytes. */
  | 'INVALID_COUNT'
  /** Offsets do not ascend, are outside the batch, or are not consecutive where this is required. */
  | 'INVALID_OFFSET'
  /** The input is a message set of magic 0 or 1, which Kafka 4 no longer supports, or has an unknown magic. */
  | 'UNSUPPORTED_MAGIC'
  /** The batch has a compression that Kafka 4.4 does not define. */
  | 'UNSUPPORTED_COMPRESSION'
  /** The checksum does not match the bytes. */
  | 'CRC_MISMATCH'
  /** The records cannot be decompressed. */
  | 'CORRUPT_COMPRESSION'
  /** The decompressed records would exceed the limits. */
  | 'LIMIT_EXCEEDED'
  /** A library for compression or checksums does not load on this machine. The `cause` of the error has the reason. */
  | 'LIBRARY_UNAVAILABLE';

/** Thrown when a record batch or a record is invalid. */
export class RecordsError extends CodedError {
  override readonly name: string = 'RecordsError';

  /**
   * @param code - Stable error code.
   * @param offset - Where it was found: a byte offset in the buffer of the batch or, once records were decompressed, in
   * the decompressed records.
   * @param detail - Description of the problem.
   * @param options - The `cause`, if another error caused this one.
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
