import { isFailureCode } from '../protocol/error-codes.js';

/**
 * An error of the Kafka protocol. Thrown by a backend, it goes to the client in the shape of the API and version that
 * was asked, at every topic, partition or group of the request.
 */
export class KafkaError extends Error {
  override readonly name: string = 'KafkaError';
  /** The error code, an int16 other than 0. */
  readonly code: number;

  /**
   * @param code - One of {@link ErrorCode}, not 0.
   * @param message - Goes to the client if the response has a place for it. Without it, null goes there.
   * @throws RangeError when the code is 0, which would read as a success, or not an int16.
   */
  constructor(code: number, message?: string) {
    super(message ?? '');
    if (!isFailureCode(code)) {
      throw new RangeError(`KafkaError: code is ${String(code)}; it must be an int16 other than 0`);
    }
    this.code = code;
  }
}
