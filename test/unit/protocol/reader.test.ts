import { DecodeError, type DecodeErrorCode, NIL_UUID, Reader } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';

function hex(text: string): Reader {
  return new Reader(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

/** Reads from hex; everything must have been read. */
function read<T>(text: string, method: (reader: Reader) => T): T {
  const reader = hex(text);
  const value = method(reader);
  reader.expectEnd();
  return value;
}

function expectFailure(text: string, method: (reader: Reader) => unknown, code: DecodeErrorCode): void {
  const reader = hex(text);
  let error: unknown;
  try {
    method(reader);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(DecodeError);
  expect(error).toHaveProperty('code', code);
  expect(error).toHaveProperty('offset', reader.position);
}

describe('fixed-size types', () => {
  const cases: readonly [type: string, method: (reader: Reader) => unknown, text: string, value: unknown][] = [
    ['int8', (reader) => reader.int8(), '00', 0],
    ['int8', (reader) => reader.int8(), '7f', 127],
    ['int8', (reader) => reader.int8(), '80', -128],
    ['bool', (reader) => reader.bool(), '00', false],
    ['bool', (reader) => reader.bool(), '01', true],
    ['bool', (reader) => reader.bool(), '02', true],
    ['bool', (reader) => reader.bool(), 'ff', true],
    ['int16', (reader) => reader.int16(), '0102', 0x102],
    ['int16', (reader) => reader.int16(), '7fff', 32767],
    ['int16', (reader) => reader.int16(), '8000', -32768],
    ['uint16', (reader) => reader.uint16(), '8000', 32768],
    ['uint16', (reader) => reader.uint16(), 'ffff', 65535],
    ['int32', (reader) => reader.int32(), '01020304', 0x1020304],
    ['int32', (reader) => reader.int32(), '7fffffff', 2147483647],
    ['int32', (reader) => reader.int32(), '80000000', -2147483648],
    ['int64', (reader) => reader.int64(), '0102030405060708', 0x102030405060708n],
    ['int64', (reader) => reader.int64(), 'ffffffffffffffff', -1n],
    ['int64', (reader) => reader.int64(), '7fffffffffffffff', 9223372036854775807n],
    ['int64', (reader) => reader.int64(), '8000000000000000', -9223372036854775808n],
    ['float64', (reader) => reader.float64(), '3ff8000000000000', 1.5],
    ['float64', (reader) => reader.float64(), 'fff0000000000000', -Infinity],
    ['float64', (reader) => reader.float64(), '8000000000000000', -0],
    ['uuid', (reader) => reader.uuid(), '00'.repeat(16), NIL_UUID],
    ['uuid', (reader) => reader.uuid(), '00112233445566778899aabbccddeeff', '00112233-4455-6677-8899-aabbccddeeff'],
    ['uuid', (reader) => reader.uuid(), '00'.repeat(15) + '01', '00000000-0000-0000-0000-000000000001'],
  ];

  it.each(cases)('%s (%#)', (_type, method, text, value) => {
    expect(read(text, method)).toBe(value);
  });

  it.each(cases)('%s (%#) does not read beyond the end', (_type, method, text) => {
    for (let length = 0; length < text.length; length += 2) expectFailure(text.slice(0, length), method, 'TRUNCATED');
  });
});

describe('unsigned varint', () => {
  const uvarint = (reader: Reader): number => reader.uvarint();

  it.each([
    ['00', 0],
    ['7f', 127],
    ['8001', 128],
    ['ff7f', 16383],
    ['808001', 16384],
    ['80808001', 2097152],
    ['8080808001', 268435456],
    ['ffffffff07', 2147483647],
    ['ffffffff0f', 4294967295],
  ])('%s is %d', (text, value) => {
    expect(read(text, uvarint)).toBe(value);
  });

  it.each([
    ['8000', 0],
    ['8080808000', 0],
    ['ff80808000', 127],
    ['81808000', 1],
  ])('padded: %s is %d', (text, value) => {
    expect(read(text, uvarint)).toBe(value);
  });

  it.each(['8080808010', 'ffffffff1f', 'ffffffff8f00', '808080808000', 'ffffffffff', '808080808080808080'])(
    'wider than 5 bytes or 32 bits is refused: %s',
    (text) => {
      expectFailure(text, uvarint, 'INVALID_VARINT');
    },
  );

  it.each(['', '80', 'ffffffff'])('cut short is refused: "%s"', (text) => {
    expectFailure(text, uvarint, 'TRUNCATED');
  });
});

describe('strings', () => {
  it('have an int16 length, or a varint of one more in compact form', () => {
    expect(read('0003 616263', (reader) => reader.string(false))).toBe('abc');
    expect(read('04 616263', (reader) => reader.string(true))).toBe('abc');
    expect(read('0000', (reader) => reader.string(false))).toBe('');
    expect(read('01', (reader) => reader.string(true))).toBe('');
  });

  it('are null with a length of -1, or 0 in compact form', () => {
    expect(read('ffff', (reader) => reader.nullableString(false))).toBeNull();
    expect(read('00', (reader) => reader.nullableString(true))).toBeNull();
    expectFailure('ffff', (reader) => reader.string(false), 'UNEXPECTED_NULL');
    expectFailure('00', (reader) => reader.string(true), 'UNEXPECTED_NULL');
  });

  it('have no other negative length', () => {
    expectFailure('fffe 6161', (reader) => reader.nullableString(false), 'INVALID_LENGTH');
    expectFailure('8000', (reader) => reader.string(false), 'INVALID_LENGTH');
  });

  it('have no length beyond the bytes that are there', () => {
    expectFailure('0002 61', (reader) => reader.string(false), 'TRUNCATED');
    expectFailure('03 61', (reader) => reader.nullableString(true), 'TRUNCATED');
    expectFailure('7fff', (reader) => reader.string(false), 'TRUNCATED');
  });

  it('have at most 32767 bytes, also in compact form', () => {
    const longest = `808002${'61'.repeat(32767)}`;
    expect(read(longest, (reader) => reader.string(true))).toBe('a'.repeat(32767));
    expectFailure(`818002${'61'.repeat(32768)}`, (reader) => reader.string(true), 'INVALID_LENGTH');
    expectFailure('ffffffff0f', (reader) => reader.string(true), 'INVALID_LENGTH');
  });
});

describe('bytes', () => {
  it('have an int32 length, or a varint of one more in compact form', () => {
    expect(read('00000002 0102', (reader) => reader.bytes(false))).toEqual(Buffer.of(1, 2));
    expect(read('03 0102', (reader) => reader.bytes(true))).toEqual(Buffer.of(1, 2));
    expect(read('00000000', (reader) => reader.bytes(false))).toEqual(Buffer.alloc(0));
  });

  it('are null with a length of -1, or 0 in compact form', () => {
    expect(read('ffffffff', (reader) => reader.nullableBytes(false))).toBeNull();
    expect(read('00', (reader) => reader.nullableBytes(true))).toBeNull();
    expectFailure('ffffffff', (reader) => reader.bytes(false), 'UNEXPECTED_NULL');
    expectFailure('00', (reader) => reader.bytes(true), 'UNEXPECTED_NULL');
  });

  it('have no other negative length and none beyond the bytes that are there', () => {
    expectFailure('fffffffe', (reader) => reader.nullableBytes(false), 'INVALID_LENGTH');
    expectFailure('80000000', (reader) => reader.nullableBytes(false), 'INVALID_LENGTH');
    expectFailure('7fffffff 00', (reader) => reader.bytes(false), 'TRUNCATED');
    expectFailure('ffffffff0f 00', (reader) => reader.bytes(true), 'TRUNCATED');
  });

  it('are a view of the input, not a copy', () => {
    const input = Buffer.from('0000000401020304', 'hex');
    const bytes = new Reader(input).bytes(false);
    input[4] = 9;
    expect(bytes).toEqual(Buffer.of(9, 2, 3, 4));
  });
});

describe('structs that may be null', () => {
  it('are there after any byte that is not negative', () => {
    expect(['01', '00', '7f'].map((text) => read(text, (reader) => reader.present()))).toEqual([true, true, true]);
    expect(['ff', '80'].map((text) => read(text, (reader) => reader.present()))).toEqual([false, false]);
  });

  it('are there after any varint but 0 in a tagged field', () => {
    expect(['01', '05', '8001'].map((text) => read(text, (reader) => reader.presentInTag()))).toEqual([
      true,
      true,
      true,
    ]);
    expect(read('00', (reader) => reader.presentInTag())).toBe(false);
  });
});

describe('a reader', () => {
  it('reads its part of a buffer and nothing around it', () => {
    const reader = new Reader(Buffer.from('ffff0102ffff', 'hex'), 2, 4);
    expect(reader.position).toBe(2);
    expect(reader.remaining).toBe(2);
    expect(reader.int16()).toBe(0x102);
    expect(reader.remaining).toBe(0);
    expect(() => reader.int8()).toThrow(DecodeError);
  });

  it('starts over on other bytes, with another budget of elements', () => {
    const reader = new Reader(Buffer.alloc(8), 0, 8, 0);
    expect(() => reader.array((inner) => inner.int8(), 0, true, 1)).toThrow(DecodeError);
    reader.reset(Buffer.from('ff0201ff', 'hex'), 1, 3, 1);
    expect(reader.array((inner) => inner.int8(), 0, true, 1)).toEqual([1]);
    reader.expectEnd();
  });

  it('refuses bytes after the message, and says how many', () => {
    const reader = hex('0102');
    reader.int8();
    expect(() => reader.expectEnd()).toThrow('1 bytes after the message (at byte 1)');
    expectFailure('0102', (inner) => inner.expectEnd(), 'TRAILING_BYTES');
  });
});

describe('an error', () => {
  it('names the offset, and the message once that is known', () => {
    const error = new DecodeError('TRUNCATED', 7, '4 bytes wanted, 1 left');
    expect(error.message).toBe('4 bytes wanted, 1 left (at byte 7)');
    expect(error.in('FetchRequest v12')).toBe(error);
    expect(error.message).toBe('FetchRequest v12: 4 bytes wanted, 1 left (at byte 7)');
    expect(error.name).toBe('DecodeError');
  });
});
