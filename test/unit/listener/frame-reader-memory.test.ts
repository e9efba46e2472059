import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FrameReader } from '../../../src/listener/frame-reader.js';

const MIB = 1024 * 1024;
const LIMIT = 100 * MIB;

/** Memory of its own for every chunk, as a socket gives it. */
function chunkOf(size: number, ...lengthsAt: readonly (readonly [at: number, length: number])[]): Buffer {
  const chunk = Buffer.allocUnsafeSlow(size).fill(0x5a);
  for (const [at, length] of lengthsAt) chunk.writeInt32BE(length, at);
  return chunk;
}

/** Collects what nobody holds any more; a WeakRef keeps its target for the turn in which it was made. */
async function collect(): Promise<void> {
  await nextTurn();
  globalThis.gc!();
}

/** Bytes of all array buffers, after what nobody holds is gone. */
async function bufferBytes(): Promise<number> {
  await collect();
  await nextTurn();
  globalThis.gc!();
  return process.memoryUsage().arrayBuffers;
}

test('a frame of up to 64 KiB may be a view into the chunk that it came with', () => {
  const reader = new FrameReader(LIMIT);
  const chunk = chunkOf(4 + 65_536 + 100, [0, 65_536]);
  reader.push(chunk);
  expect(reader.next()).toBe(true);
  expect(reader.bytes).toBe(chunk);
});

test('a frame over 64 KiB has memory of its own, so that it may be kept without what came beside it', () => {
  const reader = new FrameReader(LIMIT);
  const chunk = chunkOf(4 + 65_537 + 100, [0, 65_537]);
  reader.push(chunk);
  expect(reader.next()).toBe(true);
  expect(reader.bytes).not.toBe(chunk);
  expect(reader.bytes.buffer.byteLength).toBe(65_537);
  expect([reader.start, reader.end]).toEqual([0, 65_537]);
  expect(reader.bytes.equals(chunk.subarray(4, 4 + 65_537))).toBe(true);
});

test('a chunk that is a large frame and its length, and nothing else, is handed out without a copy', () => {
  const reader = new FrameReader(LIMIT);
  const chunk = chunkOf(4 + 200_000, [0, 200_000]);
  reader.push(chunk);
  expect(reader.next()).toBe(true);
  expect(reader.bytes).toBe(chunk);
});

test('an idle connection pins neither the chunk of its last frame nor that frame', async () => {
  const reader = new FrameReader(LIMIT);
  let chunk: Buffer | null = chunkOf(60_000, [0, 60_000 - 4]);
  const held = new WeakRef(chunk.buffer);
  reader.push(chunk);
  chunk = null;
  expect(reader.next()).toBe(true);
  expect(reader.next()).toBe(false);
  await collect();
  expect(held.deref()).toBeUndefined();
  expect(reader.buffered).toBe(0);
});

test('a small rest is copied, so that it does not pin the chunk around it', async () => {
  const reader = new FrameReader(LIMIT);
  let chunk: Buffer | null = chunkOf(60_000, [0, 59_000], [59_004, 5000]);
  const held = new WeakRef(chunk.buffer);
  const rest = Buffer.from(chunk.subarray(59_008));
  reader.push(chunk);
  chunk = null;
  expect(reader.next()).toBe(true);
  expect(reader.next()).toBe(false);
  await collect();
  expect(held.deref()).toBeUndefined();
  reader.push(chunkOf(5000 - rest.length));
  expect(reader.next()).toBe(true);
  expect(reader.bytes.subarray(reader.start, reader.start + rest.length)).toEqual(rest);
});

test('what was handed out is never written again, whatever comes after it', () => {
  const reader = new FrameReader(LIMIT);
  const given: { readonly view: Buffer; readonly copy: Buffer }[] = [];
  let seed = 1;
  // Bytes that come one by one are gathered in blocks, and frames are views into those.
  for (let round = 0; round < 300; round++) {
    const length = 1 + ((round * 97) % 700);
    const wire = Buffer.alloc(4 + length, seed++);
    wire.writeInt32BE(length);
    for (let at = 0; at < wire.length; at += 3) {
      reader.push(Buffer.from(wire.subarray(at, at + 3)));
      if (!reader.next()) continue;
      const view = reader.bytes.subarray(reader.start, reader.end);
      given.push({ view, copy: Buffer.from(view) });
    }
  }
  expect(given).toHaveLength(300);
  for (const { view, copy } of given) expect(view.equals(copy)).toBe(true);
});

test('memory follows the bytes that are there, never the length that is declared', async () => {
  const readers = Array.from({ length: 50 }, () => new FrameReader(LIMIT));
  const before = await bufferBytes();
  for (const reader of readers) {
    reader.push(chunkOf(1000, [0, LIMIT]));
    expect(reader.next()).toBe(false);
  }
  expect((await bufferBytes()) - before).toBeLessThan(50 * 4096);
  expect(readers.every((reader) => reader.partial)).toBe(true);
});

test('a frame that comes byte by byte takes at most three times its bytes', async () => {
  const reader = new FrameReader(LIMIT);
  const before = await bufferBytes();
  reader.push(chunkOf(4, [0, 2 * MIB]));
  // From the pool, as small buffers of a socket are not; what counts is what the reader makes of them.
  const byte = Buffer.of(7);
  for (let count = 0; count < MIB; count++) reader.push(byte);
  expect(reader.next()).toBe(false);
  expect(reader.buffered).toBe(MIB);
  expect((await bufferBytes()) - before).toBeLessThan(3 * MIB);
});

test('a large frame and what it was put together from are not held at once longer than it takes', async () => {
  const reader = new FrameReader(LIMIT);
  const size = 8 * MIB;
  const before = await bufferBytes();
  reader.push(chunkOf(4, [0, size]));
  for (let sent = 0; sent < size; sent += 65_536) reader.push(chunkOf(65_536));
  expect(reader.next()).toBe(true);
  const frame = reader.bytes;
  expect(reader.next()).toBe(false);
  expect((await bufferBytes()) - before).toBeLessThan(size + MIB);
  expect(frame).toHaveLength(size);
});
