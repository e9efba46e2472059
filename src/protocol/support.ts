import { EncodeError } from './errors.js';
import type { RecordsInit } from './writer.js';

// What generated codecs share beside the reader and the writer.

/** An empty list, where a list was left out. */
export const NOTHING: readonly never[] = Object.freeze([]);

/** Whether a list or bytes hold anything; null does, for it is not the default. */
export function hasContent(value: { readonly length: number } | null | undefined): boolean {
  return value !== undefined && (value === null || value.length > 0);
}

/** The value, where a version does not allow null although others do. */
export function notNull<T>(value: T | null): T {
  if (value === null) throw new EncodeError('INVALID_VALUE', 'null, which this version does not allow');
  return value;
}

/** Gives records back to their owner, if they have one who asked for it. */
export function release(records: RecordsInit | null | undefined): void {
  if (records && 'release' in records) records.release();
}
