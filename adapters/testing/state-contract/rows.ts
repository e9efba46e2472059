import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Awaitable } from '../../../src/contract/index.js';
import { type ShardChange, type ShardValue, StoreError, type StoreErrorCode } from '../../broker/index.js';
import type { Owner } from './state-bench.js';

/** A key and its value, which may be text. */
export type Row = readonly [key: string, value: string | Uint8Array];

/** A key and its new value, which may be text; null deletes the key. */
export type RowChange = readonly [key: string, value: string | Uint8Array | null];

/** Longer keys and values are shown as a hash. */
const MAX_SHOWN_BYTES = 100;

/** Puts changes in one call. */
export async function put({ shard }: Owner, ...changes: RowChange[]): Promise<void> {
  await shard.put(
    changes.map(([key, value]): ShardChange => [key, typeof value === 'string' ? bytesOf(value) : value]),
  );
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** Copies values, because the store may reuse their memory. */
export function copied(values: Iterable<ShardValue>): ShardValue[] {
  return Array.from(values, ([key, value]): ShardValue => {
    assert(value instanceof Uint8Array, `the value of ${shownKey(key)} is no Uint8Array`);
    return [key, Uint8Array.from(value)];
  });
}

/** Checks that the values are the expected ones, in any order. */
export function sameValues(actual: Iterable<ShardValue>, expected: readonly Row[], what: string): void {
  assert.deepEqual(shown(copied(actual)), shown(expected), `${what}: other values are there than were put`);
}

/** Checks that a call fails with a `StoreError` of one of these codes. */
export async function fails(
  call: () => Awaitable<unknown>,
  what: string,
  ...codes: readonly StoreErrorCode[]
): Promise<void> {
  const expected = codes.join(' or ');
  try {
    await call();
  } catch (error) {
    if (!(error instanceof StoreError)) assert.fail(`${what}: failed with ${String(error)}; expected a StoreError`);
    assert(codes.includes(error.code), `${what}: failed with ${error.code} (${error.message}); expected ${expected}`);
    return;
  }
  assert.fail(`${what}: has not failed; expected ${expected}`);
}

function shown(rows: readonly Row[]): string[] {
  return rows.map(([key, value]) => `${shownKey(key)}: ${shownBytes(Buffer.from(value))}`).sort();
}

function shownKey(key: string): string {
  return key.length <= MAX_SHOWN_BYTES ? JSON.stringify(key) : `key of ${shownBytes(Buffer.from(key, 'utf16le'))}`;
}

function shownBytes(bytes: Buffer): string {
  if (bytes.length <= MAX_SHOWN_BYTES) return JSON.stringify(bytes.toString('latin1'));
  return `${String(bytes.length)} bytes with SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`;
}
