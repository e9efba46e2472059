import type { IggyHeaderField, IggyHeaderInit, IggyMessage, IggyMessageInit } from '../../adapters/iggy/sdk/client.js';

// Iggy messages as they come back from a poll: through the bytes of their headers, which the SDK checks when it reads
// them, and with its dates of whole milliseconds.

/** A header of any kind, as Iggy clients write them. */
export interface AnyHeader {
  readonly key: { readonly kind: number; readonly value: Buffer | string | number };
  readonly value: IggyHeaderField;
}

/** A message of any Iggy client. */
export interface AnyMessage extends Omit<IggyMessageInit, 'headers'> {
  readonly headers?: readonly AnyHeader[] | readonly IggyHeaderInit[];
}

/** What a poll gives for messages that were sent. */
export function polled(messages: readonly AnyMessage[], baseOffset = 0, appendTime = 1_800_000_000_000): IggyMessage[] {
  return messages.map(({ payload, headers = [], id = 0n, originTimestamp = 0n }, index) => {
    const bytes = headerBytes(headers);
    return {
      headers: {
        id,
        offset: BigInt(baseOffset + index),
        timestamp: new Date(appendTime),
        originTimestamp: new Date(Number(originTimestamp / 1000n)),
        userHeadersLength: bytes.length,
      },
      payload: Buffer.from(payload),
      userHeaders: readHeaders(bytes),
    };
  });
}

/** Names, values and their kinds, one behind the other, as they are stored. */
export function headerBytes(headers: readonly AnyHeader[]): Buffer {
  return Buffer.concat(
    headers.flatMap(({ key, value }) => [fieldBytes(key.kind, key.value), fieldBytes(value.kind, value.value)]),
  );
}

function fieldBytes(kind: number, value: Buffer | string | number | bigint | boolean): Buffer {
  const bytes = valueBytes(kind, value);
  const head = Buffer.alloc(5);
  head[0] = kind;
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Width of each kind, by its number; 0 for bytes of any length. */
const WIDTHS = [0, 0, 0, 1, 1, 2, 4, 8, 16, 1, 2, 4, 8, 16, 4, 8];

function valueBytes(kind: number, value: Buffer | string | number | bigint | boolean): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(value);
  const bytes = Buffer.alloc(WIDTHS[kind]!);
  if (typeof value === 'bigint') bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  else if (kind === 14) bytes.writeFloatLE(Number(value));
  else if (kind === 15) bytes.writeDoubleLE(Number(value));
  else if (kind >= 9) bytes.writeUIntLE(Number(value), 0, bytes.length);
  else bytes.writeIntLE(Number(value), 0, bytes.length);
  return bytes;
}

/** Reads headers as the SDK does. @throws Error for a name or value that is empty, too long or not as wide as its kind. */
export function readHeaders(bytes: Buffer): IggyMessage['userHeaders'] {
  const headers: IggyMessage['userHeaders'] = [];
  let at = 0;
  const field = (what: string): IggyHeaderField => {
    const kind = bytes.readUInt8(at);
    const length = bytes.readUInt32LE(at + 1);
    if (length < 1 || length > 255) throw new Error(`Invalid header ${what} length: ${length}`);
    if (WIDTHS[kind] && WIDTHS[kind] !== length) throw new Error(`Invalid header ${what} size for kind ${kind}`);
    const value = bytes.subarray(at + 5, at + 5 + length);
    at += 5 + length;
    return { kind, value: readValue(kind, value) };
  };
  while (at < bytes.length) headers.push({ key: field('key'), value: field('value') });
  return headers;
}

function readValue(kind: number, bytes: Buffer): IggyHeaderField['value'] {
  switch (kind) {
    case 1:
    case 8:
    case 13:
      return bytes;
    case 2:
      return bytes.toString();
    case 3:
      return bytes[0] === 1;
    case 7:
      return bytes.readBigInt64LE();
    case 12:
      return bytes.readBigUInt64LE();
    case 14:
      return bytes.readFloatLE();
    case 15:
      return bytes.readDoubleLE();
    default:
      return kind >= 9 ? bytes.readUIntLE(0, bytes.length) : bytes.readIntLE(0, bytes.length);
  }
}
