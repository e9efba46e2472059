import { ErrorCode } from '../../../src/contract/index.js';
import type { Kit } from '../kit.js';
import { storeErrorCode } from '../store/kafka-errors.js';
import { StoreError } from '../store/store-error.js';

/** An error code with its message, as the responses of administrative requests carry them. */
export interface ApiFailure {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Maps what a store threw to the failure of an administrative request. Reports anything but a `StoreError` to the operator. */
export function storeFailure(kit: Kit, error: unknown): ApiFailure {
  if (error instanceof StoreError) return { errorCode: storeErrorCode(error, 'admin'), errorMessage: error.message };
  kit.warn(`${kit.store.name}: ${String(error)}`);
  return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null };
}
