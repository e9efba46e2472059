import { CodedError } from '../../../src/contract/index.js';

/** Reason of a store failure. */
export type StoreErrorCode =
  /** The topic or partition does not exist. */
  | 'NOT_FOUND'
  /** A topic with this name or id exists. */
  | 'EXISTS'
  /** A limit on bytes, topics or partitions is reached. */
  | 'FULL'
  /** The engine cannot be reached; nothing was changed. A retry may succeed. */
  | 'UNAVAILABLE'
  /** The partition cannot be written until an operator acts; nothing was changed. Clients get an error that they do not retry. */
  | 'UNWRITABLE'
  /** The operation may or may not have been applied: the connection broke before the response, or the deadline passed. */
  | 'OUTCOME_UNKNOWN'
  /** The offset lies before the log start offset or after the log end offset. */
  | 'OUT_OF_RANGE'
  /** The engine can never store this value. */
  | 'INVALID'
  /** Another broker owns the shard, or has claimed the partition with a higher epoch. */
  | 'FENCED';

/** A store failure that the kit maps to a Kafka error. Other errors become UNKNOWN_SERVER_ERROR. */
export class StoreError extends CodedError {
  override readonly name: string = 'StoreError';

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
