import type { ApiCodec, Writer } from 'iggy-gateway-kafka/protocol';
import { expect } from 'vitest';
import { compileApi, requestOf } from './compile-api.js';
import { decodeBody, encodeBody } from './golden.js';
import { thrownBy } from './thrown-by.js';

// Made-up APIs, whose requests a test holds against bytes that it writes by hand.

/** Bytes by hand: hex with blanks and names of what they are. */
export function hex(...parts: string[]): string {
  return parts.join('').replaceAll(' ', '');
}

export function made(head: string, fields: string): ApiCodec {
  return compileApi(requestOf(head, fields));
}

export function encode(codec: ApiCodec, version: number, value: unknown, writer?: Writer): string {
  return encodeBody(codec, 'request', version, value, writer).toString('hex');
}

export function decode(codec: ApiCodec, version: number, bytes: string): unknown {
  return decodeBody(codec, 'request', version, Buffer.from(bytes, 'hex'));
}

/** The value is written as these bytes, and they are read as the value, or as what it becomes. */
export function expectBytes(
  codec: ApiCodec,
  version: number,
  value: unknown,
  bytes: string,
  becomes: unknown = value,
): void {
  expect(encode(codec, version, value)).toBe(bytes);
  expect(decode(codec, version, bytes)).toStrictEqual(becomes);
}

/** Why a value is not written. */
export function refusal(codec: ApiCodec, version: number, value: unknown): unknown {
  return thrownBy(() => encode(codec, version, value));
}
