import type { AbortCause, ConnectionInfo } from '../contract/index.js';
import { isPromise } from '../awaitable.js';
import type { FrameHandler, FrameOutcome } from '../listener/frame-handler.js';
import { type Call, type CallScope, handleFrame } from './call.js';
import type { Dispatch } from './dispatch.js';
import { reportError, reportProtocolError } from './reports.js';

/** Runs one connection against the backend: `connect`, its calls in order, then `disconnect`. */
export class Session implements FrameHandler, CallScope {
  readonly dispatch: Dispatch;
  readonly connection: ConnectionInfo;
  state: unknown = undefined;
  isClosed = false;
  private isConnected = false;
  /** The call whose handler has returned a promise, until that settles. */
  private pending: Call | null = null;
  /** Handlers that have not settled, those of timed-out requests included; `connect` counts as one. */
  private running = 0;
  private readonly onGone: () => void;

  /** @param onGone - Called when the connection is closed and its last handler has settled. */
  constructor(dispatch: Dispatch, connection: ConnectionInfo, onGone: () => void) {
    this.dispatch = dispatch;
    this.connection = connection;
    this.onGone = onGone;
  }

  connect(): PromiseLike<void> | null {
    const { backend } = this.dispatch;
    try {
      const state: unknown = backend.connect?.(this.connection);
      if (!isPromise(state)) {
        this.welcome(state);
        return null;
      }
      this.running++;
      // Converted to a real promise, because a thenable may call back twice, throw in `then`, or return nothing from
      // it.
      return Promise.resolve(state).then(
        (settled) => {
          this.welcome(settled);
          this.finishOne();
        },
        (error: unknown) => {
          reportError(this, 'connect', null, error);
          this.finishOne();
          throw error;
        },
      );
    } catch (error) {
      reportError(this, 'connect', null, error);
      throw error;
    }
  }

  handle(bytes: Buffer, start: number, end: number): FrameOutcome {
    return handleFrame(this, bytes, start, end);
  }

  handlerStarted(call: Call): void {
    this.pending = call;
    this.running++;
  }

  handlerSettled(call: Call): void {
    if (this.pending === call) this.pending = null;
    this.finishOne();
  }

  badFrame(error: Error): void {
    reportProtocolError(this, error, null, null);
  }

  abort(cause: AbortCause): void {
    this.pending?.abort(cause);
  }

  failed(error: Error): void {
    const { events } = this.dispatch;
    if (events.has('connectionError')) events.emit('connectionError', { connection: this.connection, error });
  }

  releaseFailed(error: unknown): void {
    reportError(this, 'release', null, error);
  }

  closed(): void {
    this.isClosed = true;
    this.pending?.abort('disconnect');
    if (this.running === 0) this.goodbye();
  }

  private welcome(state: unknown): void {
    this.state = state;
    this.isConnected = true;
  }

  private finishOne(): void {
    this.running--;
    if (this.isClosed && this.running === 0) this.goodbye();
  }

  private goodbye(): void {
    const done = (): void => {
      this.dispatch.events.emit('disconnect', this.connection);
      this.onGone();
    };
    const failed = (error: unknown): void => {
      reportError(this, 'disconnect', null, error);
      done();
    };
    if (!this.isConnected) {
      done();
      return;
    }
    try {
      const left: unknown = this.dispatch.backend.disconnect?.(this.connection, this.state);
      if (isPromise(left)) Promise.resolve(left).then(done, failed);
      else done();
    } catch (error) {
      failed(error);
    }
  }
}
