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

/** A frame around a body: its length in front. */
function framed(body: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + body.length);
  frame.writeInt32BE(body.length);
  frame.set(body, 4);
  return frame;
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

describe('frames', () => {
  const large = Buffer.alloc(5 * KIB, 0x4c);
  /** Bodies that meet the end of the writer's memory and the caller's pieces in every order. */
  const bodies: readonly [what: string, write: (writer: Writer) => void, body: Buffer][] = [
    ['nothing', () => undefined, Buffer.alloc(0)],
    ['a few bytes', (writer) => writer.int32(0x01020304), Buffer.of(1, 2, 3, 4)],
    ['more than the memory', (writer) => fill(writer, SLAB + 10), Buffer.alloc(SLAB + 10, 0x66)],
    [
      "a piece of the caller's",
      (writer) => writer.records(large, true),
      Buffer.concat([Buffer.from('8128', 'hex'), large]),
    ],
    [
      'growth before a piece',
      (writer) => {
        fill(writer, SLAB);
        writer.records([large, large], true);
      },
      Buffer.concat([Buffer.alloc(SLAB, 0x66), Buffer.from('8150', 'hex'), large, large]),
    ],
    [
      'growth after a piece',
      (writer) => {
        writer.records(large, true);
        fill(writer, SLAB);
        writer.int8(1);
      },
      Buffer.concat([Buffer.from('8128', 'hex'), large, Buffer.alloc(SLAB, 0x66), Buffer.of(1)]),
    ],
    [
      'growth twice between pieces',
      (writer) => {
        writer.records(large, true);
        fill(writer, 3 * SLAB);
        writer.records(large, true);
        fill(writer, 3 * SLAB);
      },
      Buffer.concat([
        ...[Buffer.from('8128', 'hex'), large, Buffer.alloc(3 * SLAB, 0x66)],
        ...[Buffer.from('8128', 'hex'), large, Buffer.alloc(3 * SLAB, 0x66)],
      ]),
    ],
  ];

  it.each(bodies)('have their length in front: %s', (_what, write, body) => {
    const writer = new Writer();
    writer.beginFrame();
    write(writer);
    expect(writer.endFrame()).toBe(4 + body.length);
    expect(written(writer).equals(framed(body))).toBe(true);
  });

  it.each(bodies)('come out of one take in order, after and before others: %s', (_what, write, body) => {
    const writer = new Writer();
    const expected: Buffer[] = [];
    const frame = (write: (writer: Writer) => void, body: Buffer): void => {
      writer.beginFrame();
      write(writer);
      writer.endFrame();
      expected.push(framed(body));
    };
    frame((inner) => inner.int16(0x1122), Buffer.of(0x11, 0x22));
    frame(write, body);
    for (const [, otherWrite, otherBody] of bodies) frame(otherWrite, otherBody);
    frame(write, body);
    expect(writer.length).toBe(Buffer.concat(expected).length);
    expect(written(writer).equals(Buffer.concat(expected))).toBe(true);
  });

  it.each(bodies)('given up leave nothing behind: %s', (_what, write) => {
    // From an empty writer, after a frame, near the end of the memory, and behind a piece.
    const starts: readonly ((writer: Writer) => void)[] = [
      () => undefined,
      (writer) => writer.int32(7),
      (writer) => fill(writer, SLAB - 2),
      (writer) => writer.records(large, false),
      (writer) => {
        writer.records(large, false);
        writer.int8(9);
      },
    ];
    for (const start of starts) {
      const writer = new Writer();
      const expected = new Writer();
      for (const each of [writer, expected]) start(each);
      for (let times = 0; times < 2; times++) {
        writer.beginFrame();
        write(writer);
        const section = writer.openTaggedFields();
        writer.openTaggedField(section, 0);
        writer.records({ chunks: [large], release: () => undefined }, true);
        writer.abandonFrame();
      }
      expect(writer.length).toBe(expected.length);
      expect(writer.takeReleases()).toBeNull();
      for (const each of [writer, expected]) {
        each.beginFrame();
        // No tagged field is open any more: this goes out as it is.
        each.records(large, false);
        each.endFrame();
      }
      const got = pieces(writer);
      expect(got.some((piece) => piece === large)).toBe(true);
      expect(Buffer.concat(got).equals(written(expected))).toBe(true);
    }
  });
});

describe('what was handed out', () => {
  it('is not touched until it is given back', () => {
    const writer = new Writer();
    const handed: { bytes: Uint8Array; copy: Buffer }[] = [];
    for (let round = 0; round < 200; round++) {
      fill(writer, 1 + ((round * 37) % 1500), round & 0x7f);
      const bytes = pieces(writer)[0]!;
      handed.push({ bytes, copy: Buffer.from(bytes) });
      writer.recycle(false);
    }
    expect(handed.filter(({ bytes, copy }) => !copy.equals(bytes))).toEqual([]);
  });

  it('is not touched when something that was taken later is given back', () => {
    const writer = new Writer();
    const handed: { bytes: Uint8Array; copy: Buffer }[] = [];
    for (let round = 0; round < 400; round++) {
      fill(writer, 1 + ((round * 131) % 3000), round & 0x7f);
      const bytes = pieces(writer)[0]!;
      const needed = round % 3 === 0;
      if (needed) handed.push({ bytes, copy: Buffer.from(bytes) });
      writer.recycle(!needed);
    }
    expect(handed).toHaveLength(134);
    expect(handed.filter(({ bytes, copy }) => !copy.equals(bytes))).toEqual([]);
  });

  it('is not touched by a frame that was given up after the memory had grown', () => {
    const writer = new Writer();
    writer.int32(0x01020304);
    const handed = pieces(writer)[0]!;
    writer.recycle(false);
    writer.beginFrame();
    fill(writer, 2 * SLAB);
    writer.abandonFrame();
    writer.recycle(true);
    fill(writer, 100);
    writer.take();
    expect(Buffer.from(handed).toString('hex')).toBe('01020304');
  });

  it('serves again once it was given back', () => {
    const writer = new Writer();
    writer.int32(1);
    const first = pieces(writer)[0]!;
    writer.recycle(true);
    writer.int32(2);
    const second = pieces(writer)[0]!;
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(first.byteOffset);
  });

  it('takes up no room in memory that came after it', () => {
    const writer = new Writer();
    fill(writer, SLAB / 2);
    writer.take();
    writer.recycle(false);
    // Too much for what is left, and little enough for memory of the same size.
    fill(writer, SLAB / 2 + 1);
    const grown = pieces(writer)[0]!;
    expect(grown.buffer.byteLength).toBeGreaterThanOrEqual(SLAB);
    writer.recycle(true);
    writer.int8(1);
    expect(pieces(writer)[0]!.byteOffset).toBe(0);
  });

  it('does not make the writer keep more than it began with', () => {
    const writer = new Writer();
    fill(writer, 10 * SLAB);
    expect(pieces(writer)[0]!.buffer.byteLength).toBeGreaterThan(SLAB);
    writer.recycle(true);
    writer.int8(1);
    expect(pieces(writer)[0]!.buffer.byteLength).toBe(SLAB);
  });

  it('leaves the rest of the memory in use while there is enough of it', () => {
    const writer = new Writer();
    writer.int32(1);
    const first = pieces(writer)[0]!;
    writer.recycle(false);
    writer.int32(2);
    const second = pieces(writer)[0]!;
    expect(second.buffer).toBe(first.buffer);
    fill(writer, SLAB - 1000);
    writer.take();
    writer.recycle(false);
    writer.int32(3);
    expect(pieces(writer)[0]!.buffer).not.toBe(first.buffer);
  });
});
