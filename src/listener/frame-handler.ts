/** The frame was answered or has no response. Continue with the next frame. */
export const DONE = 0;
/** Write the encoded responses, then close the connection. */
export const CLOSE = 1;

/** A frame whose response is not ready. The frames behind it wait. */
export interface PendingFrame {
  /** Calls back once when the response is ready, possibly before it returns. */
  whenSettled(callback: () => void): void;
  /** Encodes the response. */
  complete(): typeof DONE | typeof CLOSE;
  /**
   * Whether the handler continues after its request timed out; it may still use the frame then. Calls back once when
   * the handler has finished. Absent if there is no handler.
   */
  goesOn?(onEnd: () => void): boolean;
}

/** Result of handling a frame. */
export type FrameOutcome = typeof DONE | typeof CLOSE | PendingFrame;

/** Handles the frames of a connection. Writes responses to the buffer that it shares with the connection. */
export interface FrameHandler {
  /** Called before the first frame. If it rejects or throws, the connection is closed. */
  connect(): PromiseLike<void> | null;
  /** Handles the frame at `start` to `end` of `bytes`. Never throws. */
  handle(bytes: Buffer, start: number, end: number): FrameOutcome;
  /** Called for an invalid length prefix. No further frames can be read. */
  badFrame(error: Error): void;
  /** Called when the pending response is no longer needed. */
  abort(cause: 'disconnect' | 'shutdown'): void;
  /** Called when the socket failed or a limit was exceeded. */
  failed(error: Error): void;
  /** Called when a `release` of record memory threw. */
  releaseFailed(error: unknown): void;
  /** Called once, as the last call, when the socket has closed. */
  closed(): void;
}
