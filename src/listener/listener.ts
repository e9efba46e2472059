import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { CodedError } from '../protocol/errors.js';
import type { ConnectionLimits } from './connection-limits.js';
import { ConnectionSet } from './connection-set.js';
import { Connection, type ConnectionShared } from './connection.js';
import type { FrameHandler } from './frame-handler.js';
import { InFlightBytes } from './in-flight-bytes.js';
import { SweepClock } from './sweep-clock.js';
import { Turn } from './turn.js';

/** Options of a listener: the address to bind and the limits. */
export interface ListenerSettings extends ConnectionLimits {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
  readonly maxConnections: number;
  readonly maxInFlightBytes: number;
}

/** Reported when a connection is refused because `maxConnections` are open. */
export class TooManyConnectionsError extends CodedError {
  override readonly name: string = 'TooManyConnectionsError';
  readonly code = 'TOO_MANY_CONNECTIONS';

  /** @param maxConnections - Maximum number of open connections. */
  constructor(readonly maxConnections: number) {
    super(`more than ${String(maxConnections)} connections`);
  }
}

/** Callbacks with which a listener turns a socket into a connection. */
export interface Accept {
  /** Called for every accepted socket. The handler must call `onGone` when the connection has ended completely. */
  handler(socket: Socket, onGone: () => void): FrameHandler;
  /** Called for every socket beyond the limit. */
  refused(socket: Socket, error: TooManyConnectionsError): void;
}

/** Ignores the errors of a socket that is not a connection, or not yet. */
const ignore = (): void => undefined;

/** Binds, accepts connections, enforces their limits, and drains them on close. */
export class Listener implements ConnectionShared {
  readonly limits: ConnectionLimits;
  readonly turn: Turn = new Turn();
  readonly inFlight: InFlightBytes;
  readonly clock: SweepClock = new SweepClock();

  readonly #settings: ListenerSettings;
  readonly #server: Server;
  readonly #onError: (error: Error) => void;
  readonly #connections = new ConnectionSet();
  #accept: Accept | null = null;
  /** Sockets that connected between bind and accept. */
  #early: Socket[] = [];

  constructor(settings: ListenerSettings, onError: (error: Error) => void) {
    this.#settings = settings;
    this.limits = settings;
    this.inFlight = new InFlightBytes(settings.maxInFlightBytes);
    // A client may end its side and still read its responses.
    this.#server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) => {
      this.adopt(socket);
    });
    this.#onError = onError;
  }

  /** Number of closed connections whose handlers or hooks have not finished. */
  get leftovers(): number {
    return this.#connections.leftovers;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Binds the address. Rejects if it is unavailable. Connections wait until {@link accept}. */
  async bind(): Promise<AddressInfo> {
    const { host, port, backlog } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog }, () => {
        // bind() rejects for earlier errors. Later errors are reported here.
        this.#server.off('error', reject).on('error', this.#onError);
        resolve();
      });
    });
    return this.#server.address() as AddressInfo;
  }

  /** Accepts connections, the waiting ones first. */
  accept(accept: Accept): void {
    this.#accept = accept;
    const { idleTimeoutMs, frameTimeoutMs, writeTimeoutMs } = this.limits;
    this.clock.start(Math.min(idleTimeoutMs, frameTimeoutMs, writeTimeoutMs), (now) => {
      for (const connection of this.#connections) connection.sweep(now);
    });
    for (const socket of this.#early.splice(0)) this.adopt(socket);
  }

  /** Adopts a socket as a connection, or closes it if there are too many. Ignores a closed socket. */
  adopt(socket: Socket): void {
    if (socket.destroyed) return;
    const accept = this.#accept;
    if (accept === null) {
      // The socket may be reset while it waits.
      socket.on('error', ignore);
      this.#early.push(socket);
      return;
    }
    const { maxConnections } = this.#settings;
    if (this.#connections.size >= maxConnections) {
      socket.on('error', ignore);
      // Called before the close, because a closed socket no longer has its remote address.
      accept.refused(socket, new TooManyConnectionsError(maxConnections));
      socket.destroy();
      return;
    }
    this.#connections.enter();
    const handler = accept.handler(socket, () => {
      this.#connections.leave();
    });
    const connection = new Connection(socket, handler, this);
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
    });
    connection.start();
  }

  /** Stops accepting. Settles when the port is free. */
  async unbind(): Promise<void> {
    for (const socket of this.#early.splice(0)) socket.destroy();
    if (!this.#server.listening) return;
    // The callback of close() is not awaited: it runs only after the last connection, which the gateway awaits itself.
    this.#server.close();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends every connection after its received requests are answered. */
  drain({ hurry }: { readonly hurry: boolean }): void {
    for (const connection of this.#connections) connection.drain({ hurry });
  }

  /** Aborts the requests in flight. */
  abort(): void {
    for (const connection of this.#connections) connection.abort('shutdown');
  }

  /** Closes every connection immediately. */
  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /**
   * Resolves to true when no connection is left, or to false at the limit, which is a time in milliseconds or a signal.
   * Supports one waiting caller at a time.
   *
   * @param of - `sockets` waits for open sockets. `all` also waits for the handlers and hooks of closed connections.
   */
  empty(limit: number | AbortSignal, of: 'sockets' | 'all' = 'all'): Promise<boolean> {
    return this.#connections.empty(limit, of);
  }

  /** Stops checking the timeouts. */
  stop(): void {
    this.clock.stop();
  }
}
