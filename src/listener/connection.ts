import type { Socket } from 'node:net';
import { type ConnectionLimits, ConnectionTimeoutError } from './connection-limits.js';
import { CLOSE, type FrameHandler, type FrameOutcome, type PendingFrame } from './frame-handler.js';
import { FrameReader } from './frame-reader.js';
import type { BudgetMember, InFlightBytes } from './in-flight-bytes.js';
import { Output, type OutputOwner } from './output.js';
import { Slice } from './slice.js';
import type { Turn, Work } from './turn.js';

/** What the connections of a gateway share. */
export interface ConnectionShared {
  readonly limits: ConnectionLimits;
  readonly turn: Turn;
  readonly inFlight: InFlightBytes;
  /** Milliseconds of a clock that moves with the sweeps only: reading the real one for each chunk would cost more. */
  readonly now: number;
}

/** How much may be read ahead while a request is in flight, beside a whole frame. */
const READ_AHEAD_BYTES = 64 * 1024;
/** Answers are handed to the socket in runs of this size, so that a large chunk of requests does not pile them up. */
const WRITE_BYTES = 256 * 1024;
/** How many frames pass between two looks at the clock. */
const SLICE_FRAMES = 32;
/** What a client has to bring within `frameTimeoutMs` while others wait for memory. */
const PACE_BYTES = 64 * 1024;
/** A client whose handlers do not come to an end waits from this number on, or it would gather more and more of them. */
const MOST_OVERDUE = 4;
/** How long a client that has ended its side waits for an answer that takes its time: most such clients are gone. */
const HALF_CLOSED_MS = 5_000;
/** How long we wait, after our end, for the client's: a reset would take back answers that it has not read. */
const LINGER_MS = 2_000;
/**
 * One socket: chunks in, frames to the handler in order, one at a time, answers out in the same order. It knows when to
 * stop reading (a request in flight, answers that are not taken, memory short) and when to give up.
 */
export class Connection implements BudgetMember, OutputOwner, Work {
  private readonly socket: Socket;
  private readonly handler: FrameHandler;
  private readonly shared: ConnectionShared;
  private readonly frames: FrameReader;

  /** The request in flight, and the bytes of its frame. */
  private pending: PendingFrame | null = null;
  private pendingSettled = false;
  private pendingBytes = 0;
  /** Handlers that go on although their time was over, and the bytes of their frames. */
  private overdue = 0;
  private overdueBytes = 0;
  private connecting = false;
  /** Gave way to other connections; goes on in the next turn of the event loop. */
  private yielded = false;
  private reading = true;
  /** The client has ended its side: what it asked is answered, then we end. */
  private inputEnded = false;
  private inputEndedAt = 0;
  /** No frame is handled any more: we have ended, or are about to. */
  private finished = false;
  private ended = false;
  private accounted = 0;
  private touched: number;
  private receivedBytes = 0;
  /** Since when it reads while others wait for memory, and what it had received then. */
  private favouredSince = 0;
  private favouredFrom = 0;
  private readonly slice: Slice;
  private frameCount = 0;
  private readonly output: Output;
  private lingerTimer: NodeJS.Timeout | null = null;
  private draining = false;
  private aborted = false;
  private lingerMs = LINGER_MS;

  constructor(socket: Socket, handler: FrameHandler, shared: ConnectionShared) {
    this.socket = socket;
    this.handler = handler;
    this.shared = shared;
    this.frames = new FrameReader(shared.limits.maxFrameBytes);
    this.slice = new Slice(shared.turn);
    this.output = new Output(socket, shared, this);
    this.touched = shared.now;
    socket.on('data', (chunk: Buffer) => {
      this.onData(chunk);
    });
    socket.on('end', () => {
      this.onEnd();
    });
    socket.on('error', (error) => {
      this.handler.failed(error);
    });
    socket.on('close', () => {
      this.onClose();
    });
  }

  /** Lets the handler greet the connection, then begins. */
  start(): void {
    let greeted: PromiseLike<void> | null;
    try {
      greeted = this.handler.connect();
    } catch {
      this.socket.destroy();
      return;
    }
    // A socket that was made elsewhere may have been paused, or have ended before.
    this.inputEnded = this.socket.readableEnded;
    this.socket.resume();
    if (greeted === null) {
      if (this.inputEnded) this.shared.turn.run(this);
      return;
    }
    this.connecting = true;
    greeted.then(
      () => {
        this.connecting = false;
        this.shared.turn.run(this);
      },
      () => {
        this.socket.destroy();
      },
    );
  }

  get midFrame(): boolean {
    return this.frames.partial;
  }

