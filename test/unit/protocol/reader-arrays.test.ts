import { DecodeError, type DecodeErrorCode, isFlexible, Reader, type ReadElement } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import * as elements from '../../../src/protocol/elements.js';
import { fetchApi, metadataApi } from '../../../src/protocol/messages/index.js';
import { codecOf, decodeBody, type Golden, goldens } from '../../support/golden.js';

const readInt8: ReadElement<number> = (reader) => reader.int8();

function hex(text: string, maxElements?: number): Reader {
  const bytes = Buffer.from(text.replaceAll(' ', ''), 'hex');
  return new Reader(bytes, 0, bytes.length, maxElements);
}

function codeOf(run: () => unknown): DecodeErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof DecodeError) return error.code;
    throw error;
  }
  return undefined;
}

function golden(message: string, version: number, kind: string): Golden {
  return goldens.find((each) => each.message === message && each.version === version && each.kind === kind)!;
}

describe('arrays', () => {
  it('have an int32 count, or a varint of one more in compact form', () => {
    expect(hex('00000002 0102').array(readInt8, 0, false, 1)).toEqual([1, 2]);
    expect(hex('03 0102').array(readInt8, 0, true, 1)).toEqual([1, 2]);
    expect(hex('00000000').array(readInt8, 0, false, 1)).toEqual([]);
    expect(hex('01').array(readInt8, 0, true, 1)).toEqual([]);
  });

  it('are null with a count of -1, or 0 in compact form', () => {
    expect(hex('ffffffff').nullableArray(readInt8, 0, false, 1)).toBeNull();
    expect(hex('00').nullableArray(readInt8, 0, true, 1)).toBeNull();
    expect(codeOf(() => hex('ffffffff').array(readInt8, 0, false, 1))).toBe('UNEXPECTED_NULL');
    expect(codeOf(() => hex('00').array(readInt8, 0, true, 1))).toBe('UNEXPECTED_NULL');
  });

  it.each(['fffffffe', '80000000'])('have no other negative count: %s', (text) => {
    expect(codeOf(() => hex(text).nullableArray(readInt8, 0, false, 1))).toBe('INVALID_LENGTH');
  });

  it('refuse a count that cannot fit before an element is read', () => {
    let read = 0;
    const counting: ReadElement<number> = (reader) => {
      read++;
      return reader.int8();
    };
    expect(codeOf(() => hex('00000004 010203').array(counting, 0, false, 1))).toBe('TRUNCATED');
    expect(codeOf(() => hex('00000002 010203').array(counting, 0, false, 2))).toBe('TRUNCATED');
    expect(codeOf(() => hex('7fffffff 010203').array(counting, 0, false, 1))).toBe('TRUNCATED');
    expect(codeOf(() => hex('ffffffff0f 010203').array(counting, 0, true, 4))).toBe('TRUNCATED');
    expect(read).toBe(0);
  });

  it('hand their version to each element', () => {
    const versions: number[] = [];
    hex('03 0102').array(
      (reader, version) => {
        versions.push(version);
        return reader.int8();
      },
      7,
      true,
      1,
    );
    expect(versions).toEqual([7, 7]);
  });

  it('of every primitive type are read element by element', () => {
    const list = <T>(text: string, read: ReadElement<T>): T[] => hex(text).array(read, 0, false, 1);
    expect(list('00000002 7f80', elements.readInt8)).toEqual([127, -128]);
    expect(list('00000003 000102', elements.readBool)).toEqual([false, true, true]);
    expect(list('00000002 0001 8000', elements.readInt16)).toEqual([1, -32768]);
    expect(list('00000002 0001 8000', elements.readUint16)).toEqual([1, 32768]);
    expect(list('00000001 80000000', elements.readInt32)).toEqual([-2147483648]);
    expect(list('00000001 0000000000000001', elements.readInt64)).toEqual([1n]);
    expect(list('00000001 3ff0000000000000', elements.readFloat64)).toEqual([1]);
    expect(list(`00000001 ${'11'.repeat(16)}`, elements.readUuid)).toEqual(['11111111-1111-1111-1111-111111111111']);
    expect(list('00000002 0001 61 0000', elements.readString)).toEqual(['a', '']);
    expect(list('00000002 02 61 01', elements.readCompactString)).toEqual(['a', '']);
    expect(list('00000002 00000001 61 00000000', elements.readBytes)).toEqual([Buffer.of(0x61), Buffer.alloc(0)]);
    expect(list('00000002 02 61 01', elements.readCompactBytes)).toEqual([Buffer.of(0x61), Buffer.alloc(0)]);
  });
});

