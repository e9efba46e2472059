import { decodeOffset, encodeOffset, OFFSET_PREFIX, offsetKey } from './stored-values.js';

/** A group and a partition of which it commits the offset. */
export interface CommittedPartition {
  /** Topic id: a lower-case dashed uuid. */
  readonly topicId: string;
  /** Partition index, from 0. */
  readonly partition: number;
  readonly groupId: string;
}

/** A committed offset in the durable state of a store. */
export interface StoredOffset extends CommittedPartition {
  /** Offset of the next record to consume; null if the offset is deleted or in a newer format. */
  readonly offset: bigint | null;
}

/**
 * Reads a committed offset from an entry of the durable state. A store that exposes offsets to other tools calls it with the
 * changes that `put` receives.
 *
 * @param value - The value; null for a deleted entry.
 * @returns The committed offset; null if the entry is of another kind.
 */
export function readStoredOffset(key: string, value: Uint8Array | null): StoredOffset | null {
  if (!key.startsWith(OFFSET_PREFIX)) return null;
  const [topicId = '', partition = '', ...rest] = key.slice(OFFSET_PREFIX.length).split('/');
  const offset = value === null ? null : (decodeOffset(Buffer.from(value))?.offset ?? null);
  return { topicId, partition: Number(partition), groupId: rest.join('/'), offset };
}

/** Returns the key of a committed offset in the durable state. */
export function storedOffsetKey({ topicId, partition, groupId }: CommittedPartition): string {
  return offsetKey(topicId, partition, groupId);
}

/**
 * Encodes a committed offset as a value of the durable state. A store that imports offsets from another system returns these
 * values from `load`.
 *
 * @param offset - Offset of the next record to consume.
 * @param committedAt - Time of the commit, in ms since the epoch.
 */
export function encodeStoredOffset(offset: bigint, committedAt: number): Uint8Array {
  return encodeOffset({ offset, leaderEpoch: -1, metadata: '', committedAt, expiresAt: -1 });
}
