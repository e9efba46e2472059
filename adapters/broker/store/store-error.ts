import { ErrorCode } from '../../../src/contract/index.js';

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
export class StoreError extends Error {
  override readonly name: string = 'StoreError';

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What failed, as far as the Kafka error depends on it. */
export type StoreRequestKind =
  /** Produce, Fetch, ListOffsets, OffsetForLeaderEpoch. */
  | 'records'
  /** CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords, configs. */
  | 'admin'
  /** Groups, committed offsets, transactions: whatever puts state into a shard. */
  | 'coordinator';

type KafkaErrors = Readonly<Record<StoreRequestKind, number>>;

/** The one table of Kafka errors; `docs/guides/writing-a-store.md` shows it. */
const KAFKA_ERRORS: Readonly<Record<StoreErrorCode, KafkaErrors>> = {
  NOT_FOUND: {
    records: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    admin: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    coordinator: ErrorCode.UNKNOWN_SERVER_ERROR,
  },
  EXISTS: {
    records: ErrorCode.KAFKA_STORAGE_ERROR,
    admin: ErrorCode.TOPIC_ALREADY_EXISTS,
    coordinator: ErrorCode.UNKNOWN_SERVER_ERROR,
  },
  FULL: {
    records: ErrorCode.KAFKA_STORAGE_ERROR,
    admin: ErrorCode.POLICY_VIOLATION,
    coordinator: ErrorCode.POLICY_VIOLATION,
  },
  UNAVAILABLE: {
    records: ErrorCode.NOT_LEADER_OR_FOLLOWER,
    admin: ErrorCode.REQUEST_TIMED_OUT,
    coordinator: ErrorCode.COORDINATOR_NOT_AVAILABLE,
  },
  UNWRITABLE: {
    records: ErrorCode.UNKNOWN_SERVER_ERROR,
    admin: ErrorCode.UNKNOWN_SERVER_ERROR,
    coordinator: ErrorCode.UNKNOWN_SERVER_ERROR,
  },
  OUTCOME_UNKNOWN: {
    records: ErrorCode.REQUEST_TIMED_OUT,
    admin: ErrorCode.REQUEST_TIMED_OUT,
    coordinator: ErrorCode.COORDINATOR_NOT_AVAILABLE,
  },
  OUT_OF_RANGE: {
    records: ErrorCode.OFFSET_OUT_OF_RANGE,
    admin: ErrorCode.OFFSET_OUT_OF_RANGE,
    coordinator: ErrorCode.UNKNOWN_SERVER_ERROR,
  },
  INVALID: {
    records: ErrorCode.INVALID_RECORD,
    admin: ErrorCode.INVALID_REQUEST,
    coordinator: ErrorCode.UNKNOWN_SERVER_ERROR,
  },
  FENCED: {
    records: ErrorCode.NOT_LEADER_OR_FOLLOWER,
    admin: ErrorCode.NOT_CONTROLLER,
    coordinator: ErrorCode.COORDINATOR_NOT_AVAILABLE,
  },
};

/** Returns the Kafka error code for a store failure. */
export function storeErrorCode({ code }: StoreError, kind: StoreRequestKind): number {
  return KAFKA_ERRORS[code][kind];
}
