import { EncodeError, NIL_UUID, Reader, type WriteElement, Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import * as elements from '../../../src/protocol/elements.js';
import { written } from '../../support/golden.js';
import { thrownBy } from '../../support/thrown-by.js';

type Write = (writer: Writer, value: never) => void;

function hex(write: (writer: Writer) => void, options?: { defaults: boolean }): string {
  const writer = new Writer(options);
  write(writer);
  return written(writer).toString('hex');
}

function rejection(write: (writer: Writer) => void, options?: { defaults: boolean }): unknown {
  return thrownBy(() => hex(write, options));
}

const scalars: readonly {
  readonly type: string;
  readonly write: Write;
  /** Values with their bytes. */
  readonly good: readonly (readonly [value: unknown, bytes: string])[];
  /** Values out of range. Those of the wrong type are all the others. */
  readonly bad: readonly unknown[];
  readonly fallback: string;
}[] = [
  {
    type: 'int8',
    write: (writer, value) => writer.int8(value),
    good: [
      [0, '00'],
      [-0, '00'],
      [127, '7f'],
      [-128, '80'],
    ],
    bad: [128, -129, 1.5, NaN, Infinity, 2 ** 32],
    fallback: '00',
  },
  {
    type: 'bool',
    write: (writer, value) => writer.bool(value),
    good: [
      [true, '01'],
      [false, '00'],
    ],
    bad: [0, 1],
    fallback: '00',
  },
  {
    type: 'int16',
    write: (writer, value) => writer.int16(value),
    good: [
      [0x102, '0102'],
      [32767, '7fff'],
      [-32768, '8000'],
    ],
    bad: [32768, -32769, 0.5, NaN, -Infinity, 2 ** 32],
    fallback: '0000',
  },
  {
    type: 'uint16',
    write: (writer, value) => writer.uint16(value),
    good: [
      [0, '0000'],
      [65535, 'ffff'],
    ],
    bad: [65536, -1, 1.5, NaN, 2 ** 32],
    fallback: '0000',
  },
  {
    type: 'int32',
    write: (writer, value) => writer.int32(value),
    good: [
      [0x1020304, '01020304'],
      [2147483647, '7fffffff'],
      [-2147483648, '80000000'],
    ],
    bad: [2147483648, -2147483649, 0.1, NaN, Infinity, 2 ** 32],
    fallback: '00000000',
  },
  {
    type: 'int64',
    write: (writer, value) => writer.int64(value),
    good: [
      [0x102030405060708n, '0102030405060708'],
      [-1n, 'ffffffffffffffff'],
      [2n ** 63n - 1n, '7fffffffffffffff'],
      [-(2n ** 63n), '8000000000000000'],
    ],
    bad: [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n, 0],
    fallback: '0000000000000000',
  },
  {
    type: 'float64',
    write: (writer, value) => writer.float64(value),
    good: [
      [1.5, '3ff8000000000000'],
      [-0, '8000000000000000'],
      [-Infinity, 'fff0000000000000'],
    ],
    bad: [],
    fallback: '0000000000000000',
  },
  {
    type: 'uuid',
    write: (writer, value) => writer.uuid(value),
    good: [
      [NIL_UUID, '00'.repeat(16)],
      ['00112233-4455-6677-8899-aabbccddeeff', '00112233445566778899aabbccddeeff'],
      ['00112233-4455-6677-8899-AABBCCDDEEFF', '00112233445566778899aabbccddeeff'],
    ],
    bad: ['', '00112233445566778899aabbccddeeff', 'not a uuid', `${NIL_UUID}0`],
    fallback: '00'.repeat(16),
  },
];

const WRONG: readonly unknown[] = [null, '5', 5n, true, {}, [1], Symbol('5'), new Date(0), () => 5];

describe.each(scalars)('$type', ({ type, write, good, bad, fallback }) => {
  it.each(good)('%s is written', (value, bytes) => {
    expect(hex((writer) => write(writer, value as never))).toBe(bytes);
  });

  it('is refused out of range, and nothing is cut to fit', () => {
    for (const value of bad) {
      expect(
        rejection((writer) => write(writer, value as never)),
        String(value),
      ).toBeInstanceOf(EncodeError);
    }
  });

  it('is refused where it has another type', () => {
    const own = new Set(good.map(([value]) => typeof value));
    for (const value of WRONG.filter((each) => !own.has(typeof each) || type === 'uuid')) {
      const error = rejection((writer) => write(writer, value as never));
      expect(error, String(value)).toBeInstanceOf(EncodeError);
      expect(error).toHaveProperty('code', 'INVALID_VALUE');
    }
  });

  it('is required, unless defaults were asked for', () => {
    const error = rejection((writer) => write(writer, undefined as never));
    expect(error).toBeInstanceOf(EncodeError);
    expect((error as EncodeError).detail).toMatch(/^is required: an? /);
    expect(hex((writer) => write(writer, undefined as never), { defaults: true })).toBe(fallback);
    expect(rejection((writer) => write(writer, null as never), { defaults: true })).toBeInstanceOf(EncodeError);
  });
});

describe('unsigned varint', () => {
  it.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [16383, 'ff7f'],
    [16384, '808001'],
    [2097151, 'ffff7f'],
    [2097152, '80808001'],
    [268435456, '8080808001'],
    [4294967295, 'ffffffff0f'],
  ])('%d takes no byte more than it needs', (value, bytes) => {
    expect(hex((writer) => writer.uvarint(value))).toBe(bytes);
  });
});

