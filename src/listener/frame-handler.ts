/** The frame was answered, or nothing is owed: go on with the next. */
export const DONE = 0;
/** Write what has been answered, then close the connection. */
export const CLOSE = 1;

/** A frame whose answer is not there yet. The frames behind it wait. */
export interface PendingFrame {
  /** Calls back once when the answer is there, maybe at once. */
  whenSettled(callback: () => void): void;
  /** Encodes the answer. */
  complete(): typeof DONE | typeof CLOSE;
  /**
   * Whether its handler goes on although the answer is given without it, and may keep the frame; it calls back once when
   * that has come to its end. Absent where there is no handler.
   */
  goesOn?(onEnd: () => void): boolean;
}

/** What became of a frame. */
export type FrameOutcome = typeof DONE | typeof CLOSE | PendingFrame;

/** What a connection asks of whoever understands its frames. Responses go to the buffer that both share. */
export interface FrameHandler {
  /** Called before the first frame. A rejection or a throw closes the connection. */
  connect(): PromiseLike<void> | null;
  /** Handles the frame at `start` to `end` of `bytes`. Never throws. */
  handle(bytes: Buffer, start: number, end: number): FrameOutcome;
  /** A length prefix that cannot be: nothing more can be read. */
  badFrame(error: Error): void;
  /** Nobody waits for the pending answer any more. */
  abort(cause: 'disconnect' | 'shutdown'): void;
  /** The socket failed or a limit was hit. */
  failed(error: Error): void;
  /** An owner of record memory threw when it was given back. */
  releaseFailed(error: unknown): void;
  /** The socket is closed. Called once, last. */
  closed(): void;
}
