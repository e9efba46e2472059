import { errorName, type ErrorName, isErrorName, isFailureCode } from '../protocol/error-codes.js';
import { CodedError } from '../protocol/errors.js';

/**
 * An error of the Kafka protocol. If a backend throws it, the gateway sends a response of the requested API and version
 * with this error for every topic, partition or group of the request.
 */
export class KafkaError extends CodedError {
  override readonly name: string = 'KafkaError';
  /** The Kafka error code, an int16 other than 0. */
  readonly errorCode: number;
  /**
   * Kafka's name of the error code, such as `NOT_LEADER_OR_FOLLOWER`. `UNKNOWN_SERVER_ERROR` for a code that Kafka does
   * not define, as in Kafka's clients.
   */
  readonly code: ErrorName;

  /**
   * @param errorCode - One of {@link ErrorCode}, not 0.
   * @param message - Sent to the client if the response has a field for it. If it is missing, the field is null.
   * @throws RangeError if the code is 0, which means success, or not an int16.
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
