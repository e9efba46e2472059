import { NIL_UUID } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, decodeUuid, encodeUuid } from '../../../src/protocol/strings.js';

function decode(bytes: Buffer): string {
  const around = Buffer.concat([Buffer.from('é'), bytes, Buffer.from('é')]);
  return decodeUtf8(around, 2, 2 + bytes.length);
}

describe('UTF-8', () => {
  it.each([
    ['nothing', ''],
    ['ASCII', 'topic-1'],
    ['two bytes', 'é'],
    ['three bytes', '漢字'],
    ['four bytes', '😀'],
    ['a byte order mark', '\uFEFFabc'],
    ['U+0000', 'a\0b'],
    ['as long as the cache takes', 'x'.repeat(48)],
    ['longer than the cache takes', 'x'.repeat(49)],
    ['longer than the cache takes, not ASCII', '漢'.repeat(100)],
  ])('%s comes back, the first time and the second', (_what, text) => {
    expect(decode(Buffer.from(text))).toBe(text);
    expect(decode(Buffer.from(text))).toBe(text);
  });

  it.each([
    ['a lone continuation byte', '80', '\uFFFD'],
    ['a sequence cut short', '61f09f98', 'a\uFFFD'],
    ['an overlong form', 'c080', '\uFFFD\uFFFD'],
    ['a surrogate', 'eda080', '\uFFFD\uFFFD\uFFFD'],
    ['beyond U+10FFFF', 'f4908080', '\uFFFD\uFFFD\uFFFD\uFFFD'],
    ['no UTF-8 at all', 'fffe', '\uFFFD\uFFFD'],
  ])('%s becomes U+FFFD, the first time and the second', (_what, hex, text) => {
    expect(decode(Buffer.from(hex, 'hex'))).toBe(text);
    expect(decode(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it('tells strings apart that fall into one slot of the cache', () => {
    // Far more strings than slots, gone through twice: every slot is fought over.
    const texts = Array.from({ length: 20_000 }, (_, index) => `topic-${String(index)}`);
    const bytes = texts.map((text) => Buffer.from(text));
    for (let round = 0; round < 2; round++) {
      const wrong = texts.filter((text, index) => decode(bytes[index]!) !== text);
      expect(wrong).toEqual([]);
    }
  });

  it('tells strings apart that differ in any one byte', () => {
    const base = Buffer.from('consumer-group-of-the-billing-service-0001');
    for (let length = 1; length <= base.length; length++) {
      const text = base.toString('latin1', 0, length);
      for (let at = 0; at < length; at++) {
        const other = Buffer.from(text);
        other[at] = other[at]! ^ 1;
        expect([decode(Buffer.from(text)), decode(other)]).toEqual([text, other.toString()]);
      }
    }
  });

  it('does not take bytes for a cached string that has the same character codes', () => {
    // U+00E9 and U+0065 U+0301 look alike; the byte e9 by itself is neither.
    for (const [text, hex] of [
      ['é', 'c3a9'],
      ['\uFFFD', 'e9'],
      ['e\u0301', '65cc81'],
      ['\uFFFDx', 'e978'],
      ['éx', 'c3a978'],
    ] as const) {
      for (let round = 0; round < 3; round++) expect(decode(Buffer.from(hex, 'hex'))).toBe(text);
    }
  });

  it('keeps nothing of the bytes that a string was made from', () => {
    const bytes = Buffer.from('client-7');
    const text = decodeUtf8(bytes, 0, bytes.length);
    bytes.fill(0x7a);
    expect(text).toBe('client-7');
    expect(decodeUtf8(Buffer.from('client-7'), 0, 8)).toBe('client-7');
    expect(decodeUtf8(bytes, 0, 8)).toBe('zzzzzzzz');
  });
});

describe('uuids', () => {
  it('are sixteen bytes, read as lower-case dashed text', () => {
    const bytes = Buffer.from('ff00112233445566778899aabbccddeeffff', 'hex');
    expect(decodeUuid(bytes, 1)).toBe('00112233-4455-6677-8899-aabbccddeeff');
    expect(decodeUuid(Buffer.alloc(16), 0)).toBe(NIL_UUID);
  });

  it('are written where they belong, in upper case as well', () => {
    const bytes = Buffer.alloc(18, 0xff);
    expect(encodeUuid('00112233-4455-6677-8899-AABBCCDDEEFF', bytes, 1)).toBe(true);
    expect(bytes.toString('hex')).toBe('ff00112233445566778899aabbccddeeffff');
  });

  it.each([
    '',
    '00112233445566778899aabbccddeeff',
    '00112233-4455-6677-8899-aabbccddeef',
    '00112233-4455-6677-8899-aabbccddeefff',
    '00112233-4455-6677-8899-aabbccddeefg',
    '{00112233-4455-6677-8899-aabbccddeeff}',
    ' 00112233-4455-6677-8899-aabbccddeeff',
    'ABEiM0RVZneImaq7zN3u_w',
    '00112233_4455-6677-8899-aabbccddeeff',
    '00112233-4455-6677-8899-aabbccddeeéf',
    '00112233-4455-6677-8899-aabbccddee漢f',
  ])('are nothing else: "%s"', (text) => {
    expect(encodeUuid(text, Buffer.alloc(16), 0)).toBe(false);
  });
});
