import { EncodeError } from './errors.js';
import type { RecordsInit } from './records-init.js';

// Functions that generated codecs share, in addition to the reader and the writer.

/** An empty list that replaces a missing list. */
export const NOTHING: readonly never[] = Object.freeze([]);

/** Returns the value, or the default if the field is undefined. Null counts as a value. */
export function orDefault<T>(value: T | undefined, fallback: T): T {
  return value === undefined ? fallback : value;
}

/** Whether a list or bytes differ from the default: they are null or not empty. */
export function hasContent<T extends { readonly length: number } | null>(value: T | undefined): value is T {
  return value !== undefined && (value === null || value.length !== 0);
}

/** Whether a struct differs from the default. Null and values that are not objects also differ. */
export function differs<T extends object | null>(
  value: T | undefined,
  isDefault: (value: NonNullable<T>) => boolean,
): value is T {
  return value !== undefined && (typeof value !== 'object' || value === null || !isDefault(value));
}

/** Returns the value of a field that is not nullable in this version. @throws EncodeError if it is null. */
export function notNull<T>(value: T | null): T {
  if (value === null) throw new EncodeError('INVALID_VALUE', 'null, which this version does not allow');
  return value;
}

/**
 * Calls the `release` of records, if they have one. Passes errors to `onError`, so that other records are still
 * released.
 */
export function release(records: RecordsInit | null | undefined, onError: (error: unknown) => void): void {
  if (typeof records !== 'object' || records === null || !('release' in records)) return;
  try {
    records.release();
  } catch (error) {
    onError(error);
  }
}

/**
 * Returns the objects of a possibly invalid list. A response that does not fit its schema may still hold record memory.
 */
export function structsOf<T extends object>(list: readonly T[] | null | undefined): readonly T[] {
  return Array.isArray(list)
    ? (list as readonly T[]).filter((element) => typeof element === 'object' && element !== null)
    : NOTHING;
}
