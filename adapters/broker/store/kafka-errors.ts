import { ErrorCode } from '../../../src/contract/index.js';
import type { StoreError, StoreErrorCode } from './store-error.js';

/** Kind of the failed request, on which the Kafka error depends. */
export type StoreRequestKind =
  /** Produce, Fetch, ListOffsets, OffsetForLeaderEpoch. */
  | 'records'
  /** CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords, configs. */
  | 'admin'
  /** Groups, committed offsets, transactions: all requests that write to the durable state. */
  | 'coordinator';

type KafkaErrors = Readonly<Record<StoreRequestKind, number>>;

/**
 * Kafka error by store error, as in the table of `docs/guides/writing-a-store.md`. Three APIs return other errors, as Kafka
 * does: InitProducerId, DescribeLogDirs, and Metadata that creates a topic.
 */
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
