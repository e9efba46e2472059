import type { Awaitable } from '../../../src/contract/index.js';
import { andThen } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { maxTimestamp, offsetForTimestamp, type Waiter } from '../store/find-by-timestamp.js';
import type { FoundOffset, LogOffsets, PartitionId } from '../store/log-store.js';

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
export function findOffset(
  kit: Pick<Kit, 'store' | 'signal'>,
  partition: PartitionId,
  timestamp: number,
  waiter: Waiter,
): Awaitable<FoundOffset | null> {
  switch (timestamp) {
    case OffsetSpec.LATEST:
      return andThen(kit.store.logOffsets(partition, kit.signal), endOf);
    case OffsetSpec.EARLIEST:
    case OffsetSpec.EARLIEST_LOCAL:
      return andThen(kit.store.logOffsets(partition, kit.signal), startOf);
    case OffsetSpec.MAX_TIMESTAMP:
      return maxTimestamp(kit, partition, waiter);
    case OffsetSpec.LATEST_TIERED:
    case OffsetSpec.EARLIEST_PENDING_UPLOAD:
      // There is no tiered storage.
      return null;
    default:
      return offsetForTimestamp(kit, partition, timestamp, waiter);
  }
}

function startOf({ logStartOffset }: LogOffsets): FoundOffset {
  return { offset: logStartOffset, timestamp: -1 };
}

function endOf({ logEndOffset }: LogOffsets): FoundOffset {
  return { offset: logEndOffset, timestamp: -1 };
}
