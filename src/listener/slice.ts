import type { Turn } from './turn.js';

/** How long one connection may keep the others waiting, in milliseconds. */
const SLICE_MS = 5;
/** How many bytes it may bring in meanwhile. */
const SLICE_BYTES = 256 * 1024;
/** How many frames pass between two reads of the clock. */
const SLICE_FRAMES = 32;

/**
 * What one connection has had of the event loop's current turn. A slice lasts until it is used up, or the loop has
 * turned.
 */
export class Slice {
  private readonly turn: Turn;
  private loop = -1;
  private end = 0;
  private bytes = 0;
  private frames = 0;

  constructor(turn: Turn) {
    this.turn = turn;
  }

  /** Counts bytes that came; true when it is the others' turn. */
  takeBytes(bytes: number): boolean {
    this.goOn();
    this.bytes += bytes;
    return this.bytes > SLICE_BYTES;
  }

  /** Counts a frame that was handled; true when the time is used up. */
  takeFrame(): boolean {
    if (++this.frames % SLICE_FRAMES !== 0) return false;
    // The clock first: it is cheaper to read than the number of the loop.
    if (performance.now() <= this.end) return false;
    const { loop } = this;
    this.goOn();
    return loop === this.loop;
  }

  /** Begins anew, even within the same turn of the loop. */
  renew(): void {
    this.loop = -1;
    this.goOn();
  }

  private goOn(): void {
    const { loop } = this.turn;
    if (loop === this.loop) return;
    this.loop = loop;
    this.end = performance.now() + SLICE_MS;
    this.bytes = 0;
  }
}
