import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { CodedError } from '../protocol/errors.js';
import type { ConnectionLimits } from './connection-limits.js';
import { ConnectionSet } from './connection-set.js';
import { Connection, type ConnectionShared } from './connection.js';
import type { FrameHandler } from './frame-handler.js';
import { InFlightBytes } from './in-flight-bytes.js';
import { SweepClock } from './sweep-clock.js';
import { Turn } from './turn.js';

/** Where to bind, and the limits that hold there. */
export interface ListenerSettings extends ConnectionLimits {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
  readonly maxConnections: number;
  readonly maxInFlightBytes: number;
}

/** A client connected while there were `maxConnections` already. */
export class TooManyConnectionsError extends CodedError {
  override readonly name: string = 'TooManyConnectionsError';
  readonly code = 'TOO_MANY_CONNECTIONS';

  /** @param maxConnections - The most that are allowed at once. */
  constructor(readonly maxConnections: number) {
    super(`more than ${String(maxConnections)} connections`);
  }
}

/** What a listener needs to make of a socket a connection. */
export interface Accept {
  /** Called for every socket that is taken; `onGone` is to be called when nothing of the connection is left. */
  handler(socket: Socket, onGone: () => void): FrameHandler;
  /** Called for every socket that is one too many. */
  refused(socket: Socket, error: TooManyConnectionsError): void;
}

/** For the errors of a socket that is no connection, or not yet. */
const ignore = (): void => undefined;

/** Binds, accepts, keeps the connections and their limits, and drains them at the end. */
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
  /** Sockets that came between bind and accept. */
  #early: Socket[] = [];

  constructor(settings: ListenerSettings, onError: (error: Error) => void) {
    this.#settings = settings;
    this.limits = settings;
    this.inFlight = new InFlightBytes(settings.maxInFlightBytes);
    // A client may end its side and still read what it asked for.
    this.#server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) => {
      this.adopt(socket);
    });
    this.#onError = onError;
  }

  /** Closed connections whose handlers or hooks are not done. */
  get leftovers(): number {
    return this.#connections.leftovers;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Binds; rejects when the address cannot be had. Connections wait until {@link accept}. */
  async bind(): Promise<AddressInfo> {
    const { host, port, backlog } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog }, () => {
        // What fails before, bind() tells; from here on there is no one else to.
        this.#server.off('error', reject).on('error', this.#onError);
        resolve();
      });
    });
    return this.#server.address() as AddressInfo;
  }

  /** Lets connections in, the waiting ones first. */
  accept(accept: Accept): void {
    this.#accept = accept;
    const { idleTimeoutMs, frameTimeoutMs, writeTimeoutMs } = this.limits;
    this.clock.start(Math.min(idleTimeoutMs, frameTimeoutMs, writeTimeoutMs), (now) => {
      for (const connection of this.#connections) connection.sweep(now);
    });
    for (const socket of this.#early.splice(0)) this.adopt(socket);
  }

  /** Takes a socket as a connection, or closes it when there are too many. Ignores a socket that is closed already. */
  adopt(socket: Socket): void {
    if (socket.destroyed) return;
    const accept = this.#accept;
    if (accept === null) {
      // It may be reset while it waits.
      socket.on('error', ignore);
      this.#early.push(socket);
      return;
    }
    const { maxConnections } = this.#settings;
    if (this.#connections.size >= maxConnections) {
      socket.on('error', ignore);
      // First, for a closed socket no longer says whose it was.
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

  /** Stops accepting; settles when the port is free. */
  async unbind(): Promise<void> {
    for (const socket of this.#early.splice(0)) socket.destroy();
    if (!this.#server.listening) return;
    // Not awaited to the end: close() calls back after the last connection only, and those are ours to wait for.
    this.#server.close();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends every connection once what has arrived on it is answered. */
  drain({ hurry }: { readonly hurry: boolean }): void {
    for (const connection of this.#connections) connection.drain({ hurry });
  }

  /** Aborts the requests in flight. */
  abort(): void {
    for (const connection of this.#connections) connection.abort('shutdown');
  }

  /** Closes every connection at once. */
  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /**
   * Settles with true when no connection is left, or with false at the limit: milliseconds, or a signal that aborts.
   * One at a time may wait.
   *
   * @param of - `sockets`: what is open. `all`: handlers and hooks of those that are closed as well.
   */
  empty(limit: number | AbortSignal, of: 'sockets' | 'all' = 'all'): Promise<boolean> {
    return this.#connections.empty(limit, of);
  }

  /** Stops looking at the limits on time. */
  stop(): void {
    this.clock.stop();
  }
}
