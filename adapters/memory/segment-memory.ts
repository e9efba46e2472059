import { StoreError } from '../broker/index.js';

/** How many freed segments of full size are kept for the next ones: memory that was touched before is much cheaper. */
const SPARE_SEGMENTS = 4;

/** The memory of all segments of a store: one limit over all, and freed segments serve again. */
export class SegmentMemory {
  /** The most bytes of all segments together. */
  readonly maxBytes: number;
  /** What a segment grows to, in bytes. */
  readonly segmentBytes: number;
  private readonly spare: Buffer[] = [];
  /** Bytes of the segments in use, as they were reserved. */
  used = 0;

  constructor(maxBytes: number, segmentBytes: number) {
    this.maxBytes = maxBytes;
    this.segmentBytes = segmentBytes;
  }

  /**
   * Memory of `wanted` bytes or, where the limit does not leave so much, of `least`.
   *
   * @throws StoreError `FULL`.
   */
  take(wanted: number, least: number): Buffer {
    const size = this.used + wanted <= this.maxBytes ? wanted : least;
    if (this.used + size > this.maxBytes) {
      const limit = `its limit is ${String(this.maxBytes)} (maxBytes), and ${String(this.used)} are taken`;
      throw new StoreError('FULL', `the memory store has no room for ${String(size)} bytes: ${limit}`);
    }
    this.used += size;
    const spare = size === this.segmentBytes ? this.spare.pop() : undefined;
    return spare ?? Buffer.allocUnsafeSlow(size);
  }

  /** Takes memory back that nobody reads any more. */
  give(memory: Buffer): void {
    this.used -= memory.length;
    if (memory.length === this.segmentBytes && this.spare.length < SPARE_SEGMENTS) this.spare.push(memory);
  }
}
