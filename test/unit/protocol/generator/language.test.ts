import { DecodeError, EncodeError, NIL_UUID, Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { decode, encode, expectBytes, hex, made, refusal } from '../../../support/made-api.js';

// What Kafka's definition language can say, a piece at a time, in made-up APIs: the bytes are written here by hand.

describe('fields in line', () => {
  const everyType = [
    ...[
      '  flag bool = true',
      '  small int8 = -5',
      '  short int16 = 0x7f',
      '  port uint16 = 65535',
      '  count int32 = 3',
    ],
    ...[
      '  offset int64 = -9223372036854775808',
      '  ratio float64 = -0.5',
      `  id uuid = ${'1'.repeat(8)}-1111-1111-1111-${'1'.repeat(12)}`,
    ],
    ...['  name string = "any"', '  blob bytes null = null', '  batch records null = null'],
  ].join('\n');
  const defaults = {
    flag: true,
    small: -5,
    short: 127,
    port: 65535,
    count: 3,
    offset: -(2n ** 63n),
    ratio: -0.5,
    id: '11111111-1111-1111-1111-111111111111',
    name: 'any',
    blob: null,
    batch: null,
  };
  const fixed = hex('01 fb 007f ffff 00000003 8000000000000000 bfe0000000000000', '11'.repeat(16));

  it('of every primitive type hold their explicit default when they were left out', () => {
    const codec = made('0-1 flexible 1+', everyType);
    expectBytes(codec, 0, {}, hex(fixed, '0003 616e79', 'ffffffff', 'ffffffff'), defaults);
    expectBytes(codec, 1, {}, hex(fixed, '04 616e79', '00', '00', '00'), defaults);
  });

  it('of every primitive type hold the default of the type where defaults were asked for', () => {
    const types = [
      'bool',
      'int8',
      'int16',
      'uint16',
      'int32',
      'int64',
      'float64',
      'uuid',
      'string',
      'bytes',
      'records null',
    ];
    const codec = made('0', types.map((type, index) => `  field${String(index)} ${type}`).join('\n'));
    const bytes = hex('00'.repeat(1 + 1 + 2 + 2 + 4 + 8 + 8 + 16), '0000', '00000000', 'ffffffff');
    expect(encode(codec, 0, {}, new Writer({ defaults: true }))).toBe(bytes);
    const values = [false, 0, 0, 0, 0, 0n, 0, NIL_UUID, '', Buffer.alloc(0), null];
    expect(decode(codec, 0, bytes)).toStrictEqual(
      Object.fromEntries(values.map((value, index) => [`field${String(index)}`, value])),
    );
    expect(refusal(codec, 0, {})).toBeInstanceOf(EncodeError);
  });

  it('may be arrays of every primitive type', () => {
    const codec = made(
      '0-1 flexible 1+',
      ['bool', 'int8', 'int16', 'uint16', 'int32', 'int64', 'float64', 'uuid', 'string', 'bytes']
        .map((type) => `  ${type}s []${type}`)
        .join('\n'),
    );
    const value = {
      bools: [true],
      int8s: [-1, 1],
      int16s: [-2],
      uint16s: [65535],
      int32s: [5, 6],
      int64s: [7n],
      float64s: [1.5],
      uuids: [NIL_UUID],
      strings: ['a', 'bc'],
      bytess: [Buffer.of(1), Buffer.alloc(0)],
    };
    const old = ['00000001 01', '00000002 ff01', '00000001 fffe', '00000001 ffff', '00000002 00000005 00000006'];
    old.push('00000001 0000000000000007', '00000001 3ff8000000000000', `00000001 ${'00'.repeat(16)}`);
    old.push('00000002 0001 61 0002 6263', '00000002 00000001 01 00000000');
    expectBytes(codec, 0, value, hex(...old));
    const compact = ['02 01', '03 ff01', '02 fffe', '02 ffff', '03 00000005 00000006', '02 0000000000000007'];
    compact.push('02 3ff8000000000000', `02 ${'00'.repeat(16)}`, '03 02 61 03 6263', '03 02 01 01', '00');
    expectBytes(codec, 1, value, hex(...compact));
  });

  it('come and go with the versions, with holes as well', () => {
    const codec = made(
      '0-6',
      '  always int8\n  late int8 5+ = 9\n  early int8 0-2 = 8\n  middle int8 3-5 = 7\n  once int8 4 = 6\n  never int8 none = 5',
    );
    const value = { always: 1, late: 9, early: 8, middle: 7, once: 6, never: 5 };
    const carried = ['0108', '0108', '0108', '0107', '010706', '010907', '0109'];
    carried.forEach((bytes, version) => expectBytes(codec, version, value, bytes));
    const refused = { late: [0, 1, 2, 3, 4], early: [3, 4, 5, 6], middle: [0, 1, 2, 6], once: [0, 1, 2, 3, 5, 6] };
    for (const [name, versions] of Object.entries({ ...refused, never: [0, 1, 2, 3, 4, 5, 6] })) {
      for (let version = 0; version <= 6; version++) {
        const error = refusal(codec, version, { ...value, [name]: 0 });
        if (versions.includes(version)) expect(error).toMatchObject({ code: 'UNSUPPORTED_FIELD' });
        else expect(error).toBeUndefined();
      }
    }
  });

  it('are dropped where the version does not carry them, if they are ignorable', () => {
    const codec = made('0-1', '  must int8\n  may []string 1+ ignorable\n  can string 1+ ignorable = "x"');
    expectBytes(codec, 0, { must: 1, may: ['a'], can: 'y' }, '01', { must: 1, may: [], can: 'x' });
    expectBytes(codec, 1, { must: 1 }, hex('01 00000000 0001 78'), { must: 1, may: [], can: 'x' });
  });

  it('of every type are refused where the version does not carry them, unless they hold the default', () => {
    const types: readonly [type: string, other: unknown, fallback: unknown][] = [
      ['bool', true, false],
      ['int8', 1, 0],
      ['int64', 1n, 0n],
      ['float64', 0.5, 0],
      ['uuid', '11111111-1111-1111-1111-111111111111', NIL_UUID],
      ['string', 'a', ''],
      ['string null', null, ''],
      ['bytes', Buffer.of(1), Buffer.alloc(0)],
      ['bytes null', null, Buffer.alloc(0)],
      ['records null', Buffer.of(1), null],
      ['[]int8', [1], []],
      ['[]int8 null', null, []],
      ['Inner', { n: 1 }, { n: 0 }],
      ['Inner null', null, { n: 0 }],
    ];
    for (const [type, other, fallback] of types) {
      const [name, ...rest] = type.split(' ');
      const codec = made('0-1', `  field ${[name, '1+', ...rest].join(' ')}${name === 'Inner' ? '\n    n int8' : ''}`);
      expect(refusal(codec, 0, { field: other }), type).toMatchObject({ code: 'UNSUPPORTED_FIELD' });
      expect(refusal(codec, 0, { field: null }), type).toEqual(
        fallback === null ? undefined : expect.objectContaining({ code: 'UNSUPPORTED_FIELD' }),
      );
      expect(encode(codec, 0, { field: fallback }), type).toBe('');
      expect(encode(codec, 0, {}), type).toBe('');
      expect(decode(codec, 0, ''), type).toStrictEqual({ field: fallback });
    }
  });
});

describe('null', () => {
  it('is allowed in some versions only', () => {
    const codec = made('0-4 flexible 4+', '  text string null 1+\n  list []int8 null 2-3\n  blob bytes null 2');
    const full = { text: 'a', list: [1], blob: Buffer.of(2) };
    expectBytes(codec, 0, full, hex('0001 61', '00000001 01', '00000001 02'));
    expectBytes(codec, 4, full, hex('02 61', '02 01', '02 02', '00'));
    expectBytes(codec, 2, { text: null, list: null, blob: null }, hex('ffff', 'ffffffff', 'ffffffff'));
    expectBytes(codec, 4, { ...full, text: null }, hex('00', '02 01', '02 02', '00'));
    for (const [name, versions] of Object.entries({ text: [0], list: [0, 1, 4], blob: [0, 1, 3, 4] })) {
      for (let version = 0; version <= 4; version++) {
        const error = refusal(codec, version, { ...full, [name]: null });
        if (versions.includes(version)) expect(error).toMatchObject({ code: 'INVALID_VALUE' });
        else expect(error).toBeUndefined();
      }
    }
    expect(() => decode(codec, 0, hex('ffff', '00000000', '00000000'))).toThrow(DecodeError);
    expect(() => decode(codec, 4, hex('02 61', '00', '01', '00'))).toThrow(DecodeError);
    expect(() => decode(codec, 4, hex('02 61', '01', '00', '00'))).toThrow(DecodeError);
  });

  it('is allowed in none where the definition names later versions only', () => {
    const codec = made('0-1 flexible 1+', '  text string null 2+');
    expectBytes(codec, 1, { text: 'a' }, hex('02 61 00'));
    expect(refusal(codec, 1, { text: null })).toMatchObject({ code: 'INVALID_VALUE' });
    expect(() => decode(codec, 0, 'ffff')).toThrow(DecodeError);
  });

  it('is no value that was left out: where the default is another, it stays null', () => {
    const codec = made(
      '0-2 flexible 2+',
      '  text string 1+ null 1+\n  list []int8 1+ null 1+\n  blob bytes 1+ null 2+',
    );
    const nulls = { text: null, list: null, blob: null };
    expectBytes(codec, 1, { ...nulls, blob: Buffer.of() }, hex('ffff', 'ffffffff', '00000000'), {
      ...nulls,
      blob: Buffer.of(),
    });
    expectBytes(codec, 2, nulls, hex('00 00 00 00'));
    expect(encode(codec, 2, {})).toBe(hex('01 01 01 00'));
    expect(refusal(codec, 1, nulls)).toMatchObject({ code: 'INVALID_VALUE' });
  });

  it('as a default holds where a struct is there only with its versions', () => {
    const codec = made(
      '0-3 flexible 1+',
      '  nodes []Node 2+ tag 0\n    rack string null 2+ = null\n    racks []int8 null 2+ = null',
    );
    expectBytes(codec, 2, { nodes: [{ rack: null, racks: null }] }, hex('01 00 04', '02 00 00 00'));
    expect(encode(codec, 2, { nodes: [{}] })).toBe(hex('01 00 04', '02 00 00 00'));
    expectBytes(codec, 1, {}, '00', { nodes: [] });
  });

  it('is read as empty where the definition says so, and never written', () => {
    const codec = made('0-2 flexible 1+', '  list []int8 nullisempty\n  late []int8 2+ nullisempty');
    expect(decode(codec, 0, 'ffffffff')).toStrictEqual({ list: [], late: [] });
    expect(decode(codec, 2, '000000')).toStrictEqual({ list: [], late: [] });
    expect(refusal(codec, 0, { list: null })).toMatchObject({ code: 'INVALID_VALUE' });
  });
});

describe('flexible versions', () => {
  it('of a field by itself keep it in the old form, in line and in an array', () => {
    const codec = made(
      '0-2 flexible 1+',
      '  old string flexible none\n  blob bytes null flexible none\n  later string flexible 2+\n  new string\n  list []Inner\n    name string flexible none',
    );
    const value = { old: 'a', blob: Buffer.of(7), later: 'l', new: 'b', list: [{ name: 'c' }] };
    expectBytes(codec, 0, value, hex('0001 61', '00000001 07', '0001 6c', '0001 62', '00000001 0001 63'));
    expectBytes(codec, 1, value, hex('0001 61', '00000001 07', '0001 6c', '02 62', '02 0001 63 00', '00'));
    expectBytes(codec, 2, value, hex('0001 61', '00000001 07', '02 6c', '02 62', '02 0001 63 00', '00'));
    expectBytes(
      codec,
      2,
      { ...value, blob: null },
      hex('0001 61', 'ffffffff', '02 6c', '02 62', '02 0001 63 00', '00'),
    );
  });

  it('may be none of them', () => {
    const codec = made('0-1', '  name string\n  list []Inner\n    n int8');
    expectBytes(codec, 1, { name: 'a', list: [{ n: 1 }] }, hex('0001 61', '00000001 01'));
    expect(codec.flexibleFrom).toBe(-1);
  });

  it('may be all of them', () => {
    const codec = made('0-1 flexible 0+', '  name string\n  names []string\n  list []Inner\n    n int8');
    expectBytes(codec, 0, { name: 'a', names: ['b'], list: [{ n: 1 }] }, hex('02 61', '02 02 62', '02 01 00', '00'));
    expect(codec.flexibleFrom).toBe(0);
  });

  it('end every struct with a section of tags, also an empty one', () => {
    const codec = made('0-1 flexible 1+', '');
    expectBytes(codec, 0, {}, '');
    expectBytes(codec, 1, {}, '00');
    expect(decode(codec, 1, hex('01 05 02 ffff'))).toStrictEqual({});
  });
});

describe('an API', () => {
  it('says its key, name and versions, an unstable one among them', () => {
    expect(made('2-7 flexible 5+ unstable 7', '  n int8')).toMatchObject({
      key: 900,
      name: 'Made',
      versions: { min: 2, max: 7 },
      flexibleFrom: 5,
    });
  });
});