describe('strings', () => {
  // Around the lengths at which the compact length grows, and where the way of writing changes.
  const lengths = [0, 1, 39, 40, 41, 62, 63, 64, 126, 127, 128, 129, 16382, 16383, 16384, 32766, 32767];
  const kinds: readonly [kind: string, make: (bytes: number) => string][] = [
    ['ASCII', (bytes) => 'a'.repeat(bytes)],
    ['two bytes a character', (bytes) => 'é'.repeat(bytes >> 1) + 'x'.repeat(bytes & 1)],
    ['not ASCII at the end only', (bytes) => (bytes < 2 ? 'x'.repeat(bytes) : `${'x'.repeat(bytes - 2)}é`)],
    ['four bytes a character', (bytes) => 'x'.repeat(bytes & 3) + '😀'.repeat(bytes >> 2)],
  ];

  it.each(kinds)('of %s come back at every length', (_kind, make) => {
    for (const bytes of lengths) {
      const text = make(bytes);
      expect(Buffer.byteLength(text)).toBe(bytes);
      for (const flexible of [false, true]) {
        const writer = new Writer();
        writer.string(text, flexible);
        writer.int8(0x2a);
        const reader = new Reader(written(writer));
        expect(flexible ? reader.uvarint() : reader.int16()).toBe(flexible ? bytes + 1 : bytes);
        const start = reader.position;
        const length = flexible ? (bytes < 127 ? 1 : bytes < 16383 ? 2 : 3) : 2;
        expect(start).toBe(length);
        writer.string(text, flexible);
        const again = new Reader(written(writer));
        expect(again.string(flexible)).toBe(text);
        again.expectEnd();
        expect(reader.remaining).toBe(bytes + 1);
      }
    }
  });

  it.each(kinds)('of %s are refused beyond 32767 bytes, in either form', (_kind, make) => {
    for (const bytes of [32768, 40000]) {
      for (const flexible of [false, true]) {
        const error = rejection((writer) => writer.string(make(bytes), flexible));
        expect(error).toMatchObject({ name: 'EncodeError', code: 'INVALID_VALUE' });
        expect((error as EncodeError).message).toMatch(/^".+…" is not a string of at most 32767 bytes$/);
      }
    }
  });

  it('of 128 zeros and ones of the length bytes are what Kafka writes', () => {
    expect(hex((writer) => writer.string('a'.repeat(126), true)).slice(0, 4)).toBe('7f61');
    expect(hex((writer) => writer.string('a'.repeat(127), true)).slice(0, 6)).toBe('800161');
    expect(hex((writer) => writer.string('a'.repeat(128), true)).slice(0, 6)).toBe('810161');
    expect(hex((writer) => writer.string('a'.repeat(128), false)).slice(0, 6)).toBe('008061');
  });

  it('write U+FFFD for half a surrogate pair, as UTF-8 has no form for it', () => {
    expect(hex((writer) => writer.string('a\ud83d', false))).toBe('000461efbfbd');
    expect(hex((writer) => writer.string(`${'a'.repeat(50)}\ude00`, true)).slice(-6)).toBe('efbfbd');
  });

  it('are null with a length of -1, or 0 in compact form', () => {
    expect(hex((writer) => writer.nullableString(null, false))).toBe('ffff');
    expect(hex((writer) => writer.nullableString(null, true))).toBe('00');
    expect(hex((writer) => writer.nullableString('a', false))).toBe('000161');
    expect(rejection((writer) => writer.string(null as never, false))).toBeInstanceOf(EncodeError);
    expect(rejection((writer) => writer.nullableString(undefined as never, true))).toBeInstanceOf(EncodeError);
  });

  it('are refused where they have another type, and empty where defaults were asked for', () => {
    for (const value of [undefined, 5, 5n, {}, new String('a'), ['a'], Buffer.from('a')]) {
      expect(rejection((writer) => writer.string(value as never, false))).toBeInstanceOf(EncodeError);
    }
    expect(hex((writer) => writer.string(undefined as never, false), { defaults: true })).toBe('0000');
    expect(hex((writer) => writer.nullableString(undefined as never, true), { defaults: true })).toBe('01');
  });
});

