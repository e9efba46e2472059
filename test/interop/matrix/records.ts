import type { WireRecord } from './driver-protocol.js';

const base64 = (text: string | null): string | null => (text === null ? null : Buffer.from(text).toString('base64'));

/** An hour ago, so that what a client stamps by itself is told apart. */
const START = Date.now() - 3_600_000;

interface Text {
  readonly key?: string | null;
  readonly value: string | null;
  readonly headers?: readonly (readonly [name: string, value: string | null])[];
}

/** Records in words: each is 1 s after the one before. */
export function recordsOf(texts: readonly Text[], first = 0): WireRecord[] {
  return texts.map(({ key = null, value, headers = [] }, index) => ({
    key: base64(key),
    value: base64(value),
    headers: headers.map(([name, header]) => [name, base64(header)] as const),
    timestamp: START + (first + index) * 1000,
  }));
}

/** Records with a key and a value that compresses. */
export function plain(count: number, first = 0): WireRecord[] {
  const texts = Array.from({ length: count }, (_, index) => {
    const number = first + index;
    return { key: `key-${number % 10}`, value: `value-${number} ${'lorem ipsum '.repeat(8)}` };
  });
  return recordsOf(texts, first);
}

export const keysAndHeaders: readonly Text[] = [
  { key: 'one', value: 'a' },
  { key: null, value: 'no key' },
  { key: 'größe', value: 'ünïcode 鍵' },
  { key: 'h', value: 'one header', headers: [['trace', 'abc']] },
  {
    key: 'h',
    value: 'three headers',
    headers: [
      ['first', '1'],
      ['second', 'zwei ü'],
      ['third', '3'],
    ],
  },
];

export const repeatedHeaders: readonly Text[] = [
  {
    key: 'h',
    value: 'repeated names',
    headers: [
      ['hop', '1'],
      ['hop', '2'],
      ['hop', '3'],
      ['via', 'x'],
    ],
  },
];

export const nulls: readonly Text[] = [
  { key: 'gone', value: null },
  { key: 'gone', value: null, headers: [['why', 'expired']] },
];

export const nullHeaders: readonly Text[] = [{ key: 'k', value: 'v', headers: [['none', null]] }];

export const empties: readonly Text[] = [
  { key: 'k', value: '' },
  { key: '', value: 'v' },
  { key: 'h', value: 'v', headers: [['empty', '']] },
];

/** One record of 10 MiB in a batch of its own, of bytes or of letters: neither compresses to half. */
export function large(textual = false): WireRecord {
  const value = Buffer.alloc(10 * 1024 * 1024);
  let state = 1;
  for (let at = 0; at < value.length; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    value.writeUInt32LE(textual ? (state & 0x0f0f0f0f) + 0x61616161 : state, at);
  }
  return { key: base64('large'), value: value.toString('base64'), headers: [], timestamp: START };
}
