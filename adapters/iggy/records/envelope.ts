import { isUtf8 } from 'node:buffer';
import type { RecordHeader, RecordHeaderInit } from '../../../src/protocol/index.js';
import { Unreadable } from './unreadable.js';

// Key, value and headers in one payload, little-endian:
//
//   u8 flags (1: there is a key; 2: there is a value)   u32 length, key   u32 length, value   u32 count of headers
//   for each header: u32 length, name   u8 whether there is a value   u32 length, value

const HAS_KEY = 1;
const HAS_VALUE = 2;
const OVERHEAD_BYTES = 13;
const HEADER_BYTES = 9;

/** What an envelope holds. */
export interface Enveloped {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeaderInit[];
}

interface ToEnvelop extends Enveloped {
  readonly headers: readonly RecordHeader[];
}

/** Exact size of what {@link writeEnvelope} makes. */
export function envelopeBytes({ key, value, headers }: ToEnvelop): number {
  let size = OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) size += HEADER_BYTES + Buffer.byteLength(header.key) + (header.value?.length ?? 0);
  return size;
}

export function writeEnvelope(record: ToEnvelop, size: number): Buffer {
  const { key, value, headers } = record;
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.writeUInt8((key === null ? 0 : HAS_KEY) | (value === null ? 0 : HAS_VALUE), 0);
  at = writeField(bytes, at, key);
  at = writeField(bytes, at, value);
  at = bytes.writeUInt32LE(headers.length, at);
  for (const header of headers) {
    const nameAt = at + 4;
    const length = bytes.write(header.key, nameAt);
    bytes.writeUInt32LE(length, at);
    at = bytes.writeUInt8(header.value === null ? 0 : 1, nameAt + length);
    at = writeField(bytes, at, header.value);
  }
  return bytes;
}

function writeField(bytes: Buffer, at: number, field: Buffer | null): number {
  if (field === null) return bytes.writeUInt32LE(0, at);
  at = bytes.writeUInt32LE(field.length, at);
  bytes.set(field, at);
  return at + field.length;
}

/** Takes an envelope apart; keys, names and values are views of it. */
export function readEnvelope(bytes: Buffer): Enveloped | Unreadable {
  const cursor = new Cursor(bytes);
  const flags = cursor.byte();
  const key = cursor.field();
  const value = cursor.field();
  const count = cursor.length();
  // Before anything is made for them.
  if (count * HEADER_BYTES > cursor.left) return truncated(`${String(count)} headers in ${String(cursor.left)} bytes`);
  const headers: RecordHeaderInit[] = [];
  for (let index = 0; index < count; index++) {
    const name = cursor.field();
    if (!isUtf8(name)) return new Unreadable('headerName', `the name of header ${String(index)} is not UTF-8`);
    const present = cursor.byte() !== 0;
    const field = cursor.field();
    headers.push({ key: name, value: present ? field : null });
  }
  if (cursor.overrun) return truncated(`${String(bytes.length)} bytes`);
  if (cursor.left > 0) return new Unreadable('envelope', `${String(cursor.left)} bytes after the end of the envelope`);
  return { key: flags & HAS_KEY ? key : null, value: flags & HAS_VALUE ? value : null, headers };
}

function truncated(what: string): Unreadable {
  return new Unreadable('envelope', `an envelope that is cut off: ${what}`);
}

/** Reads forward; past the end everything is empty, and {@link Cursor.overrun} says so. */
class Cursor {
  private readonly bytes: Buffer;
  private at = 0;
  overrun = false;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  length(): number {
    const bytes = this.take(4);
    return bytes.length === 4 ? bytes.readUInt32LE(0) : 0;
  }

  field(): Buffer {
    return this.take(this.length());
  }

  private take(length: number): Buffer {
    const start = this.at;
    if (length > this.left) {
      this.overrun = true;
      this.at = this.bytes.length;
      return this.bytes.subarray(this.at);
    }
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }
}
