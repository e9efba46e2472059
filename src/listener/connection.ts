import type { Socket } from 'node:net';
import { type ConnectionLimits, ConnectionTimeoutError } from './connection-limits.js';
import { ConnectionState } from './connection-state.js';
import { Ending } from './ending.js';
import { CLOSE, type FrameHandler, type FrameOutcome, type PendingFrame } from './frame-handler.js';
import { FrameReader } from './frame-reader.js';
import type { BudgetMember, InFlightBytes } from './in-flight-bytes.js';
import { Output, type OutputOwner } from './output.js';
import { OverdueHandlers } from './overdue-handlers.js';
import { Pace } from './pace.js';
import { Slice } from './slice.js';
import type { SweepClock } from './sweep-clock.js';
import type { Turn, Work } from './turn.js';

/** Resources that the connections of a gateway share. */
export interface ConnectionShared {
  readonly limits: ConnectionLimits;
  readonly turn: Turn;
  readonly inFlight: InFlightBytes;
  readonly clock: SweepClock;
}

/** Maximum number of bytes to read ahead while a request is in flight, in addition to a whole frame. */
const READ_AHEAD_BYTES = 64 * 1024;
/**
 * Responses are written to the socket in runs of this size, so that a large chunk of requests does not accumulate them.
 */
const WRITE_BYTES = 256 * 1024;
/** Time to wait for a slow response after the client has ended its side. Most such clients are gone. */
const HALF_CLOSED_MS = 5_000;

/**
 * Serves one socket. Passes frames to the handler one at a time, and writes the responses in the same order. Decides
 * when to stop reading (a request in flight, unread responses, too little memory) and when to close the connection.
 */
export class Connection implements BudgetMember, OutputOwner, Work {
  private readonly socket: Socket;
  private readonly handler: FrameHandler;
  private readonly shared: ConnectionShared;
  private readonly state: ConnectionState = new ConnectionState();
  private readonly frames: FrameReader;
  private readonly overdue: OverdueHandlers;
  private readonly pace: Pace;
  private readonly slice: Slice;
  private readonly output: Output;
  private readonly ending: Ending;
  /** Number of bytes that it holds of the shared budget. */
  private accounted = 0;
  /** Time of the last activity of the client or a handler. */
  private touched: number;