  /** Answers what has arrived as a whole, then ends; with `hurry` without waiting for the client's end. */
  drain({ hurry }: { readonly hurry: boolean }): void {
    this.draining = true;
    if (hurry) {
      this.lingerMs = 0;
      if (this.ended) this.socket.destroySoon();
    }
    this.shared.turn.run(this);
  }

  /** Aborts the request in flight; what its handler still answers is written. Those behind it are not begun. */
  abort(cause: 'shutdown'): void {
    this.aborted = true;
    this.handler.abort(cause);
  }

  /** Closes at once. */
  destroy(error?: Error): void {
    if (error && !this.socket.destroyed) this.handler.failed(error);
    this.socket.destroy();
  }

  failed(error: unknown): void {
    this.destroy(error as Error);
  }

  onUnsent(): void {
    this.account();
    this.updateReading();
  }

  onTaken(waited: boolean): void {
    this.touched = this.shared.now;
    if (waited || this.accounted !== 0) this.shared.turn.run(this);
  }

  onTimeout(error: ConnectionTimeoutError): void {
    this.destroy(error);
  }

  onReleaseFailed(error: unknown): void {
    this.handler.releaseFailed(error);
  }

  mayReadAgain(): void {
    this.updateReading();
  }

  /** Looks whether a limit on time is over. */
  sweep(now: number): void {
    const { limits } = this.shared;
    // While we do not read ourselves, the client cannot be late.
    if (!this.reading) this.touched = now;
    this.lookAtPace(now);
    if (this.inputEnded && this.pending !== null && now - this.inputEndedAt > HALF_CLOSED_MS) {
      this.socket.destroy();
      return;
    }
    if (this.output.sweep(now)) return;
    if (this.frames.partial && this.pending === null) {
      if (now - this.touched > limits.frameTimeoutMs) {
        this.destroy(
          new ConnectionTimeoutError(
            'frameTimeoutMs',
            `no byte of a begun frame for ${String(limits.frameTimeoutMs)} ms`,
          ),
        );
      }
    } else if (this.pending === null && !this.connecting && now - this.touched > limits.idleTimeoutMs) {
      this.destroy(new ConnectionTimeoutError('idleTimeoutMs', `idle for ${String(limits.idleTimeoutMs)} ms`));
    }
  }

  /** With memory short, a client that reads while the others wait must get on with its frame. */
  private lookAtPace(now: number): void {
    const { limits, inFlight } = this.shared;
    const waiting = !inFlight.full || !inFlight.favours(this);
    if (waiting || this.receivedBytes - this.favouredFrom >= PACE_BYTES) {
      this.favouredSince = now;
      this.favouredFrom = this.receivedBytes;
    } else if (now - this.favouredSince > limits.frameTimeoutMs) {
      const pace = `${String(PACE_BYTES)} bytes of a frame in ${String(limits.frameTimeoutMs)} ms`;
      this.destroy(new ConnectionTimeoutError('frameTimeoutMs', `with memory short, less than ${pace}`));
    }
  }

  /** Handles the frames that are there, as far as it goes; then writes what was answered. */
  work(): void {
    if (this.socket.destroyed) {
      this.dropPending();
      this.account();
      return;
    }
    const { responses } = this.shared.turn;
    if (this.pending !== null && this.pendingSettled) this.completePending(this.pending);
    if (this.aborted && this.pending === null) this.finished = true;
    this.output.lookAtUnsent();
    const before = this.frameCount;
    while (!this.blocked) {
      const outcome = this.nextFrame();
      if (outcome === null) break;
      if (typeof outcome === 'object') this.wait(outcome);
      else if (outcome === CLOSE) this.finished = true;
      if (responses.length >= WRITE_BYTES) this.output.flush();
      if (++this.frameCount % SLICE_FRAMES === 0 && this.slice.isOver()) this.yield();
    }
    this.output.flush();
    if (this.atRest) return;
    this.endWhenDone();
    this.account();
    if (this.frameCount > before) this.shared.inFlight.pass(this);
    this.updateReading();
  }

  /** Nothing is held, awaited or about to end: the common case, in which there is nothing to see to. */
  private get atRest(): boolean {
    return (
      this.accounted === 0 &&
      this.frames.buffered === 0 &&
      this.pending === null &&
      this.reading &&
      !this.finished &&
      !this.inputEnded &&
      !this.draining &&
      this.socket.writableLength === 0 &&
      !this.shared.inFlight.full
    );
  }

  private get blocked(): boolean {
    return (
      this.finished ||
      this.pending !== null ||
      this.connecting ||
      this.yielded ||
      this.output.congested ||
      this.overdue >= MOST_OVERDUE
    );
  }

