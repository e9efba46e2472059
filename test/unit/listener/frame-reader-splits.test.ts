import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader } from '../../../src/listener/frame-reader.js';

const LIMIT = 1024 * 1024;

const lengths = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4000, max: 9000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 65_500, max: 65_600 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100_000, max: 200_000 }) },
);
const frameLengths = fc.array(lengths, { minLength: 1, maxLength: 12 });

/** Sizes of chunks, gone through again and again: from single bytes to what a socket gives at most. */
const sizes = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4080, max: 4110 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 70_000 }) },
);
const chunkSizes = fc.array(sizes, { minLength: 1, maxLength: 20 });

/** How often frames are asked for: after every chunk, or only now and then, as while a request is in flight. */
const patience = fc.integer({ min: 1, max: 10 });

function frames(lengths: readonly number[]): Buffer[] {
  return lengths.map((length, index) => Buffer.alloc(length, Buffer.of(index + 1, length & 0xff, 3, 7, 11)));
}

function toWire(bodies: readonly Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const prefix = Buffer.alloc(4);
      prefix.writeInt32BE(body.length);
      return [prefix, body];
    }),
  );
}

test('any split of any sequence of frames gives the same frames, and none is written to later', () => {
  fc.assert(
    fc.property(frameLengths, chunkSizes, patience, (lengths, sizes, patience) => {
      const bodies = frames(lengths);
      const wire = toWire(bodies);
      const reader = new FrameReader(LIMIT);
      const found: Buffer[] = [];
      const take = (): void => {
        while (reader.next()) found.push(reader.bytes.subarray(reader.start, reader.end));
      };
      let pushed = 0;
      for (let at = 0, turn = 0; at < wire.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        // A socket's chunk is its own memory.
        const chunk = Buffer.from(Uint8Array.prototype.slice.call(wire, at, at + size).buffer);
        at += size;
        reader.push(chunk);
        pushed += chunk.length;
        if (turn % patience === 0) take();
        if (reader.buffered > pushed) throw new Error('more is buffered than came');
      }
      take();
      expect(found.length).toBe(bodies.length);
      // Compared at the end: a view that was overwritten by what came later would show.
      expect(found.every((frame, index) => frame.equals(bodies[index]!))).toBe(true);
      expect(reader.buffered).toBe(0);
      expect(reader.partial).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('partial and hasFrame say what next does', () => {
  fc.assert(
    fc.property(frameLengths, chunkSizes, (lengths, sizes) => {
      const wire = toWire(frames(lengths));
      const reader = new FrameReader(LIMIT);
      let taken = 0;
      for (let at = 0, turn = 0; at < wire.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        reader.push(wire.subarray(at, at + size));
        at = Math.min(at + size, wire.length);
        for (let more = true; more;) {
          const promised = reader.hasFrame;
          if (reader.partial !== (!promised && at > taken)) throw new Error(`partial is ${String(reader.partial)}`);
          more = reader.next();
          if (more !== promised) throw new Error(`hasFrame is ${String(promised)}, next ${String(more)}`);
          if (more) taken += 4 + reader.end - reader.start;
        }
      }
      expect(taken).toBe(wire.length);
    }),
    { numRuns: 100 },
  );
});