  constructor(socket: Socket, handler: FrameHandler, shared: ConnectionShared) {
    this.socket = socket;
    this.handler = handler;
    this.shared = shared;
    this.frames = new FrameReader(shared.limits.maxFrameBytes);
    this.overdue = new OverdueHandlers(() => {
      shared.turn.run(this);
    });
    this.pace = new Pace(this, shared.limits, shared.inFlight);
    this.slice = new Slice(shared.turn);
    this.output = new Output(socket, shared, this);
    this.ending = new Ending(socket);
    this.touched = shared.clock.now;
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

  /** Calls `connect` of the handler, then starts to read. */
  start(): void {
    let greeted: PromiseLike<void> | null;
    try {
      greeted = this.handler.connect();
    } catch {
      this.socket.destroy();
      return;
    }
    // A socket that was accepted elsewhere may be paused or may have ended.
    if (this.socket.readableEnded) this.state.inputEnded(this.shared.clock.now);
    this.socket.resume();
    if (greeted === null) {
      this.state.connected();
      if (this.state.input === 'ended') this.shared.turn.run(this);
      return;
    }
    greeted.then(
      () => {
        this.state.connected();
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

  /** Answers the complete requests, then ends. With `hurry`, does not wait for the client's end. */
  drain({ hurry }: { readonly hurry: boolean }): void {
    this.state.drain();
    if (hurry) {
      this.ending.hurry();
      if (this.state.phase === 'ended') this.socket.destroySoon();
    }
    this.shared.turn.run(this);
  }

  /** Aborts the request in flight. Its response is still written. Requests behind it are dropped. */
  abort(cause: 'shutdown'): void {
    this.state.abort();
    this.handler.abort(cause);
  }

  /** Closes immediately. */
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
    this.touched = this.shared.clock.now;
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

  /** Closes the connection if a timeout has expired. */
  sweep(now: number): void {
    const { limits } = this.shared;
    const { state } = this;
    // While the socket is paused, the client cannot be late.
    if (!state.isReading) this.touched = now;
    const tooSlow = this.pace.check(now);
    if (tooSlow !== null) this.destroy(tooSlow);
    if (state.input === 'ended' && state.request !== 'none' && now - state.inputEndedAt > HALF_CLOSED_MS) {
      this.socket.destroy();
      return;
    }
    if (this.output.sweep(now) || state.request !== 'none') return;
    const quietMs = now - this.touched;
    if (this.frames.partial) {
      if (quietMs <= limits.frameTimeoutMs) return;
      const what = `no byte of a begun frame for ${String(limits.frameTimeoutMs)} ms`;
      this.destroy(new ConnectionTimeoutError('frameTimeoutMs', what));
    } else if (state.phase !== 'connecting' && quietMs > limits.idleTimeoutMs) {
      this.destroy(new ConnectionTimeoutError('idleTimeoutMs', `idle for ${String(limits.idleTimeoutMs)} ms`));
    }
  }

  /** Handles the received frames as far as allowed, then writes the responses. */
  work(): void {
    const settled = this.state.settledFrame;
    if (this.socket.destroyed) {
      if (settled !== null) this.drop(settled);
      this.account();
      return;
    }
    const { responses } = this.shared.turn;
    if (settled !== null) this.complete(settled);
    this.output.lookAtUnsent();
    let handled = false;
    while (!this.blocked) {
      const outcome = this.nextFrame();
      if (outcome === null) break;
      if (typeof outcome === 'object') this.wait(outcome);
      else if (outcome === CLOSE) this.state.finish();
      if (responses.length >= WRITE_BYTES) this.output.flush();
      handled = true;
      if (this.slice.takeFrame()) this.yield();
    }
    this.output.flush();
    if (this.atRest) return;
    this.endWhenDone();
    this.account();
    if (handled) this.shared.inFlight.pass(this);
    this.updateReading();
  }

  /** Whether nothing is held, awaited or about to end. In this common case there is nothing else to do. */
  private get atRest(): boolean {
    return (
      this.accounted === 0 &&
      this.frames.buffered === 0 &&
      this.state.isSteady &&
      this.socket.writableLength === 0 &&
      !this.shared.inFlight.full
    );
  }

  private get blocked(): boolean {
    return !this.state.handlesFrames || this.output.congested || this.overdue.isFull;
  }

  /** Passes the next frame to the handler. Returns null if there is none. */
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

  private wait(frame: PendingFrame): void {
    this.state.requestStarted(frame, this.frames.end - this.frames.start);
    frame.whenSettled(() => {
      this.state.requestSettled();
      this.shared.turn.run(this);
    });
  }

  /**
   * Encodes the response of the request in flight. After a timeout, its handler continues and its frame still counts.
   */
  private complete(frame: PendingFrame): void {
    this.overdue.add(frame, this.state.requestBytes);
    this.state.requestCompleted();
    this.touched = this.shared.clock.now;
    if (frame.complete() === CLOSE) this.state.finish();
  }

  /** Drops the response because the client is gone, and releases its record memory. */
  private drop(frame: PendingFrame): void {
    this.complete(frame);
    this.output.drop();
  }

  private onData(chunk: Buffer): void {
    this.touched = this.shared.clock.now;
    if (this.state.isFinished) return;
    this.pace.received(chunk.length);
    this.frames.push(chunk);
    // Large chunks arrive in runs, because libuv continues to read while data is available.
    if (chunk.length >= READ_AHEAD_BYTES / 2 && this.slice.takeBytes(chunk.length)) this.yield();
    if (this.blocked) {
      this.account();
      this.updateReading();
    } else {
      this.shared.turn.run(this);
    }
  }

  /** Lets other connections go first, until the next turn of the event loop. */
  private yield(): void {
    if (this.state.isYielding) return;
    this.state.isYielding = true;
    setImmediate(() => {
      this.state.isYielding = false;
      this.slice.renew();
      this.shared.turn.run(this);
    });
  }

  private onEnd(): void {
    this.state.inputEnded(this.shared.clock.now);
    if (this.state.phase === 'ended') this.socket.destroySoon();
    else this.shared.turn.run(this);
  }

  private endWhenDone(): void {
    if (!this.state.end(this.frames)) return;
    this.frames.clear();
    this.shared.turn.outbox.send();
    this.ending.begin(this.state.input);
  }

  private account(): void {
    // A handler may outlive its client and then keeps its frame.
    const unsent = this.socket.destroyed ? 0 : this.socket.writableLength;
    const held = this.frames.buffered + this.state.requestBytes + this.overdue.bytes + unsent;
    if (held === this.accounted) return;
    const change = held - this.accounted;
    this.accounted = held;
    this.shared.inFlight.change(change);
  }

  private updateReading(): void {
    const reading = this.mayRead();
    if (reading === this.state.isReading || this.socket.destroyed) return;
    this.state.isReading = reading;
    this.touched = this.shared.clock.now;
    if (reading) this.socket.resume();
    else this.socket.pause();
  }

  private mayRead(): boolean {
    const { inFlight, limits } = this.shared;
    const { state } = this;
    const stopped =
      state.isFinished ||
      state.shutdown !== 'none' ||
      this.socket.writableLength >= limits.maxUnsentBytes ||
      (this.blocked && this.frames.buffered >= READ_AHEAD_BYTES && this.frames.hasFrame);
    if (!stopped) return inFlight.mayRead(this);
    inFlight.pass(this);
    // Bytes after the last handled frame are read and dropped.
    return state.isFinished;
  }

  private onClose(): void {
    this.ending.stop();
    this.state.closed();
    this.frames.clear();
    this.account();
    this.shared.inFlight.pass(this);
    this.handler.closed();
  }
}
