import { EncodeError } from '../protocol/errors.js';
import { type Checkpoint, SLAB_BYTES, Writer } from '../protocol/writer.js';

/** Maximum frame length, an int32. */
const MAX_FRAME_BYTES = 0x7fff_ffff;
/** With fewer bytes left in the slab, the next responses get a new slab. */
const MIN_ROOM_BYTES: number = SLAB_BYTES / 4;

/**
 * The responses of one turn, as length-prefixed frames. One slab of memory serves all turns. Each turn begins after the
 * bytes that a socket still needs, or at the start of the slab if there are none.
 */
export class ResponseBuffer {
  /** Encodes the content of a frame. */
  readonly writer: Writer = new Writer();
  private slab: Buffer = this.writer.slab;
  /** End of the bytes in the slab that were taken and are still needed. */
  private floor = 0;
  /** Value of the floor after the held bytes have been written. */
  private lowest = 0;
  /** Start of the last frame. */
  private readonly frame: Checkpoint = {
    slab: this.slab,
    begin: 0,
    position: 0,
    pieces: 0,
    pieceBytes: 0,
    releases: 0,
  };

  /** Number of bytes that have not been taken. */
  get length(): number {
    return this.writer.length;
  }

  /** Whether {@link take} returns one piece, all of it in the slab. */
  get inOnePiece(): boolean {
    return this.writer.inOnePiece;
  }

  /** Begins a frame. {@link endFrame} fills in its length. */
  beginFrame(): void {
    this.writer.checkpoint(this.frame);
    this.writer.reserve(4);
  }

  /**
   * Ends the frame.
   *
   * @returns Its size, including the length prefix.
   * @throws EncodeError if the size does not fit the prefix.
   */
  endFrame(): number {
    const size = this.writer.lengthSince(this.frame);
    const length = size - 4;
    if (length > MAX_FRAME_BYTES) throw new EncodeError('INVALID_VALUE', `a message of ${String(length)} bytes`);
    this.writer.fillInInt32(this.frame, length);
    return size;
  }

  /** Discards the current frame. */
  abandonFrame(): void {
    this.writer.rollBack(this.frame);
  }

  /** Takes the responses; {@link recycle} or {@link hold} must follow before the next frame. */
  take(): Uint8Array | Uint8Array[] {
    return this.writer.take();
  }

  /** Takes the functions that release record memory once the responses have been written. */
  takeReleases(): (() => void)[] | null {
    return this.writer.takeReleases();
  }

  /** Drops the responses, and releases their record memory. */
  discard(onReleaseFailed: (error: unknown) => void): void {
    this.writer.take();
    releaseAll(this.writer.takeReleases() ?? [], onReleaseFailed);
    this.recycle(true);
  }

  /**
   * Ends the use of the responses taken last.
   *
   * @param written - Whether their memory can be reused; false while a socket still needs it.
   */
  recycle(written: boolean): void {
    this.followGrowth();
    if (!written) this.lowest = this.floor = this.writer.position;
    this.goOn();
  }

  /** Keeps the memory of the responses taken last, which are one piece, until {@link letGo}. */
  hold(): void {
    this.followGrowth();
    this.floor = this.writer.position;
    this.goOn();
  }

  get heldBytes(): number {
    return this.floor - this.lowest;
  }

  /**
   * Ends the hold. Responses that were not taken yet stay; no others may have been taken since.
   *
   * @param written - Whether all held memory can be reused; false while a socket still needs some of it.
   */
  letGo(written: boolean): void {
    this.followGrowth();
    if (!written) this.lowest = this.floor;
    else this.floor = this.lowest;
    if (this.writer.length === 0) this.writer.startAt(this.slab, this.floor);
  }

  /** Follows a response that outgrew the slab into a new one, which holds no other response. */
  private followGrowth(): void {
    if (this.writer.slab === this.slab) return;
    this.slab = this.writer.slab;
    this.floor = this.lowest = 0;
  }

  private goOn(): void {
    if (this.slab.length > SLAB_BYTES || this.slab.length - this.floor < MIN_ROOM_BYTES) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.lowest = this.floor = 0;
      // The checkpoint would keep the old slab in memory.
      this.frame.slab = this.slab;
    }
    this.writer.startAt(this.slab, this.floor);
  }
}

/** Releases record memory of a backend. */
export function releaseAll(releases: readonly (() => void)[], onFailed: (error: unknown) => void): void {
  for (const release of releases) {
    try {
      release();
    } catch (error) {
      onFailed(error);
    }
  }
}
