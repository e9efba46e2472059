import { DecodeError, EncodeError, NIL_UUID } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { decode, encode, expectBytes, hex, made, refusal } from '../../../support/made-api.js';

// Structs and tagged fields in made-up APIs: the bytes are written here by hand.

describe('a struct', () => {
  it('stands in line without anything in front, and ends with its tags', () => {
    const codec = made('0-1 flexible 1+', '  point Point\n    x int8\n    y int8 = 5\n  after int8');
    expectBytes(codec, 0, { point: { x: 1, y: 2 }, after: 9 }, '010209');
    expectBytes(codec, 1, { point: { x: 1, y: 2 }, after: 9 }, hex('01 02 00', '09', '00'));
    expect(encode(codec, 0, { point: { x: 1 }, after: 9 })).toBe('010509');
    expect(refusal(codec, 0, { point: null, after: 9 })).toBeInstanceOf(EncodeError);
    expect(refusal(codec, 0, { after: 9 })).toBeInstanceOf(EncodeError);
  });

  it('that may be null has a byte in front, in flexible versions as well', () => {
    const codec = made('0-2 flexible 2+', '  point Point null 1+\n    x int8\n  after int8');
    expectBytes(codec, 0, { point: { x: 1 }, after: 9 }, '0109');
    expectBytes(codec, 1, { point: { x: 1 }, after: 9 }, '010109');
    expectBytes(codec, 1, { point: null, after: 9 }, 'ff09');
    expectBytes(codec, 2, { point: { x: 1 }, after: 9 }, hex('01 01 00', '09', '00'));
    expectBytes(codec, 2, { point: null, after: 9 }, hex('ff', '09', '00'));
    expect(refusal(codec, 0, { point: null, after: 9 })).toMatchObject({ code: 'INVALID_VALUE' });
    expect(refusal(codec, 1, { after: 9 })).toBeInstanceOf(EncodeError);
  });

  it('that is null by default is so where it was left out, and where the version does not carry it', () => {
    const codec = made('0-1', '  point Point 1+ null 1+ = null\n    x int8');
    expectBytes(codec, 1, {}, 'ff', { point: null });
    expectBytes(codec, 0, {}, '', { point: null });
    expectBytes(codec, 0, { point: null }, '');
    expect(refusal(codec, 0, { point: { x: 0 } })).toMatchObject({ code: 'UNSUPPORTED_FIELD' });
  });

  it('that a version does not carry holds defaults down to the bottom, each time its own', () => {
    const codec = made(
      '0-1',
      '  outer Outer 1+\n    n int8 = 4\n    inner Inner\n      list []int8\n      text string = "x"\n      none Deep null = null\n        d int8',
    );
    const defaults = { outer: { n: 4, inner: { list: [], text: 'x', none: null } } };
    const [first, second] = [decode(codec, 0, ''), decode(codec, 0, '')] as (typeof defaults)[];
    expect(first).toStrictEqual(defaults);
    expect(first!.outer).not.toBe(second!.outer);
    expect(first!.outer.inner).not.toBe(second!.outer.inner);
    expect(first!.outer.inner.list).not.toBe(second!.outer.inner.list);
    expect(encode(codec, 0, defaults)).toBe('');
    expectBytes(codec, 1, {}, hex('04', '00000000', '0001 78', 'ff'), defaults);
    const deep = { outer: { n: 4, inner: { list: [], text: 'y', none: null } } };
    expect(refusal(codec, 0, deep)).toMatchObject({ code: 'UNSUPPORTED_FIELD' });
  });

  it('that several fields use is one struct, wherever it is declared', () => {
    const codec = made(
      '0-1 flexible 1+',
      '  first Shared\n  struct Shared\n    n int8\n    inner []Deep\n  list []Shared\n  struct Deep\n    d int8\n  last Deep',
    );
    const value = { first: { n: 1, inner: [{ d: 2 }] }, list: [{ n: 3, inner: [] }], last: { d: 4 } };
    expectBytes(codec, 0, value, hex('01 00000001 02', '00000001 03 00000000', '04'));
    expectBytes(codec, 1, value, hex('01 02 02 00 00', '02 03 01 00', '04 00', '00'));
  });

  it('may take no byte at all, and an array of them no more than the budget allows', () => {
    const codec = made('0', '  list []Empty\n  struct Empty');
    expectBytes(codec, 0, { list: [{}, {}] }, '00000002');
    expect(() => decode(codec, 0, '000f4241')).toThrow(DecodeError);
  });
});

