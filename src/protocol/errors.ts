/**
 * Base class of all errors of this package. `code` identifies the error and is stable across releases. The message may
 * change.
 */
export abstract class CodedError extends Error {
  /** Name of the class. */
  abstract override readonly name: string;
  /** Stable error code, in upper case with underscores. */
  abstract readonly code: string;
}

/** Stable code of a {@link DecodeError}. */
export type DecodeErrorCode =
  | 'TRUNCATED'
  | 'TRAILING_BYTES'
  | 'INVALID_LENGTH'
  | 'INVALID_VARINT'
  | 'INVALID_VALUE'
  | 'UNEXPECTED_NULL'
  | 'TOO_MANY_ELEMENTS'
  | 'UNKNOWN_API'
  | 'UNKNOWN_VERSION';

/** Thrown when bytes cannot be decoded as the expected message. */
export class DecodeError extends CodedError {
  override readonly name: string = 'DecodeError';

  /**
   * @param code - Stable error code.
   * @param offset - Byte offset in the input at which reading stopped.
   * @param detail - Description of the problem.
   */
  constructor(
    readonly code: DecodeErrorCode,
    readonly offset: number,
    detail: string,
  ) {
    super(`${detail} (at byte ${String(offset)})`);
  }

  /** Prefixes the error message with the Kafka message that failed, such as `MetadataRequest v9`. Returns this. */
  in(message: string): this {
    this.message = `${message}: ${this.message}`;
    return this;
  }
}

/** Stable code of an {@link EncodeError}. */
export type EncodeErrorCode = 'INVALID_VALUE' | 'UNSUPPORTED_FIELD' | 'UNKNOWN_API' | 'UNKNOWN_VERSION';

/** Thrown when a value cannot be encoded as the requested message. */
export class EncodeError extends CodedError {
  override readonly name: string = 'EncodeError';

  /**
   * Path of the field in the value, such as `topics[0].partitions[2].leaderEpoch`; empty if the whole value is invalid.
   */
  readonly path: string;

  /**
   * @param code - Stable error code. `UNSUPPORTED_FIELD` means that the version does not carry the field and that the
   * value is not the default.
   * @param detail - Description of the problem.
   * @param path - Path of the field.
   */
  constructor(
    readonly code: EncodeErrorCode,
    readonly detail: string,
    path = '',
  ) {
    super(path === '' ? detail : `${path}: ${detail}`);
    this.path = path;
  }

  /** Prefixes the error message with the Kafka message that failed, such as `MetadataResponse v9`. Returns this. */
  in(message: string): this {
    this.message = `${message}: ${this.message}`;
    return this;
  }
}

/** Returns a value as text for the message of an {@link EncodeError}. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return `a value of type ${typeof value}`;
}
