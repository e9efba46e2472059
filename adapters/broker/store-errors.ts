import { ErrorCode } from '../../src/contract/index.js';
import type { Kit } from './kit.js';
import { StoreError, type StoreErrorKind } from './log-store.js';

/** An error code with words for it, as the responses of administration carry them. */
export interface ApiFailure {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

const CODES: Readonly<Record<StoreErrorKind, number>> = {
  notFound: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  exists: ErrorCode.TOPIC_ALREADY_EXISTS,
  full: ErrorCode.POLICY_VIOLATION,
  // Both are tried again by clients; of both it is not certain that nothing was done.
  unavailable: ErrorCode.REQUEST_TIMED_OUT,
  outcomeUnknown: ErrorCode.REQUEST_TIMED_OUT,
  unwritable: ErrorCode.UNKNOWN_SERVER_ERROR,
  outOfRange: ErrorCode.OFFSET_OUT_OF_RANGE,
  invalid: ErrorCode.INVALID_REQUEST,
};

/** What a store threw, for a client that administers. A failure that is none of a store's is told to the operator. */
export function storeFailure(kit: Kit, error: unknown): ApiFailure {
  if (error instanceof StoreError) return { errorCode: CODES[error.kind], errorMessage: error.message };
  kit.warn(`${kit.store.name}: ${String(error)}`);
  return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null };
}
