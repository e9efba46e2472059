import type { RecordChunks, Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it, type Mock, vi } from 'vitest';
import { ResponseBuffer } from '../../../src/listener/response-buffer.js';

const KIB = 1024;
/** The size of a slab. */
const SLAB = 64 * KIB;

function owned(...chunks: Uint8Array[]): RecordChunks & { release: Mock<() => void> } {
  return { chunks, release: vi.fn<() => void>() };
}

function pieces(responses: ResponseBuffer): Uint8Array[] {
  const taken = responses.take();
  return Array.isArray(taken) ? taken : [taken];
}

function written(responses: ResponseBuffer): Buffer {
  return Buffer.concat(pieces(responses));
}

/** Writes so many bytes into the slab. */
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
    const responses = new ResponseBuffer();
    responses.beginFrame();
    write(responses.writer);
    expect(responses.endFrame()).toBe(4 + body.length);
    expect(written(responses).equals(framed(body))).toBe(true);
  });

  it.each(bodies)('come out of one take in order, after and before others: %s', (_what, write, body) => {
    const responses = new ResponseBuffer();
    const expected: Buffer[] = [];
    const frame = (write: (writer: Writer) => void, body: Buffer): void => {
      responses.beginFrame();
      write(responses.writer);
      responses.endFrame();
      expected.push(framed(body));
    };
    frame((inner) => inner.int16(0x1122), Buffer.of(0x11, 0x22));
    frame(write, body);
    for (const [, otherWrite, otherBody] of bodies) frame(otherWrite, otherBody);
    frame(write, body);
    expect(responses.length).toBe(Buffer.concat(expected).length);
    expect(written(responses).equals(Buffer.concat(expected))).toBe(true);
  });

  it.each(bodies)('given up leave nothing behind: %s', (_what, write) => {
    // From an empty buffer, after a frame, near the end of the memory, and behind a piece.
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
      const responses = new ResponseBuffer();
      const { writer } = responses;
      const expected = new ResponseBuffer();
      for (const each of [responses, expected]) start(each.writer);
      for (let times = 0; times < 2; times++) {
        responses.beginFrame();
        write(writer);
        const section = writer.openTaggedFields();
        writer.openTaggedField(section, 0);
        writer.records({ chunks: [large], release: () => undefined }, true);
        responses.abandonFrame();
      }
      expect(responses.length).toBe(expected.length);
      expect(responses.takeReleases()).toBeNull();
      for (const each of [responses, expected]) {
        each.beginFrame();
        // No tagged field is open any more: this goes out as it is.
        each.writer.records(large, false);
        each.endFrame();
      }
      const got = pieces(responses);
      expect(got.some((piece) => piece === large)).toBe(true);
      expect(Buffer.concat(got).equals(written(expected))).toBe(true);
    }
  });

  it('too long for their length are refused, and leave nothing behind', () => {
    // Memory that nobody touches is never there.
    const large = Buffer.allocUnsafeSlow(0x4000_0000);
    const responses = new ResponseBuffer();
    const { writer } = responses;
    responses.beginFrame();
    writer.records(large, false);
    writer.records(large, false);
    expect(() => responses.endFrame()).toThrow('a message of 2147483656 bytes');
    responses.abandonFrame();
    expect(responses.length).toBe(0);
  });
});

