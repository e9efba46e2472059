import { decodeOffset, encodeOffset, OFFSET_PREFIX, offsetKey } from './stored-values.js';

/** A group and a partition for which it commits an offset. */
export interface CommittedPartition {
  /** Topic id: a lower-case dashed uuid. */
  readonly topicId: string;
  /** Partition index, from 0. */
  readonly partition: number;
  readonly groupId: string;
}

/** A committed offset in the durable state of a store. */
export interface StoredOffset extends CommittedPartition {
  /** Offset of the next record to consume; null for a deleted offset, and for one in a newer format. */
  readonly offset: bigint | null;
}

/**
 * Reads a committed offset from an entry of the durable state. A store that shows offsets to other tools passes to it what
 * `put` receives.
 *
 * @param value - The value; null for a deleted entry.
 * @returns Null for an entry that holds something else.
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
 * Encodes a committed offset as a value of the durable state. A store that imports offsets of another system returns it from
 * `load`.
 *
 * @param offset - Offset of the next record to consume.
 * @param committedAt - Time of the commit, in ms since the epoch.
 */
export function encodeStoredOffset(offset: bigint, committedAt: number): Uint8Array {
  return encodeOffset({ offset, leaderEpoch: -1, metadata: '', committedAt, expiresAt: -1 });
}
