import type { PendingFrame } from './frame-handler.js';

/**
 * Progress of a connection. Phases may be skipped, but none returns.
 *
 * - `connecting`: the handler's `connect` has not settled; frames wait.
 * - `open`: frames are handled.
 * - `finished`: no further frame is handled; a request may be in flight.
 * - `ended`: our side of the socket has ended.
 * - `closed`: the socket is closed.
 */
export type Phase = 'connecting' | 'open' | 'finished' | 'ended' | 'closed';

/**
 * How the gateway closes.
 *
 * - `draining`: requests that have arrived as a whole are answered.
 * - `aborting`: the request in flight may still be answered; those behind it are dropped.
 */
export type Shutdown = 'none' | 'draining' | 'aborting';

/** The request in flight: its handler is running, or has settled and its response is not encoded yet. */
export type RequestState = 'none' | 'running' | 'settled';

/** What a connection may do next, decided by the events so far. Without socket, frames and clock. */
export class ConnectionState {
  phase: Phase = 'connecting';
  shutdown: Shutdown = 'none';
  /** `ended` after the client has ended its side: its requests are answered, then we end ours. */
  input: 'open' | 'ended' = 'open';
  inputEndedAt = 0;
  request: RequestState = 'none';
  /** Bytes of the frame of the request in flight; 0 without one. */
  requestBytes = 0;
  /** Whether other connections go first, until the next turn of the event loop. */
  isYielding = false;
  /** False while the socket is paused. */
  isReading = true;
  private frame: PendingFrame | null = null;

  /** Whether the next frame may be handled. */
  get handlesFrames(): boolean {
    return this.phase === 'open' && this.request === 'none' && !this.isYielding;
  }

  /** Whether no further frame will be handled: what the client still sends is dropped. */
  get isFinished(): boolean {
    return this.phase !== 'open' && this.phase !== 'connecting';
  }

  /** Whether the connection is open and reads, without a request in flight or an end in sight. */
  get isSteady(): boolean {
    return (
      this.phase === 'open' &&
      this.request === 'none' &&
      this.isReading &&
      this.input === 'open' &&
      this.shutdown === 'none'
    );
  }

  /** The frame whose handler has settled; null without one. */
  get settledFrame(): PendingFrame | null {
    return this.request === 'settled' ? this.frame : null;
  }

  connected(): void {
    if (this.phase === 'connecting') this.phase = 'open';
  }

  requestStarted(frame: PendingFrame, bytes: number): void {
    this.request = 'running';
    this.frame = frame;
    this.requestBytes = bytes;
  }

  requestSettled(): void {
    this.request = 'settled';
  }

  requestCompleted(): void {
    this.request = 'none';
    this.frame = null;
    this.requestBytes = 0;
    if (this.shutdown === 'aborting') this.finish();
  }

  inputEnded(now: number): void {
    this.input = 'ended';
    this.inputEndedAt = now;
  }

  drain(): void {
    if (this.shutdown === 'none') this.shutdown = 'draining';
  }

  abort(): void {
    this.shutdown = 'aborting';
    if (this.request === 'none') this.finish();
  }

  /** Handles no further frame. */
  finish(): void {
    if (!this.isFinished) this.phase = 'finished';
  }

  /**
   * Moves to `ended` when no response is left to write. Returns whether it did; our side of the socket is to be ended
   * then.
   */
  end(frames: { readonly hasFrame: boolean }): boolean {
    if (this.request !== 'none' || this.phase === 'ended' || this.phase === 'closed') return false;
    const isLast = this.input === 'ended' || this.shutdown !== 'none';
    if (isLast && this.handlesFrames && !frames.hasFrame) this.finish();
    if (this.phase !== 'finished') return false;
    this.phase = 'ended';
    return true;
  }

  closed(): void {
    this.phase = 'closed';
  }
}