describe('the budget of elements', () => {
  it('holds over all arrays of a message, and not beyond', () => {
    const twice = (reader: Reader): unknown => [reader.array(readInt8, 0, true, 1), reader.array(readInt8, 0, true, 1)];
    expect(twice(hex('03 0102 02 03', 3))).toEqual([[1, 2], [3]]);
    expect(codeOf(() => twice(hex('03 0102 02 03', 2)))).toBe('TOO_MANY_ELEMENTS');
  });

  it('counts nested arrays with those that hold them', () => {
    const nested = (maxElements: number): unknown =>
      hex('03 02 01 02 02', maxElements).array((reader) => reader.array(readInt8, 0, true, 1), 0, true, 1);
    expect(nested(4)).toEqual([[1], [2]]);
    expect(codeOf(() => nested(3))).toBe('TOO_MANY_ELEMENTS');
  });

  it('is a million unless told otherwise', () => {
    const bytes = Buffer.alloc(5 + 1_000_001);
    bytes.writeInt32BE(1_000_000);
    expect(new Reader(bytes).array(readInt8, 0, false, 1)).toHaveLength(1_000_000);
    bytes.writeInt32BE(1_000_001);
    expect(codeOf(() => new Reader(bytes).array(readInt8, 0, false, 1))).toBe('TOO_MANY_ELEMENTS');
  });

  it('is counted in real messages', () => {
    const { bytes, version } = golden('MetadataRequest', 1, 'rich');
    expect(decodeBody(metadataApi, 'request', version, bytes, 2)).toHaveProperty('topics.length', 2);
    expect(codeOf(() => decodeBody(metadataApi, 'request', version, bytes, 1))).toBe('TOO_MANY_ELEMENTS');
  });
});

describe('null where there is none', () => {
  it('is read as empty in the forgotten topics of Fetch, in both forms', () => {
    for (const version of [7, 11, 12, 18]) {
      const { bytes } = golden('FetchRequest', version, 'minimal');
      const flexible = version >= 12;
      // The empty array, and after it the rack (from version 11) and the tagged fields, are the last bytes.
      const tail = (version >= 11 ? (flexible ? 1 : 2) : 0) + (flexible ? 1 : 0);
      const at = bytes.length - tail - (flexible ? 1 : 4);
      const withNull = Buffer.from(bytes);
      if (flexible) withNull[at] = 0;
      else withNull.writeInt32BE(-1, at);
      expect(decodeBody(fetchApi, 'request', version, withNull)).toStrictEqual(
        decodeBody(fetchApi, 'request', version, bytes),
      );
    }
  });

  it('is refused elsewhere, in both forms', () => {
    expect(codeOf(() => decodeBody(metadataApi, 'request', 0, Buffer.from('ffffffff', 'hex')))).toBe('UNEXPECTED_NULL');
    // No topics in a Fetch request, before and after compact lengths.
    const before = Buffer.from(golden('FetchRequest', 4, 'minimal').bytes);
    before.writeInt32BE(-1, before.length - 4);
    expect(codeOf(() => decodeBody(fetchApi, 'request', 4, before))).toBe('UNEXPECTED_NULL');
    const after = Buffer.from(golden('FetchRequest', 12, 'minimal').bytes);
    after[after.length - 4] = 0;
    expect(codeOf(() => decodeBody(fetchApi, 'request', 12, after))).toBe('UNEXPECTED_NULL');
  });
});

describe('a section of tagged fields', () => {
  const skip = (reader: Reader): void => reader.skipTaggedFields();

  it.each(['00', '01 00 00', '02 00 01 ff 05 02 0102', '01 ffffffff0f 00', '01 8000 8100 2a'])(
    'of unknown fields is skipped: %s',
    (text) => {
      const reader = hex(text);
      skip(reader);
      expect(reader.remaining).toBe(0);
    },
  );

  it('is bounded by the bytes that are there', () => {
    for (const text of ['', '01', '01 00', '01 00 01', '02 00 00', 'ffffffff0f', '01 00 ffffffff0f 00']) {
      expect(
        codeOf(() => skip(hex(text))),
        text,
      ).toBe('TRUNCATED');
    }
  });

  const minimal = goldens.filter(
    (each) => each.kind === 'minimal' && isFlexible(codecOf(each).flexibleFrom, each.version),
  );

  it.each(minimal)('$title: unknown fields at its end change nothing', (each) => {
    const { direction, version, bytes } = each;
    // A minimal message ends with an empty section: two fields that nobody knows take its place.
    const more = Buffer.concat([bytes.subarray(0, -1), Buffer.from('02e80700e9070361b2c3', 'hex')]);
    expect(decodeBody(codecOf(each), direction, version, more)).toStrictEqual(
      decodeBody(codecOf(each), direction, version, bytes),
    );
  });

  it('refuses a known field that does not take the bytes that it says', () => {
    const { bytes } = golden('FetchRequest', 12, 'minimal');
    const withCluster = (field: string): Buffer =>
      Buffer.concat([bytes.subarray(0, -1), Buffer.from(field.replaceAll(' ', ''), 'hex')]);
    const decode = (field: string): unknown => decodeBody(fetchApi, 'request', 12, withCluster(field));
    expect(decode('01 00 03 03 6162')).toHaveProperty('clusterId', 'ab');
    expect(codeOf(() => decode('01 00 02 03 6162'))).toBe('INVALID_LENGTH');
    expect(codeOf(() => decode('01 00 04 03 6162 00'))).toBe('INVALID_LENGTH');
    expect(codeOf(() => decode('01 00 05 03 6162 00'))).toBe('TRUNCATED');
    expect(codeOf(() => decode('01 00 00'))).toBe('TRUNCATED');
  });

  it('leaves a field alone that is known to later versions only', () => {
    const { bytes } = golden('FetchRequest', 12, 'minimal');
    // Tag 1 is the state of the replica, from version 15.
    const early = Buffer.concat([bytes.subarray(0, -1), Buffer.from('01010101', 'hex')]);
    expect(decodeBody(fetchApi, 'request', 12, early)).toHaveProperty('replicaState', {
      replicaId: -1,
      replicaEpoch: -1n,
    });
  });
});
