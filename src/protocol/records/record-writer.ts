import { EncodeError } from '../errors.js';
import { MAX_INT32 } from './integers.js';
import type { RecordHeaderInit, RecordInit } from './record.js';
import { sizeOfVarint, writeVarint } from './varint.js';

// The body of a record: key, value and headers, which follow the offset delta.

const NO_HEADERS: readonly RecordHeaderInit[] = [];

/** Returns the exact size of key, value and headers in bytes, including their lengths. */
export function sizeOfBody({ key, value, headers = NO_HEADERS }: RecordInit): number {
  let size = sizeOfBytes(key, 'key') + sizeOfBytes(value, 'value') + sizeOfVarint(headers.length);
  for (let index = 0; index < headers.length; index++) {
    const header = headers[index]!;
    const keySize = sizeOfKey(header.key, index);
    size += sizeOfVarint(keySize) + keySize + sizeOfBytes(header.value, 'headers', index);
  }
  return size;
}

/** Writes key, value and headers in the size that {@link sizeOfBody} returned. Returns the offset after them. */
export function writeBody(bytes: Buffer, at: number, { key, value, headers = NO_HEADERS }: RecordInit): number {
  at = writeNullable(bytes, at, key);
  at = writeNullable(bytes, at, value);
  at = writeVarint(bytes, at, headers.length);
  for (const header of headers) {
    const { key: name } = header;
    at = typeof name === 'string' ? writeText(bytes, at, name) : writeNullable(bytes, at, name);
    at = writeNullable(bytes, at, header.value);
  }
  return at;
}

/** Below this size, a loop is cheaper than a call into C++. */
const SHORT = 32;

/** Copies bytes. Returns the offset after them. */
export function copyBytes(bytes: Buffer, at: number, source: Uint8Array): number {
  const { length } = source;
  if (length < SHORT) for (let index = 0; index < length; index++) bytes[at + index] = source[index]!;
  else bytes.set(source, at);
  return at + length;
}

/** Returns the size of a text in UTF-8, in bytes. */
function utf8Length(text: string): number {
  const { length } = text;
  if (length >= SHORT) return Buffer.byteLength(text);
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) >= 0x80) return Buffer.byteLength(text);
  return length;
}

/** Writes a text, preceded by its length. */
function writeText(bytes: Buffer, at: number, text: string): number {
  const size = utf8Length(text);
  at = writeVarint(bytes, at, size);
  if (size >= SHORT || size !== text.length) bytes.write(text, at);
  else for (let index = 0; index < size; index++) bytes[at + index] = text.charCodeAt(index);
  return at + size;
}

function writeNullable(bytes: Buffer, at: number, value: Uint8Array | null | undefined): number {
  if (value === null || value === undefined) return writeVarint(bytes, at, -1);
  return copyBytes(bytes, writeVarint(bytes, at, value.length), value);
}

function sizeOfBytes(value: Uint8Array | null | undefined, field: string, index?: number): number {
  if (value === null || value === undefined) return 1;
  const { length } = value;
  if (!(value instanceof Uint8Array) || length > MAX_INT32) {
    const path = index === undefined ? field : `${field}[${String(index)}].value`;
    const found = value instanceof Uint8Array ? `${String(length)} bytes` : `a ${typeof value}`;
    throw new EncodeError('INVALID_VALUE', `${found} instead of null or up to 2 GiB of bytes`, path);
  }
  return sizeOfVarint(length) + length;
}

function sizeOfKey(key: string | Uint8Array, index: number): number {
  if (typeof key === 'string') return utf8Length(key);
  if (key instanceof Uint8Array) return key.length;
  const found = key === null ? 'null' : `a ${typeof key}`;
  throw new EncodeError('INVALID_VALUE', `${found} instead of text or bytes`, `headers[${String(index)}].key`);
}