describe('bytes', () => {
  it('have an int32 length, or a varint of one more in compact form', () => {
    expect(hex((writer) => writer.bytes(Buffer.of(1, 2), false))).toBe('000000020102');
    expect(hex((writer) => writer.bytes(Uint8Array.of(1, 2), true))).toBe('030102');
    expect(hex((writer) => writer.nullableBytes(new Uint8Array(0), true))).toBe('01');
  });

  it('are null with a length of -1, or 0 in compact form', () => {
    expect(hex((writer) => writer.nullableBytes(null, false))).toBe('ffffffff');
    expect(hex((writer) => writer.nullableBytes(null, true))).toBe('00');
    expect(rejection((writer) => writer.bytes(null as never, true))).toBeInstanceOf(EncodeError);
  });

  it('are refused where they have another type, and empty where defaults were asked for', () => {
    for (const value of [undefined, 'ab', [1, 2], new ArrayBuffer(2), new Uint16Array(2), {}]) {
      expect(rejection((writer) => writer.bytes(value as never, false))).toBeInstanceOf(EncodeError);
    }
    expect(hex((writer) => writer.bytes(undefined as never, false), { defaults: true })).toBe('00000000');
    expect(hex((writer) => writer.nullableBytes(undefined as never, true), { defaults: true })).toBe('01');
  });
});

