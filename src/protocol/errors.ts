/**
 * The base of every error class of this package. `code` says what is wrong and stays the same over releases; the message
 * may change.
 */
export abstract class CodedError extends Error {
  /** Name of the class. */
  abstract override readonly name: string;
  /** What is wrong, in upper case with underscores. */
  abstract readonly code: string;
}

/** Why bytes could not be read as a message, as a stable code. */
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

/** Bytes could not be read as the message that they should be. */
export class DecodeError extends CodedError {
  override readonly name: string = 'DecodeError';

  /**
   * @param code - What was wrong, stable over releases.
   * @param offset - Byte offset in the input at which reading stopped.
   * @param detail - What was found there and what was wanted.
   */
  constructor(
    readonly code: DecodeErrorCode,
    readonly offset: number,
    detail: string,
  ) {
    super(`${detail} (at byte ${String(offset)})`);
  }

  /** The same error with the message it happened in, such as `MetadataRequest v9`. */
  in(message: string): this {
    this.message = `${message}: ${this.message}`;
    return this;
  }
}

/** Why a value could not be written, as a stable code. */
export type EncodeErrorCode = 'INVALID_VALUE' | 'UNSUPPORTED_FIELD' | 'UNKNOWN_API' | 'UNKNOWN_VERSION';

/** A value does not fit the message that it should become. */
export class EncodeError extends CodedError {
  override readonly name: string = 'EncodeError';

  /** Path of the field in the value, such as `topics[0].partitions[2].leaderEpoch`; empty when the value as a whole is wrong. */
  readonly path: string;

  /**
   * @param code - `UNSUPPORTED_FIELD`: the version does not carry the field and the value is not its default.
   * @param detail - What was found and what was wanted.
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

  /** The same error with the message it happened in, such as `MetadataResponse v9`. */
  in(message: string): this {
    this.message = `${message}: ${this.message}`;
    return this;
  }
}

/** A value for the message of an {@link EncodeError}. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return `a value of type ${typeof value}`;
}
