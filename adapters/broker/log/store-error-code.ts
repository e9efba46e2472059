import { ErrorCode } from '../../../src/contract/index.js';
import type { StoreError } from '../log-store.js';

/** What a store's failure is to a client: retriable where another try may help. */
export function storeErrorCode({ kind }: StoreError): number {
  switch (kind) {
    case 'notFound':
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    case 'unavailable':
      return ErrorCode.NOT_LEADER_OR_FOLLOWER;
    case 'unwritable':
      return ErrorCode.UNKNOWN_SERVER_ERROR;
    case 'outcomeUnknown':
      return ErrorCode.REQUEST_TIMED_OUT;
    case 'outOfRange':
      return ErrorCode.OFFSET_OUT_OF_RANGE;
    case 'invalid':
      return ErrorCode.INVALID_RECORD;
    case 'full':
    case 'exists':
      return ErrorCode.KAFKA_STORAGE_ERROR;
  }
}
