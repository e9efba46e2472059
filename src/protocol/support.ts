import { EncodeError } from './errors.js';
import type { RecordsInit } from './records-init.js';

// What generated codecs share beside the reader and the writer.

/** An empty list, where a list was left out. */
export const NOTHING: readonly never[] = Object.freeze([]);

/** The value, or the default of a field that was left out. Null is a value, and nothing that was left out. */
export function orDefault<T>(value: T | undefined, fallback: T): T {
  return value === undefined ? fallback : value;
}

/** Whether a list or bytes differ from the default: hold something, or are null. */
export function hasContent<T extends { readonly length: number } | null>(value: T | undefined): value is T {
  return value !== undefined && (value === null || value.length !== 0);
}

/** Whether a struct differs from the default; null does, and so does what is no struct. */
export function differs<T extends object | null>(
  value: T | undefined,
  isDefault: (value: NonNullable<T>) => boolean,
): value is T {
  return value !== undefined && (typeof value !== 'object' || value === null || !isDefault(value));
}

/** The value, where a version does not allow null although others do. */
export function notNull<T>(value: T | null): T {
  if (value === null) throw new EncodeError('INVALID_VALUE', 'null, which this version does not allow');
  return value;
}

/** Gives records back to their owner, if they have one who asked for it. One that fails keeps no other from theirs. */
export function release(records: RecordsInit | null | undefined, onError: (error: unknown) => void): void {
  if (typeof records !== 'object' || records === null || !('release' in records)) return;
  try {
    records.release();
  } catch (error) {
    onError(error);
  }
}

/** The structs of a list that may be broken: an answer that does not fit its schema still holds memory of others. */
export function structsOf<T extends object>(list: readonly T[] | null | undefined): readonly T[] {
  return Array.isArray(list)
    ? (list as readonly T[]).filter((element) => typeof element === 'object' && element !== null)
    : NOTHING;
}