describe('the least size of an element', () => {
  it('lets every count through that can be, and none that cannot', () => {
    const codec = made(
      '0-2 flexible 2+',
      '  list []Item\n    id uuid 1+\n    name string\n    point Point null\n      x int64\n    tail int16 0-1 ignorable\n    tagged int64 2+ tag 0',
    );
    // The smallest of any version: a byte each for a short name, for no point and for the tags, after the id; or in
    // version 0 a name of two bytes, no point, and the tail.
    expectBytes(codec, 0, { list: [{ name: '', point: null, tail: 0 }] }, hex('00000001', '0000 ff 0000'), {
      list: [{ id: NIL_UUID, name: '', point: null, tail: 0, tagged: 0n }],
    });
    expect(() => decode(codec, 0, hex('00000003', '0000 ff 0000', '0000 ff 0000'))).toThrow(DecodeError);
    expect(() => decode(codec, 0, hex('7fffffff', '00'.repeat(100)))).toThrow('an array of 2147483647 in 100 bytes');
  });
});

describe('a tagged field', () => {
  it('of every type has tag and size in front, and is left out at its default', () => {
    const cases: readonly [definition: string, value: unknown, bytes: string, fallback: unknown][] = [
      ['bool', true, '01 01', false],
      ['bool = true', false, '01 00', true],
      ['int8 = -1', 0, '01 00', -1],
      ['int16', -2, '02 fffe', 0],
      ['uint16', 65535, '02 ffff', 0],
      ['int32', 5, '04 00000005', 0],
      ['int64 = 9223372036854775807', 0n, '08 0000000000000000', 9223372036854775807n],
      ['float64 = 1.5', 0, '08 0000000000000000', 1.5],
      ['uuid', '11111111-1111-1111-1111-111111111111', `10 ${'11'.repeat(16)}`, NIL_UUID],
      [
        `uuid = ${'2'.repeat(8)}-2222-2222-2222-${'2'.repeat(12)}`,
        NIL_UUID,
        `10 ${'00'.repeat(16)}`,
        '22222222-2222-2222-2222-222222222222',
      ],
      ['string', 'ab', '03 03 6162', ''],
      ['string = "ab"', '', '01 01', 'ab'],
      ['string null = null', '', '01 01', null],
      ['string null', null, '01 00', ''],
      ['string null = "ab"', null, '01 00', 'ab'],
      ['bytes', Buffer.of(1), '02 02 01', Buffer.alloc(0)],
      ['bytes null = null', Buffer.alloc(0), '01 01', null],
      ['bytes null', null, '01 00', Buffer.alloc(0)],
      ['[]int32', [1], '05 02 00000001', []],
      ['[]string', ['a'], '03 02 02 61', []],
      ['[]int8 null = null', [], '01 01', null],
      ['[]int8 null', null, '01 00', []],
    ];
    for (const [definition, value, bytes, fallback] of cases) {
      const [type, ...rest] = definition.split(' ');
      const codec = made('0-1 flexible 1+', `  field ${[type, '1+', 'tag 3', ...rest].join(' ')}`);
      expectBytes(codec, 1, { field: value }, hex('01 03', bytes));
      expectBytes(codec, 1, { field: fallback }, '00');
      expectBytes(codec, 1, {}, '00', { field: fallback });
      expectBytes(codec, 0, { field: fallback }, '');
      expect(refusal(codec, 0, { field: value }), definition).toMatchObject({ code: 'UNSUPPORTED_FIELD' });
      const mayBeNull = rest.includes('null');
      if (!mayBeNull) expect(refusal(codec, 1, { field: null }), definition).toBeInstanceOf(EncodeError);
    }
  });

  it('that is a struct has no byte of presence, and is left out when it holds nothing but defaults, deep down', () => {
    const codec = made(
      '0-1 flexible 1+',
      '  point Point 1+ tag 0\n    x int32 = -1\n    names []string\n    inner Inner\n      id uuid\n      far int64 tag 1 1+ = 7'.replace(
        'tag 1 1+',
        '1+ tag 1',
      ),
    );
    const inner = { id: NIL_UUID, far: 7n };
    const fallback = { x: -1, names: [], inner };
    expectBytes(codec, 1, {}, '00', { point: fallback });
    expectBytes(codec, 1, { point: fallback }, '00');
    expectBytes(codec, 1, { point: { inner: {} } }, '00', { point: fallback });
    const zeros = '00'.repeat(16);
    expectBytes(codec, 1, { point: { ...fallback, x: 1 } }, hex('01 00 17', '00000001', '01', zeros, '00', '00'));
    expectBytes(
      codec,
      1,
      { point: { ...fallback, names: ['a'] } },
      hex('01 00 19', 'ffffffff', '02 02 61', zeros, '00', '00'),
    );
    expectBytes(
      codec,
      1,
      { point: { ...fallback, inner: { ...inner, far: 8n } } },
      hex('01 00 21', 'ffffffff', '01', zeros, '01 01 08 0000000000000008', '00'),
    );
    expect(refusal(codec, 1, { point: null })).toBeInstanceOf(EncodeError);
    expect(refusal(codec, 0, { point: { x: 1 } })).toMatchObject({ code: 'UNSUPPORTED_FIELD' });
    expect(encode(codec, 0, { point: fallback })).toBe('');
  });

  it('that is a struct that may be null says by a varint whether it is there', () => {
    const byDefault = made('0 flexible 0+', '  point Point null tag 0 = null\n    x int8');
    expectBytes(byDefault, 0, { point: { x: 0 } }, hex('01 00 03', '01 00 00'));
    expectBytes(byDefault, 0, { point: null }, '00');
    expectBytes(byDefault, 0, {}, '00', { point: null });
    const otherwise = made('0 flexible 0+', '  point Point null tag 0\n    x int8');
    expectBytes(otherwise, 0, { point: { x: 5 } }, hex('01 00 03', '01 05 00'));
    expectBytes(otherwise, 0, { point: null }, hex('01 00 01', '00'));
    expectBytes(otherwise, 0, {}, '00', { point: { x: 0 } });
  });

  it('stands in line in earlier versions where it was not tagged yet', () => {
    const codec = made(
      '0-4 flexible 2+',
      '  first int8\n  epoch int32 1+ tag 0 3+ = -1\n  text string null 0+ tag 1 4+\n  last int8',
    );
    const value = { first: 1, epoch: 5, text: 'a', last: 9 };
    expectBytes(codec, 1, value, hex('01', '00000005', '0001 61', '09'));
    expectBytes(codec, 2, value, hex('01', '00000005', '02 61', '09', '00'));
    expectBytes(codec, 3, value, hex('01', '02 61', '09', '01 00 04 00000005'));
    expectBytes(codec, 4, value, hex('01', '09', '02', '00 04 00000005', '01 02 02 61'));
    expectBytes(codec, 0, { ...value, epoch: -1 }, hex('01', '0001 61', '09'));
    expect(refusal(codec, 0, value)).toMatchObject({
      code: 'UNSUPPORTED_FIELD',
      message: 'version 0 does not carry epoch',
    });
    expectBytes(codec, 3, { ...value, epoch: -1, text: null }, hex('01', '00', '09', '00'));
    expectBytes(codec, 4, { ...value, epoch: -1, text: null }, hex('01', '09', '01', '01 01 00'));
    expectBytes(codec, 4, { first: 1, last: 9 }, hex('01', '09', '00'), { first: 1, epoch: -1, text: '', last: 9 });
  });

  it('stands by ascending tag, whatever the order of the definition', () => {
    const codec = made('0 flexible 0+', '  c int8 tag 200\n  a int8 tag 0\n  b int8 tag 7');
    expectBytes(codec, 0, { c: 3, a: 1, b: 2 }, hex('03', '00 01 01', '07 01 02', 'c801 01 03'));
    expect(decode(codec, 0, hex('03', '07 01 02', 'c801 01 03', '00 01 01'))).toStrictEqual({ c: 3, a: 1, b: 2 });
    expect(decode(codec, 0, hex('03', '00 01 01', '05 02 ffff', '07 01 02'))).toStrictEqual({ c: 0, a: 1, b: 2 });
  });

  it('that is ignorable is dropped in versions before it', () => {
    const codec = made('0-2 flexible 1+', '  n int8\n  extra []int8 2+ tag 0 ignorable');
    expectBytes(codec, 0, { n: 1, extra: [1] }, '01', { n: 1, extra: [] });
    expectBytes(codec, 1, { n: 1, extra: [1] }, hex('01 00'), { n: 1, extra: [] });
    expectBytes(codec, 2, { n: 1, extra: [1] }, hex('01', '01 00 02 02 01'));
  });

  it('stands within structs of arrays, each with a section of its own', () => {
    const codec = made('0 flexible 0+', '  list []Item\n    n int8\n    extra string tag 0');
    const value = {
      list: [
        { n: 1, extra: 'a' },
        { n: 2, extra: '' },
      ],
    };
    expectBytes(codec, 0, value, hex('03', '01 01 00 02 02 61', '02 00', '00'));
  });
});
