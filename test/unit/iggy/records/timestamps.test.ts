import { buildBatch } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { HeaderKind, type IggyMessageInit } from '../../../../adapters/iggy/sdk/client.js';
import { readMessage } from '../../../../adapters/iggy/records/from-message.js';
import { Unreadable } from '../../../../adapters/iggy/records/unreadable.js';
import { toMessages } from '../../../../adapters/iggy/records/to-messages.js';
import { type AnyHeader, polled } from '../../../support/iggy-messages.js';

const NOW = 1_700_000_000_000;
/** The longest span of one send, in whole ms. */
const SPAN = 4_294_967;
const APPENDED = 1_800_000_000_000;

const messagesAt = (...timestamps: number[]): IggyMessageInit[] =>
  toMessages(buildBatch(timestamps.map((timestamp) => ({ timestamp, value: Buffer.from('v') }))));

/** Origin in ms and kafka.ts of each message. */
const stamps = (messages: readonly IggyMessageInit[]): unknown[] =>
  messages.map(({ originTimestamp, headers }) => {
    const header = headers!.find(({ key }) => key.value === 'kafka.ts');
    return [Number(originTimestamp! / 1000n), ...(header ? [Number(header.value.value)] : [])];
  });

const readAt = (headers: readonly AnyHeader[], originTimestamp: bigint): unknown => {
  const version: AnyHeader = { key: { kind: 2, value: 'kafka.v' }, value: { kind: 1, value: Buffer.of(1) } };
  const [message] = polled([{ payload: Buffer.of(1), headers: [version, ...headers], originTimestamp }], 0, APPENDED);
  const read = readMessage(message!);
  return read instanceof Unreadable ? read : read.timestamp;
};

const stored = (value: AnyHeader['value']): AnyHeader => ({ key: { kind: 2, value: 'kafka.ts' }, value });

describe('timestamps of one send', () => {
  it('are origin timestamps within its span, from the earliest one on', () => {
    expect(stamps(messagesAt(NOW + 5, NOW, NOW + SPAN))).toEqual([[NOW + 5], [NOW], [NOW + SPAN]]);
    expect(stamps(messagesAt(NOW, NOW, NOW))).toEqual([[NOW], [NOW], [NOW]]);
  });

  it('are in kafka.ts as well where they lie outside of it, and the origin is the nearest within', () => {
    expect(stamps(messagesAt(NOW, NOW + SPAN + 1))).toEqual([[NOW], [NOW + SPAN, NOW + SPAN + 1]]);
    expect(stamps(messagesAt(NOW + 1e12, NOW))).toEqual([[NOW + SPAN, NOW + 1e12], [NOW]]);
  });

  it('that are 0 or missing do not begin it', () => {
    expect(stamps(messagesAt(-1, NOW, 0))).toEqual([[NOW, -1], [NOW], [NOW, 0]]);
    expect(stamps(messagesAt(-1, -1))).toEqual([[0], [0]]);
    expect(stamps(messagesAt(0, -1))).toEqual([[0, 0], [0]]);
    expect(stamps(messagesAt(0, 1))).toEqual([[1, 0], [1]]);
  });

  it('are in kafka.ts where they are later than the last date that the SDK can give', () => {
    const last = 8.64e15;
    expect(stamps(messagesAt(last))).toEqual([[last]]);
    expect(stamps(messagesAt(last + 1))).toEqual([[last + 1, last + 1]]);
    expect(stamps(messagesAt(last - 1, last + 2))).toEqual([[last - 1], [last, last + 2]]);
    expect(stamps(messagesAt(2 ** 53 - 1, 2 ** 53 - 2))).toEqual([
      [2 ** 53 - 2, 2 ** 53 - 1],
      [2 ** 53 - 2, 2 ** 53 - 2],
    ]);
  });

  it('never make a span that the SDK refuses', () => {
    const messages = messagesAt(-1, 0, 1, NOW, NOW + SPAN, NOW + SPAN + 1, 2 ** 53 - 1);
    const origins = messages.map(({ originTimestamp }) => Number(originTimestamp));
    expect(Math.max(...origins) - Math.min(...origins)).toBeLessThanOrEqual(2 ** 32 - 1);
  });
});

describe('the timestamp of a stored record', () => {
  it('is that of kafka.ts, if there is one', () => {
    expect(readAt([stored({ kind: HeaderKind.INT64, value: 0n })], 5_000n)).toBe(0);
    expect(readAt([stored({ kind: HeaderKind.INT64, value: -1n })], 5_000n)).toBe(-1);
    expect(readAt([stored({ kind: HeaderKind.INT64, value: 2n ** 53n - 1n })], 5_000n)).toBe(2 ** 53 - 1);
  });

  it('is 0 under the marker of the first builds of the Rust gateway', () => {
    expect(readAt([stored({ kind: HeaderKind.RAW, value: Buffer.from('epoch') })], 0n)).toBe(0);
    expect(readAt([stored({ kind: HeaderKind.STRING, value: 'epoch' })], 0n)).toBe(0);
  });

  it('is its origin, with none for 0', () => {
    expect(readAt([], 5_000n)).toBe(5);
    expect(readAt([], 0n)).toBe(-1);
  });

  it('is the time of the append where the origin is no date', () => {
    expect(readAt([], 8_640_000_000_000_001_000n)).toBe(APPENDED);
  });

  it.each([
    ['before 1970', { kind: HeaderKind.INT64, value: -2n }, 'kafka.ts is -2'],
    ['after what 53 bits hold', { kind: HeaderKind.INT64, value: 2n ** 53n }, 'kafka.ts is 9007199254740992'],
    ['a word', { kind: HeaderKind.RAW, value: Buffer.from('era') }, 'kafka.ts is 0x657261'],
    ['a number of another kind', { kind: 6, value: 17 }, 'kafka.ts is 17'],
  ])('cannot be %s', (_, value, detail) => {
    expect(readAt([stored(value)], 5_000n)).toEqual(new Unreadable('timestamp', detail));
  });
});
