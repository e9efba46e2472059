import { errorName, type ErrorName, isErrorName, isFailureCode } from '../protocol/error-codes.js';
import { CodedError } from '../protocol/errors.js';

/**
 * An error of the Kafka protocol. Thrown by a backend, it goes to the client in the shape of the API and version that
 * was asked, at every topic, partition or group of the request.
 */
export class KafkaError extends CodedError {
  override readonly name: string = 'KafkaError';
  /** The error code, an int16 other than 0. */
  readonly errorCode: number;
  /**
   * Kafka's name of the error code, such as `NOT_LEADER_OR_FOLLOWER`. `UNKNOWN_SERVER_ERROR` for a code that Kafka does
   * not define, as which Kafka's clients read it.
   */
  readonly code: ErrorName;

  /**
   * @param errorCode - One of {@link ErrorCode}, not 0.
   * @param message - Goes to the client if the response has a place for it. Without it, null goes there.
   * @throws RangeError when the code is 0, which would read as a success, or not an int16.
   */
  constructor(errorCode: number, message?: string) {
    super(message ?? '');
    if (!isFailureCode(errorCode)) {
      throw new RangeError(`KafkaError: errorCode is ${String(errorCode)}; it must be an int16 other than 0`);
    }
    this.errorCode = errorCode;
    const name = errorName(errorCode);
    this.code = isErrorName(name) ? name : 'UNKNOWN_SERVER_ERROR';
  }
}
