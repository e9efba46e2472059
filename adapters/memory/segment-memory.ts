import { StoreError } from '../broker/index.js';

/** Number of freed full-size segments that are kept for reuse, because reused memory is much cheaper than fresh memory. */
const SPARE_SEGMENTS = 4;

/** Allocates the memory of all segments of a store under one limit, and reuses freed segments. */
export class SegmentMemory {
  /** Maximum total size of all segments in bytes. */
  readonly maxBytes: number;
  /** Size of a full-size segment in bytes. */
  readonly segmentBytes: number;
  private readonly spare: Buffer[] = [];
  /** Bytes reserved by the segments in use. */
  used = 0;

  constructor(maxBytes: number, segmentBytes: number) {
    this.maxBytes = maxBytes;
    this.segmentBytes = segmentBytes;
  }

  /**
   * Allocates `wanted` bytes, or `least` bytes if `wanted` would exceed the limit.
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

  /** Frees memory that is no longer in use. */
  give(memory: Buffer): void {
    this.used -= memory.length;
    if (memory.length === this.segmentBytes && this.spare.length < SPARE_SEGMENTS) this.spare.push(memory);
  }
}
