import { EncodeError, type RecordChunks, Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it, type Mock, vi } from 'vitest';
import { written } from '../../support/golden.js';

const KIB = 1024;

function owned(...chunks: Uint8Array[]): RecordChunks & { release: Mock<() => void> } {
  return { chunks, release: vi.fn<() => void>() };
}

function pieces(writer: Writer): Uint8Array[] {
  const taken = writer.take();
  return Array.isArray(taken) ? taken : [taken];
}

/** Whether two views show the same memory. */
function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length;
}

describe('records', () => {
  it('are written from one piece, from several, or from chunks with an owner', () => {
    for (const value of [
      Buffer.of(1, 2, 3),
      [Buffer.of(1), Uint8Array.of(2, 3)],
      [Buffer.alloc(0), Buffer.of(1, 2, 3)],
      owned(Buffer.of(1, 2), Buffer.of(3)),
    ]) {
      const writer = new Writer();
      writer.records(value, false);
      writer.records(value, true);
      expect(written(writer).toString('hex')).toBe('0000000301020304010203');
    }
  });

  it('are empty with nothing in them, which is not null', () => {
    const writer = new Writer();
    writer.records([], false);
    writer.records(Buffer.alloc(0), true);
    writer.records(owned(), true);
    writer.nullableRecords(null, false);
    writer.nullableRecords(null, true);
    writer.nullableRecords(Buffer.alloc(0), true);
    expect(written(writer).toString('hex')).toBe(['00000000', '01', '01', 'ffffffff', '00', '01'].join(''));
  });

  it.each([
    undefined,
    null,
    'ab',
    5,
    {},
    [1, 2],
    [null],
    ['ab'],
    [new Uint16Array(1)],
    { chunks: 'ab' },
    { chunks: Buffer.of(1) },
    { chunks: [undefined] },
  ])('are refused where they have another type: %j', (value) => {
    expect(() => new Writer().records(value as never, false)).toThrow(EncodeError);
  });

  it('are null where they were left out and defaults were asked for, and refused where null is not allowed', () => {
    const writer = new Writer({ defaults: true });
    writer.nullableRecords(undefined as never, false);
    expect(written(writer).toString('hex')).toBe('ffffffff');
    expect(() => writer.records(undefined as never, false)).toThrow(EncodeError);
    expect(() => new Writer().nullableRecords(undefined as never, false)).toThrow(EncodeError);
  });
});

describe('raw bytes', () => {
  it('stand as they are, without a length, and are copied whatever their size', () => {
    const large = Buffer.alloc(70 * KIB, 6);
    const writer = new Writer();
    writer.raw(Buffer.of(1, 2));
    writer.raw(large);
    writer.raw(Buffer.alloc(0));
    const taken = pieces(writer);
    expect(taken).toHaveLength(1);
    expect(Buffer.from(taken[0]!).equals(Buffer.concat([Buffer.of(1, 2), large]))).toBe(true);
  });
});

describe('memory of the caller', () => {
  it('goes out as it is from 4 KiB on, and is copied below', () => {
    const small = Buffer.alloc(4 * KIB - 1, 1);
    const large = Buffer.alloc(4 * KIB, 2);
    const writer = new Writer();
    writer.bytes(small, false);
    writer.bytes(large, false);
    writer.int8(7);
    const taken = pieces(writer);
    expect(taken.map(({ length }) => length)).toEqual([4 + 4 * KIB - 1 + 4, 4 * KIB, 1]);
    expect(taken.some((piece) => same(piece, small))).toBe(false);
    expect(same(taken[1], large)).toBe(true);
  });

  it('goes out as it is for each chunk of records by itself', () => {
    const chunks = [Buffer.alloc(5 * KIB, 1), Buffer.alloc(3, 2), new Uint8Array(8 * KIB).fill(3)];
    const writer = new Writer();
    writer.records(chunks, false);
    const taken = pieces(writer);
    expect(taken.map(({ length }) => length)).toEqual([4, 5 * KIB, 3, 8 * KIB]);
    expect(same(taken[1], chunks[0]!)).toBe(true);
    expect(same(taken[3], chunks[2]!)).toBe(true);
  });

  it('is copied within a tagged field, whose size stands in front of it', () => {
    const large = Buffer.alloc(70 * KIB, 5);
    const writer = new Writer();
    const section = writer.openTaggedFields();
    const field = writer.openTaggedField(section, 4);
    writer.bytes(large, true);
    writer.closeTaggedField(field);
    const taken = pieces(writer);
    expect(taken).toHaveLength(1);
    // One field, tag 4, its size as a varint, then the bytes with their own length.
    const length = Buffer.from([0x81, 0xb0, 0x04]);
    const size = Buffer.from([0x83, 0xb0, 0x04]);
    expect(Buffer.from(taken[0]!).equals(Buffer.concat([Buffer.of(1, 4), size, length, large]))).toBe(true);
  });

  it('goes out as it is again after a tagged field', () => {
    const large = Buffer.alloc(4 * KIB, 5);
    const writer = new Writer();
    const section = writer.openTaggedFields();
    writer.closeTaggedField(writer.openTaggedField(section, 0));
    writer.bytes(large, true);
    expect(same(pieces(writer).at(-1), large)).toBe(true);
  });
});

describe('the release of an owner', () => {
  it('is collected once for each time its records were written, and is not called by the writer', () => {
    const [first, second] = [owned(Buffer.alloc(5 * KIB)), owned(Buffer.of(1))];
    const writer = new Writer();
    writer.records(first, false);
    writer.nullableRecords(second, true);
    const releases = writer.takeReleases();
    expect(releases).toHaveLength(2);
    expect(writer.takeReleases()).toBeNull();
    expect(first.release).not.toHaveBeenCalled();
    for (const release of releases!) release();
    expect(first.release).toHaveBeenCalledOnce();
    expect(second.release).toHaveBeenCalledOnce();
  });

  it('is called on its owner', () => {
    class Owner implements RecordChunks {
      readonly chunks = [Buffer.of(1)];
      released = 0;
      release(): void {
        this.released++;
      }
    }
    const owner = new Owner();
    const writer = new Writer();
    writer.records(owner, false);
    for (const release of writer.takeReleases()!) release();
    expect(owner.released).toBe(1);
  });

  it('is not collected where the records were refused', () => {
    const writer = new Writer();
    const broken = owned(Buffer.of(1), 'no chunk' as never);
    expect(() => writer.records(broken, false)).toThrow(EncodeError);
    expect(writer.takeReleases()).toBeNull();
  });
});
