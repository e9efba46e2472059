import { expect, test } from 'vitest';
import { FrameLengthError, FrameReader } from '../../../src/listener/frame-reader.js';

const LIMIT = 8 * 1024 * 1024;

/** A frame as it is on the wire: its length, then `length` bytes that tell their place and `seed`. */
function frameOf(length: number, seed = 0): Buffer {
  const frame = Buffer.allocUnsafeSlow(4 + length);
  frame.writeInt32BE(length);
  for (let index = 0; index < length; index++) frame[4 + index] = (index * 31 + seed * 7 + (index >>> 8)) & 0xff;
  return frame;
}

/** Takes the frames that are there; they are those of the wires given, and no more. */
function expectFrames(reader: FrameReader, ...wires: readonly Buffer[]): void {
  for (const wire of wires) {
    expect(reader.next()).toBe(true);
    expect(reader.bytes.subarray(reader.start, reader.end).equals(wire.subarray(4))).toBe(true);
  }
  expect(reader.next()).toBe(false);
  expect(reader.bytes).toHaveLength(0);
}

test('a frame that comes a byte at a time is found with its last byte, and not before', () => {
  const reader = new FrameReader(LIMIT);
  const wire = frameOf(1000);
  for (let at = 0; at < wire.length; at++) {
    expect(reader.next()).toBe(false);
    expect(reader.hasFrame).toBe(false);
    expect(reader.partial).toBe(at > 0);
    reader.push(wire.subarray(at, at + 1));
  }
  expect(reader.hasFrame).toBe(true);
  expect(reader.partial).toBe(false);
  expectFrames(reader, wire);
  expect(reader.buffered).toBe(0);
  expect(reader.partial).toBe(false);
});

test('fifty frames in one chunk are found in order, as views into the chunk', () => {
  const wires = Array.from({ length: 50 }, (_, seed) => frameOf(10 + seed, seed));
  const chunk = Buffer.concat(wires);
  const reader = new FrameReader(LIMIT);
  reader.push(chunk);
  for (const wire of wires) {
    expect(reader.next()).toBe(true);
    expect(reader.bytes).toBe(chunk);
    expect(reader.bytes.subarray(reader.start, reader.end)).toEqual(wire.subarray(4));
  }
  expect(reader.next()).toBe(false);
  expect(reader.buffered).toBe(0);
});

test('a frame over several large chunks is put together, and what follows it in the last chunk is found', () => {
  const large = frameOf(300_000, 1);
  const small = frameOf(20, 2);
  const wire = Buffer.concat([large, small]);
  const reader = new FrameReader(LIMIT);
  for (let at = 0; at < wire.length; at += 65_536) {
    expect(reader.next()).toBe(false);
    reader.push(wire.subarray(at, at + 65_536));
  }
  expectFrames(reader, large, small);
});

test('a length that is split over chunks is read', () => {
  const wire = frameOf(5, 3);
  for (let split = 1; split < 4; split++) {
    const reader = new FrameReader(LIMIT);
    // The first part stays in a chunk of its own: a large frame before it fills the rest.
    const before = frameOf(9000);
    reader.push(Buffer.concat([before, wire.subarray(0, split)]));
    reader.push(Buffer.concat([wire.subarray(split), Buffer.alloc(4)]));
    expect(reader.next()).toBe(true);
    expect(reader.hasFrame).toBe(true);
    expect(reader.next()).toBe(true);
    expect(reader.bytes.subarray(reader.start, reader.end)).toEqual(wire.subarray(4));
  }
});

test('small and large chunks may alternate within a frame', () => {
  const wire = frameOf(100_000, 4);
  const reader = new FrameReader(LIMIT);
  let at = 0;
  for (const size of [3, 1, 500, 20_000, 7, 4095, 4096, 4097, 1, 60_000, 100_000]) {
    expect(reader.next()).toBe(false);
    reader.push(wire.subarray(at, at + size));
    at += size;
  }
  expectFrames(reader, wire);
});

test('an empty chunk changes nothing', () => {
  const reader = new FrameReader(LIMIT);
  const wire = frameOf(6);
  reader.push(Buffer.alloc(0));
  expect(reader.next()).toBe(false);
  expect(reader.partial).toBe(false);
  for (const byte of wire) {
    reader.push(Buffer.of(byte));
    reader.push(Buffer.alloc(0));
  }
  expectFrames(reader, wire);
});

test.each([
  ['zero', 0],
  ['-1', -1],
  ['the least int32', -0x8000_0000],
  ['one over the limit', LIMIT + 1],
  ['2 GiB less a byte', 0x7fff_ffff],
])('a length of %s cannot be: it is known from its four bytes alone', (_, length) => {
  const reader = new FrameReader(LIMIT);
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  reader.push(prefix.subarray(0, 3));
  expect(reader.next()).toBe(false);
  reader.push(prefix.subarray(3));
  // As much of a frame as there will ever be: whoever waits for one must ask.
  expect(reader.hasFrame).toBe(true);
  expect(reader.partial).toBe(false);
  expect(() => reader.next()).toThrow(FrameLengthError);
  expect(() => reader.next()).toThrow(
    expect.objectContaining({ name: 'FrameLengthError', length, limit: LIMIT }) as Error,
  );
});

test('a length of exactly the limit is taken', () => {
  const reader = new FrameReader(100);
  reader.push(frameOf(100));
  expectFrames(reader, frameOf(100));
});

test('frames before a length that cannot be are found first', () => {
  const reader = new FrameReader(100);
  reader.push(Buffer.concat([frameOf(1), frameOf(2), Buffer.alloc(4)]));
  expect(reader.next()).toBe(true);
  expect(reader.next()).toBe(true);
  expect(() => reader.next()).toThrow(FrameLengthError);
});

test('buffered counts what came and was not handed out; the length is taken once it is complete', () => {
  const reader = new FrameReader(LIMIT);
  const wire = frameOf(100);
  reader.push(wire.subarray(0, 54));
  expect(reader.buffered).toBe(54);
  expect(reader.next()).toBe(false);
  expect(reader.buffered).toBe(50);
  reader.push(Buffer.concat([wire.subarray(54), wire.subarray(0, 2)]));
  expect(reader.next()).toBe(true);
  expect(reader.buffered).toBe(2);
  expect(reader.partial).toBe(true);
});

test('after clear nothing is left, and reading begins anew', () => {
  const reader = new FrameReader(LIMIT);
  reader.push(frameOf(100_000).subarray(0, 50_000));
  expect(reader.next()).toBe(false);
  reader.push(Buffer.alloc(10));
  reader.clear();
  expect(reader.buffered).toBe(0);
  expect(reader.partial).toBe(false);
  expect(reader.next()).toBe(false);
  const wire = frameOf(7, 5);
  reader.push(wire);
  expectFrames(reader, wire);
});