  /** Hands the next frame to the handler; null when there is none. */
  private nextFrame(): FrameOutcome | null {
    const frames = this.frames;
    try {
      if (!frames.next()) return null;
    } catch (error) {
      this.handler.badFrame(error as Error);
      return CLOSE;
    }
    return this.handler.handle(frames.bytes, frames.start, frames.end);
  }

  private wait(pending: PendingFrame): void {
    this.pending = pending;
    this.pendingSettled = false;
    this.pendingBytes = this.frames.end - this.frames.start;
    pending.whenSettled(() => {
      this.pendingSettled = true;
      this.shared.turn.run(this);
    });
  }

  private completePending(pending: PendingFrame): void {
    this.pending = null;
    this.pendingSettled = false;
    this.lookForRunning(pending, this.pendingBytes);
    this.pendingBytes = 0;
    this.touched = this.shared.now;
    if (pending.complete() === CLOSE) this.finished = true;
  }

  /** Its time may be over, and the client have its answer; the handler goes on, and its frame still counts. */
  private lookForRunning(pending: PendingFrame, bytes: number): void {
    const goesOn = pending.goesOn?.(() => {
      this.overdue--;
      this.overdueBytes -= bytes;
      this.shared.turn.run(this);
    });
    if (goesOn !== true) return;
    this.overdue++;
    this.overdueBytes += bytes;
  }

  /** The client is gone: an answer that comes now is dropped, with what it holds. */
  private dropPending(): void {
    if (this.pending === null || !this.pendingSettled) return;
    this.completePending(this.pending);
    this.output.drop();
  }

  private onData(chunk: Buffer): void {
    this.touched = this.shared.now;
    if (this.finished) return;
    this.receivedBytes += chunk.length;
    this.frames.push(chunk);
    // Large chunks come in runs: libuv reads on while there is more.
    if (chunk.length >= READ_AHEAD_BYTES / 2 && this.slice.takeBytes(chunk.length)) this.yield();
    if (this.blocked) {
      this.account();
      this.updateReading();
    } else {
      this.shared.turn.run(this);
    }
  }

  /** The others go first; goes on in the next turn of the event loop. */
  private yield(): void {
    if (this.yielded) return;
    this.yielded = true;
    setImmediate(() => {
      this.yielded = false;
      this.slice.renew();
      this.shared.turn.run(this);
    });
  }

  private onEnd(): void {
    this.inputEnded = true;
    this.inputEndedAt = this.shared.now;
    if (this.ended) this.socket.destroySoon();
    else this.shared.turn.run(this);
  }

  private endWhenDone(): void {
    if (this.ended) return;
    const over = (this.inputEnded || this.draining) && this.pending === null && !this.yielded && !this.connecting;
    if (over && !this.frames.hasFrame) this.finished = true;
    if (!this.finished || this.pending !== null) return;
    this.ended = true;
    this.frames.clear();
    this.shared.turn.outbox.send();
    if (this.inputEnded || this.lingerMs === 0) {
      this.socket.destroySoon();
      return;
    }
    this.socket.end(() => {
      if (this.socket.destroyed) return;
      this.lingerTimer = setTimeout(() => {
        this.socket.destroy();
      }, this.lingerMs).unref();
    });
  }

  private account(): void {
    // A handler may outlive its client, and its frame with it.
    const unsent = this.socket.destroyed ? 0 : this.socket.writableLength;
    const held = this.frames.buffered + this.pendingBytes + this.overdueBytes + unsent;
    if (held === this.accounted) return;
    const change = held - this.accounted;
    this.accounted = held;
    this.shared.inFlight.change(change);
  }

  private updateReading(): void {
    const reading = this.mayRead();
    if (reading === this.reading || this.socket.destroyed) return;
    this.reading = reading;
    this.touched = this.shared.now;
    if (reading) this.socket.resume();
    else this.socket.pause();
  }

  private mayRead(): boolean {
    const { inFlight, limits } = this.shared;
    if (this.output.stalled) return false;
    const stopped =
      this.finished ||
      this.draining ||
      this.socket.writableLength >= limits.maxUnsentBytes ||
      (this.blocked && this.frames.buffered >= READ_AHEAD_BYTES && this.frames.hasFrame);
    if (!stopped) return inFlight.mayRead(this);
    inFlight.pass(this);
    // What comes after the last frame that is handled is read and dropped.
    return this.finished;
  }

  private onClose(): void {
    if (this.lingerTimer !== null) clearTimeout(this.lingerTimer);
    this.finished = true;
    this.ended = true;
    this.frames.clear();
    this.account();
    this.shared.inFlight.pass(this);
    this.handler.closed();
  }
}
