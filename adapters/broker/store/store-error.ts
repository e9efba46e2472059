import { CodedError } from '../../../src/contract/index.js';

/** Why a store could not do what it was asked. */
export type StoreErrorCode =
  /** The topic or partition does not exist. */
  | 'NOT_FOUND'
  /** A topic of this name, or with this id, exists. */
  | 'EXISTS'
  /** A limit on bytes, topics or partitions is reached. */
  | 'FULL'
  /** The engine cannot be reached; nothing was done. A later try may succeed. */
  | 'UNAVAILABLE'
  /** The partition cannot be written until an operator acts; nothing was done. Clients are told not to retry. */
  | 'UNWRITABLE'
  /** The work may have been done or not: the connection broke before the answer, or the deadline passed. */
  | 'OUTCOME_UNKNOWN'
  /** The offset lies before the log start offset or after the log end offset. */
  | 'OUT_OF_RANGE'
  /** The engine cannot hold this value, whoever asks. */
  | 'INVALID'
  /** Another broker owns the shard, or has claimed the partition with a higher epoch. */
  | 'FENCED';

/** A store failure that the kit maps to a Kafka error. Anything else thrown becomes UNKNOWN_SERVER_ERROR. */
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
