import type { Turn } from './turn.js';

/** Maximum time that one connection may keep the others waiting, in milliseconds. */
const SLICE_MS = 5;
/** Maximum number of bytes that it may receive in that time. */
const SLICE_BYTES = 256 * 1024;
/** Number of frames between two reads of the clock. */
const SLICE_FRAMES = 32;

/**
 * The share that one connection has used of the current turn of the event loop. A slice lasts until it is used up or
 * the next turn begins.
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

  /** Counts received bytes. Returns true if the other connections should go first. */
  takeBytes(bytes: number): boolean {
    this.goOn();
    this.bytes += bytes;
    return this.bytes > SLICE_BYTES;
  }

  /** Counts a handled frame. Returns true if the time is used up. */
  takeFrame(): boolean {
    if (++this.frames % SLICE_FRAMES !== 0) return false;
    // The clock is checked first, because it is cheaper to read than the number of the loop.
    if (performance.now() <= this.end) return false;
    const { loop } = this;
    this.goOn();
    return loop === this.loop;
  }

  /** Starts a new slice, even within the same turn of the loop. */
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
