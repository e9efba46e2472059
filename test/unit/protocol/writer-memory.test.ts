import { Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { written } from '../../support/golden.js';

const KIB = 1024;
/** What a writer begins with. */
const SLAB = 64 * KIB;

function pieces(writer: Writer): Uint8Array[] {
  const taken = writer.take();
  return Array.isArray(taken) ? taken : [taken];
}

/** Writes so many bytes into the writer's own memory. */
function fill(writer: Writer, bytes: number, value = 0x66): void {
  for (let left = bytes; left > 0; left--) writer.int8(value);
}

describe('tagged fields', () => {
  it.each([0, 1, 126, 127, 128, 129, 16383, 16384, 16385, 70_000, 2_097_151, 2_097_152])(
    'of %d bytes have their size in front, and all of the bytes after it',
    (size) => {
      const writer = new Writer();
      writer.int8(0x11);
      const section = writer.openTaggedFields();
      const first = writer.openTaggedField(section, 2);
      fill(writer, size);
      writer.closeTaggedField(first);
      const second = writer.openTaggedField(section, 300);
      writer.int16(0x7788);
      writer.closeTaggedField(second);
      writer.int8(0x22);
      const expected = new Writer();
      expected.int8(0x11);
      for (const value of [2, 2, size]) expected.uvarint(value);
      fill(expected, size);
      for (const value of [300, 2]) expected.uvarint(value);
      expected.int16(0x7788);
      expected.int8(0x22);
      expect(written(writer).equals(written(expected))).toBe(true);
    },
  );

  it('may stand within each other', () => {
    const writer = new Writer();
    const outer = writer.openTaggedFields();
    const field = writer.openTaggedField(outer, 0);
    const inner = writer.openTaggedFields();
    const nested = writer.openTaggedField(inner, 1);
    fill(writer, 200, 0x33);
    writer.closeTaggedField(nested);
    writer.closeTaggedField(field);
    const expected = ['01', '00', 'cc01', '01', '01', 'c801', '33'.repeat(200)];
    expect(written(writer).toString('hex')).toBe(expected.join(''));
  });

  it('are whole wherever the memory of the writer ends', () => {
    for (let left = 0; left < 24; left++) {
      for (const before of [0, 1000]) {
        const writer = new Writer();
        fill(writer, before);
        writer.take();
        fill(writer, SLAB - before - left);
        const section = writer.openTaggedFields();
        const first = writer.openTaggedField(section, 3);
        writer.bool(true);
        writer.closeTaggedField(first);
        const second = writer.openTaggedField(section, 4);
        writer.int16(0x1234);
        writer.closeTaggedField(second);
        writer.int32(0x55667788);
        const tail = written(writer).subarray(SLAB - before - left);
        expect(tail.toString('hex'), `${String(left)} bytes left`).toBe(
          ['02', '030101', '04021234', '55667788'].join(''),
        );
      }
    }
  });
});

describe('a writer', () => {
  it('knows how much was written since the last take', () => {
    const writer = new Writer();
    expect(writer.length).toBe(0);
    writer.int32(1);
    expect(writer.length).toBe(4);
    writer.bytes(Buffer.alloc(5 * KIB), false);
    writer.int8(1);
    expect(writer.length).toBe(4 + 4 + 5 * KIB + 1);
    writer.take();
    expect(writer.length).toBe(0);
    fill(writer, 3 * SLAB);
    expect(writer.length).toBe(3 * SLAB);
  });

  it('hands over one piece where nothing of the caller lies between', () => {
    const writer = new Writer();
    writer.int8(5);
    expect(Array.isArray(writer.take())).toBe(false);
    expect(pieces(writer).map(({ length }) => length)).toEqual([0]);
  });

  it('keeps every byte when its memory grows in the middle', () => {
    for (const type of ['int8', 'int16', 'int32'] as const) {
      const writer = new Writer();
      const count = SLAB;
      for (let index = 0; index < count; index++) writer[type](index & 0x7f);
      const size = { int8: 1, int16: 2, int32: 4 }[type];
      const bytes = written(writer);
      expect(bytes.length).toBe(count * size);
      const wrong: number[] = [];
      for (let index = 0; index < count; index++) {
        if (bytes.readIntBE(index * size, size) !== (index & 0x7f)) wrong.push(index);
      }
      expect(wrong).toEqual([]);
    }
  });

  it('takes a string or a run of bytes that is larger than its memory', () => {
    const writer = new Writer();
    const text = 'é'.repeat(16_000);
    for (let index = 0; index < 4; index++) writer.string(text, true);
    expect(written(writer).length).toBe(4 * (3 + 32_000));
  });
});
