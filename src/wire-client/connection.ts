import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { FrameReader } from '../listener/frame-reader.js';
import { CodedError } from '../protocol/errors.js';
import { WireFrame } from './frames.js';

/** The longest response that is read, in bytes. */
const MAX_RESPONSE_BYTES = 100 * 1024 * 1024;

/** The connection ended before the response came. `cause` is the error of the socket, if it had one. */
export class WireClosedError extends CodedError {
  override readonly name: string = 'WireClosedError';
  /** Stable over releases. */
  readonly code = 'CONNECTION_CLOSED';
}

/** The server did not accept the connection or did not respond in time. */
export class WireTimeoutError extends CodedError {
  override readonly name: string = 'WireTimeoutError';
  /** Stable over releases. */
  readonly code = 'TIMED_OUT';
}

/** Options of a {@link WireConnection}. */
export interface WireConnectionOptions {
  /** Most milliseconds until a response comes. One that takes longer closes the connection. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Called for each response in the order in which they come. */
  readonly onResponse?: ((correlationId: number) => void) | undefined;
}

/** A caller that waits for a response. */
interface Waiter {
  /** Begins the message of an error. */
  readonly what: string;
  resolve(frame: WireFrame): void;
  reject(error: Error): void;
}

/**
 * Connects a socket.
 *
 * @param timeoutMs - Most milliseconds until the server accepts. Default: no limit.
 * @throws WireTimeoutError, or the error of the socket.
 */
export function connectSocket(to: TcpNetConnectOpts, timeoutMs?: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...to, noDelay: true });
    const timer = startTimer(timeoutMs, () => {
      socket.destroy(new WireTimeoutError(`no connection within ${String(timeoutMs)} ms`));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/**
 * The client's end of one connection: writes requests and reads responses. Several requests may be under way: a response
 * goes to the {@link request} with its correlation id, any other to {@link next}.
 *
 * Both reject with a {@link WireClosedError} or {@link WireTimeoutError}, and with a `FrameLengthError` or `DecodeError`
 * for bytes that are not the frame of a response. After a timeout or such bytes the connection is closed: what would come
 * next may belong to another request.
 */
export class WireConnection {
  /** The socket, for what the methods do not offer. */
  readonly socket: Socket;
  /** Resolves when the socket is closed, whatever the reason. */
  readonly closed: Promise<void>;
  readonly #options: WireConnectionOptions;
  readonly #reader = new FrameReader(MAX_RESPONSE_BYTES);
  readonly #requests = new Map<number, Waiter>();
  readonly #nexts: Waiter[] = [];
  /** Responses for {@link next}. */
  readonly #unclaimed: WireFrame[] = [];
  /** Makes the error for a waiter once the connection has failed. */
  #failure: ((what: string) => Error) | null = null;

  /** @param socket - A connected socket, such as one of {@link connectSocket} or a TLS socket. */
  constructor(socket: Socket, options: WireConnectionOptions = {}) {
    this.socket = socket;
    this.#options = options;
    let cause: Error | undefined;
    socket.on('error', (error) => {
      cause = error; // `close` follows
    });
    socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#fail((what) => closedError(what, cause?.message ?? 'the server closed the connection', cause));
        resolve();
      });
    });
  }

  /**
   * Sends a request and returns its response.
   *
   * @param frame - The request with its length prefix.
   * @param what - Begins the message of an error: `Metadata v12`.
   */
  request(frame: Uint8Array, correlationId: number, what = ''): Promise<WireFrame> {
    return this.#wait(what, (waiter) => {
      this.#requests.set(correlationId, waiter);
      this.sendRaw(frame);
    });
  }

  /** Returns the next response that belongs to no {@link request}. */
  next(): Promise<WireFrame> {
    const frame = this.#unclaimed.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    return this.#wait('', (waiter) => {
      this.#nexts.push(waiter);
    });
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Closes the connection at once and rejects the requests under way. */
  async close(): Promise<void> {
    this.#fail((what) => closedError(what, 'the connection is closed'));
    await this.closed;
  }

  #wait(what: string, register: (waiter: Waiter) => void): Promise<WireFrame> {
    const prefix = what === '' ? '' : `${what}: `;
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure(prefix));
        return;
      }
      const { timeoutMs } = this.#options;
      const timer = startTimer(timeoutMs, () => {
        this.#fail((late) => new WireTimeoutError(`${late}no answer within ${String(timeoutMs)} ms`));
      });
      register({
        what: prefix,
        resolve(frame) {
          clearTimeout(timer);
          resolve(frame);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  #onData(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      while (this.#reader.next()) {
        const { bytes, start, end } = this.#reader;
        this.#onFrame(new WireFrame(bytes.subarray(start, end)));
      }
    } catch (error) {
      this.#fail(() => error as Error);
    }
  }

  #onFrame(frame: WireFrame): void {
    const { correlationId } = frame;
    this.#options.onResponse?.(correlationId);
    const waiter = this.#requests.get(correlationId) ?? this.#nexts.shift();
    this.#requests.delete(correlationId);
    if (waiter === undefined) this.#unclaimed.push(frame);
    else waiter.resolve(frame);
  }

  #fail(errorFor: (what: string) => Error): void {
    if (this.#failure !== null) return;
    this.#failure = errorFor;
    this.socket.destroy();
    for (const waiter of [...this.#requests.values(), ...this.#nexts]) waiter.reject(errorFor(waiter.what));
    this.#requests.clear();
    this.#nexts.length = 0;
  }
}

function closedError(what: string, why: string, cause?: Error): WireClosedError {
  return new WireClosedError(what + why, cause && { cause });
}

function startTimer(ms: number | undefined, onTimeout: () => void): NodeJS.Timeout | undefined {
  return ms === undefined ? undefined : setTimeout(onTimeout, ms);
}
