import type { Awaitable } from '../../../src/contract.js';
import { andThen } from '../awaitable.js';
import type { FoundOffset, LogBounds, LogStore, PartitionId } from '../log-store.js';

/** Timestamps of ListOffsets that name an offset instead of a time. */
export const OffsetSpec = {
  LATEST: -1,
  EARLIEST: -2,
  MAX_TIMESTAMP: -3,
  EARLIEST_LOCAL: -4,
  LATEST_TIERED: -5,
  EARLIEST_PENDING_UPLOAD: -6,
} as const;

/**
 * Finds the offset that a timestamp of ListOffsets asks for: that of the first record that is not earlier, or one of
 * {@link OffsetSpec}. Returns null if there is none.
 */
export function findOffset(store: LogStore, partition: PartitionId, timestamp: number): Awaitable<FoundOffset | null> {
  switch (timestamp) {
    case OffsetSpec.LATEST:
      return andThen(store.bounds(partition), endOf);
    case OffsetSpec.EARLIEST:
    case OffsetSpec.EARLIEST_LOCAL:
      return andThen(store.bounds(partition), startOf);
    case OffsetSpec.MAX_TIMESTAMP:
      return store.maxTimestamp(partition);
    case OffsetSpec.LATEST_TIERED:
    case OffsetSpec.EARLIEST_PENDING_UPLOAD:
      // There is no tiered storage.
      return null;
    default:
      return store.offsetForTimestamp(partition, timestamp);
  }
}

function startOf({ startOffset }: LogBounds): FoundOffset {
  return { offset: startOffset, timestamp: -1 };
}

function endOf({ endOffset }: LogBounds): FoundOffset {
  return { offset: endOffset, timestamp: -1 };
}