describe('arrays', () => {
  const list = <T>(value: readonly T[], write: WriteElement<T>, flexible = false): string =>
    hex((writer) => writer.array(value, write, 0, flexible));

  it('of every primitive type are written element by element', () => {
    expect(list([127, -128], elements.writeInt8)).toBe('000000027f80');
    expect(list([true, false], elements.writeBool)).toBe('000000020100');
    expect(list([1, -32768], elements.writeInt16)).toBe('0000000200018000');
    expect(list([32768], elements.writeUint16)).toBe('000000018000');
    expect(list([-2147483648], elements.writeInt32)).toBe('0000000180000000');
    expect(list([1n], elements.writeInt64, true)).toBe('020000000000000001');
    expect(list([1], elements.writeFloat64, true)).toBe('023ff0000000000000');
    expect(list([NIL_UUID], elements.writeUuid, true)).toBe(`02${'00'.repeat(16)}`);
    expect(list(['a', ''], elements.writeString)).toBe('000000020001610000');
    expect(list(['a', ''], elements.writeCompactString, true)).toBe('03026101');
    expect(list([Buffer.of(9)], elements.writeBytes)).toBe('000000010000000109');
    expect(list([Buffer.of(9)], elements.writeCompactBytes, true)).toBe('020209');
  });

  it('are null with a count of -1, or 0 in compact form', () => {
    expect(hex((writer) => writer.nullableArray(null, elements.writeInt8, 0, false))).toBe('ffffffff');
    expect(hex((writer) => writer.nullableArray(null, elements.writeInt8, 0, true))).toBe('00');
    expect(hex((writer) => writer.nullableArray([], elements.writeInt8, 0, true))).toBe('01');
    expect(rejection((writer) => writer.array(null as never, elements.writeInt8, 0, true))).toBeInstanceOf(EncodeError);
  });

  it('are refused where they have another type, and empty where defaults were asked for', () => {
    for (const value of [undefined, 'ab', { length: 1 }, new Uint8Array(1), new Set([1])]) {
      const error = rejection((writer) => writer.array(value as never, elements.writeInt8, 0, false));
      expect(error).toBeInstanceOf(EncodeError);
    }
    const empty = hex((writer) => writer.array(undefined as never, elements.writeInt8, 0, false), { defaults: true });
    expect(empty).toBe('00000000');
  });

  it('hold no null and no hole, whatever they are of', () => {
    const struct: WriteElement<{ n: number }> = (writer, value) => writer.int8(value.n);
    // eslint-disable-next-line no-sparse-arrays
    for (const value of [[null], [undefined], [, { n: 1 }]]) {
      for (const defaults of [false, true]) {
        const error = rejection((writer) => writer.array(value as never, struct, 0, false), { defaults });
        expect(error).toBeInstanceOf(EncodeError);
      }
    }
  });

  it('hand their version to each element', () => {
    const versions: number[] = [];
    const note: WriteElement<number> = (_writer, _value, version) => versions.push(version);
    hex((writer) => writer.array([1, 2], note, 9, true));
    expect(versions).toEqual([9, 9]);
  });
});

describe('structs', () => {
  const write: WriteElement<{ n: number }> = (writer, value) => writer.int8(value.n);

  it('are there or null by a byte of 1 or -1 in front', () => {
    expect(hex((writer) => writer.struct({ n: 5 }, write, 0))).toBe('05');
    expect(hex((writer) => writer.nullableStruct({ n: 5 }, write, 0))).toBe('0105');
    expect(hex((writer) => writer.nullableStruct(null, write, 0))).toBe('ff');
  });

  it('are there or null by a varint of 1 or 0 in a tagged field', () => {
    expect(hex((writer) => writer.nullableTaggedStruct({ n: 5 }, write, 0))).toBe('0105');
    expect(hex((writer) => writer.nullableTaggedStruct(null, write, 0))).toBe('00');
  });

  it('are required, and hold nothing but defaults where those were asked for', () => {
    for (const value of [undefined, null]) {
      expect(rejection((writer) => writer.struct(value as never, write, 0))).toBeInstanceOf(EncodeError);
    }
    expect(rejection((writer) => writer.nullableStruct(undefined as never, write, 0))).toBeInstanceOf(EncodeError);
    expect(hex((writer) => writer.struct(undefined as never, write, 0), { defaults: true })).toBe('00');
  });
});

describe('what was wrong', () => {
  const detail = (value: unknown): string =>
    (rejection((writer) => writer.int8(value as never)) as EncodeError).message;

  it('is said with the value, short enough to read', () => {
    expect(detail(300)).toBe('300 is not an int8');
    expect(detail(true)).toBe('true is not an int8');
    expect(detail(null)).toBe('null is not an int8');
    expect(detail(5n)).toBe('5n is not an int8');
    expect(detail('a"b')).toBe('"a\\"b" is not an int8');
    expect(detail('x'.repeat(100))).toBe(`"${'x'.repeat(60)}…" is not an int8`);
    expect(detail({})).toBe('a value of type object is not an int8');
    expect(detail(undefined)).toBe('is required: an int8');
  });

  it('is said with its place in the value, once that is known', () => {
    const error = new EncodeError('UNSUPPORTED_FIELD', 'version 3 does not carry it', 'topics[0].name');
    expect(error.message).toBe('topics[0].name: version 3 does not carry it');
    expect(error).toMatchObject({ name: 'EncodeError', path: 'topics[0].name', detail: 'version 3 does not carry it' });
    expect(new EncodeError('INVALID_VALUE', 'wrong')).toMatchObject({ message: 'wrong', path: '' });
  });
});