describe('what was handed out', () => {
  it('is not touched until it is given back', () => {
    const responses = new ResponseBuffer();
    const { writer } = responses;
    const handed: { bytes: Uint8Array; copy: Buffer }[] = [];
    for (let round = 0; round < 200; round++) {
      fill(writer, 1 + ((round * 37) % 1500), round & 0x7f);
      const bytes = pieces(responses)[0]!;
      handed.push({ bytes, copy: Buffer.from(bytes) });
      responses.recycle(false);
    }
    expect(handed.filter(({ bytes, copy }) => !copy.equals(bytes))).toEqual([]);
  });

  it('is not touched when something that was taken later is given back', () => {
    const responses = new ResponseBuffer();
    const { writer } = responses;
    const handed: { bytes: Uint8Array; copy: Buffer }[] = [];
    for (let round = 0; round < 400; round++) {
      fill(writer, 1 + ((round * 131) % 3000), round & 0x7f);
      const bytes = pieces(responses)[0]!;
      const needed = round % 3 === 0;
      if (needed) handed.push({ bytes, copy: Buffer.from(bytes) });
      responses.recycle(!needed);
    }
    expect(handed).toHaveLength(134);
    expect(handed.filter(({ bytes, copy }) => !copy.equals(bytes))).toEqual([]);
  });

  it('is not touched by a frame that was given up after the memory had grown', () => {
    const responses = new ResponseBuffer();
    const { writer } = responses;
    writer.int32(0x01020304);
    const handed = pieces(responses)[0]!;
    responses.recycle(false);
    responses.beginFrame();
    fill(writer, 2 * SLAB);
    responses.abandonFrame();
    responses.recycle(true);
    fill(writer, 100);
    responses.take();
    expect(Buffer.from(handed).toString('hex')).toBe('01020304');
  });

  it('serves again once it was given back', () => {
    const responses = new ResponseBuffer();
    const { writer } = responses;
    writer.int32(1);
    const first = pieces(responses)[0]!;
    responses.recycle(true);
    writer.int32(2);
    const second = pieces(responses)[0]!;
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(first.byteOffset);
  });

  it('takes up no room in memory that came after it', () => {
    const responses = new ResponseBuffer();
    const { writer } = responses;
    fill(writer, SLAB / 2);
    responses.take();
    responses.recycle(false);
    // Too much for what is left, and little enough for memory of the same size.
    fill(writer, SLAB / 2 + 1);
    const grown = pieces(responses)[0]!;
    expect(grown.buffer.byteLength).toBeGreaterThanOrEqual(SLAB);
    responses.recycle(true);
    writer.int8(1);
    expect(pieces(responses)[0]!.byteOffset).toBe(0);
  });

  it('does not make the buffer keep more than it began with', () => {
    const responses = new ResponseBuffer();
    const { writer } = responses;
    fill(writer, 10 * SLAB);
    expect(pieces(responses)[0]!.buffer.byteLength).toBeGreaterThan(SLAB);
    responses.recycle(true);
    writer.int8(1);
    expect(pieces(responses)[0]!.buffer.byteLength).toBe(SLAB);
  });

  it('leaves the rest of the memory in use while there is enough of it', () => {
    const responses = new ResponseBuffer();
    const { writer } = responses;
    writer.int32(1);
    const first = pieces(responses)[0]!;
    responses.recycle(false);
    writer.int32(2);
    const second = pieces(responses)[0]!;
    expect(second.buffer).toBe(first.buffer);
    fill(writer, SLAB - 1000);
    responses.take();
    responses.recycle(false);
    writer.int32(3);
    expect(pieces(responses)[0]!.buffer).not.toBe(first.buffer);
  });
});

describe('the release of an owner', () => {
  it('is forgotten with the frame that was given up, and kept of the frame before', () => {
    const [kept, dropped] = [owned(Buffer.of(1)), owned(Buffer.of(2))];
    const responses = new ResponseBuffer();
    const { writer } = responses;
    responses.beginFrame();
    writer.records(kept, false);
    responses.endFrame();
    responses.beginFrame();
    writer.records(dropped, false);
    responses.abandonFrame();
    const releases = responses.takeReleases()!;
    for (const release of releases) release();
    expect(kept.release).toHaveBeenCalledOnce();
    expect(dropped.release).not.toHaveBeenCalled();
  });

  it('is called when its response is discarded, and an error of it is reported', () => {
    const [broken, good] = [owned(Buffer.of(1)), owned(Buffer.of(2))];
    const error = new Error('no');
    broken.release.mockImplementation(() => {
      throw error;
    });
    const responses = new ResponseBuffer();
    responses.writer.records(broken, false);
    responses.writer.records(good, false);
    const failures: unknown[] = [];
    responses.discard((failure) => failures.push(failure));
    expect(failures).toEqual([error]);
    expect(good.release).toHaveBeenCalledOnce();
    expect(responses.length).toBe(0);
  });
});

describe('memory that is held', () => {
  it('is reused when all of it has been written', () => {
    const responses = new ResponseBuffer();
    responses.writer.int32(1);
    const first = pieces(responses)[0]!;
    responses.hold();
    expect(responses.heldBytes).toBe(4);
    responses.writer.int32(2);
    expect(pieces(responses)[0]!.byteOffset).toBe(4);
    responses.hold();
    responses.letGo(true);
    expect(responses.heldBytes).toBe(0);
    responses.writer.int32(3);
    expect(pieces(responses)[0]!.byteOffset).toBe(first.byteOffset);
  });

  it('is never reused while a socket needs some of it', () => {
    const responses = new ResponseBuffer();
    responses.writer.int32(0x01020304);
    const first = pieces(responses)[0]!;
    responses.hold();
    responses.letGo(false);
    responses.writer.int32(5);
    expect(pieces(responses)[0]!.byteOffset).toBe(4);
    expect(Buffer.from(first).toString('hex')).toBe('01020304');
  });

  it('is not touched by a response that outgrows the slab, and is not held in the next slab', () => {
    const responses = new ResponseBuffer();
    responses.writer.int32(0x01020304);
    const first = pieces(responses)[0]!;
    responses.hold();
    fill(responses.writer, SLAB);
    responses.letGo(true);
    expect(responses.length).toBe(SLAB);
    expect(responses.heldBytes).toBe(0);
    expect(pieces(responses)[0]!.buffer).not.toBe(first.buffer);
    expect(Buffer.from(first).toString('hex')).toBe('01020304');
  });
});
