import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ConnectionLimits } from './connection-limits.js';
import { Connection, type ConnectionShared } from './connection.js';
import type { FrameHandler } from './frame-handler.js';
import { InFlightBytes } from './in-flight-bytes.js';
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
export class TooManyConnectionsError extends Error {
  override readonly name: string = 'TooManyConnectionsError';

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

/** How often the limits on time are looked at, in relation to the shortest of them. */
const SWEEPS_PER_LIMIT = 8;
const SHORTEST_SWEEP_MS = 5;
const LONGEST_SWEEP_MS = 1_000;

/** For the errors of a socket that is no connection, or not yet. */
const ignore = (): void => undefined;

/** Binds, accepts, keeps the connections and their limits, and drains them at the end. */
export class Listener implements ConnectionShared {
  readonly limits: ConnectionLimits;
  readonly turn: Turn = new Turn();
  readonly inFlight: InFlightBytes;
  now = 0;

  readonly #settings: ListenerSettings;
  readonly #server: Server;
  readonly #onError: (error: Error) => void;
  readonly #connections = new Set<Connection>();
  /** Connections whose handlers or hooks are not done, the closed ones among them. */
  #present = 0;
  #accept: Accept | null = null;
  /** Sockets that came between bind and accept. */
  #early: Socket[] = [];
  #sweeper: NodeJS.Timeout | null = null;
  #onChange: (() => void) | null = null;

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
    return this.#present - this.#connections.size;
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
    const shortest = Math.min(idleTimeoutMs, frameTimeoutMs, writeTimeoutMs) / SWEEPS_PER_LIMIT;
    const interval = Math.min(Math.max(shortest, SHORTEST_SWEEP_MS), LONGEST_SWEEP_MS);
    let last = performance.now();
    this.#sweeper = setInterval(() => {
      const now = performance.now();
      // A process that was held up has not read what its clients sent meanwhile: that time is none of theirs.
      this.now += Math.min(now - last, 2 * interval);
      last = now;
      for (const connection of this.#connections) connection.sweep(this.now);
    }, interval).unref();
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
    this.#present++;
    const handler = accept.handler(socket, () => {
      this.#present--;
      this.#onChange?.();
    });
    const connection = new Connection(socket, handler, this);
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
      this.#onChange?.();
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
    const isEmpty = (): boolean => this.#connections.size === 0 && (of === 'sockets' || this.#present === 0);
    if (isEmpty()) return Promise.resolve(true);
    const signal = typeof limit === 'number' ? null : limit;
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', settle);
        this.#onChange = null;
        resolve(isEmpty());
      };
      const timer = typeof limit === 'number' ? setTimeout(settle, limit) : undefined;
      signal?.addEventListener('abort', settle);
      this.#onChange = () => {
        if (isEmpty()) settle();
      };
    });
  }

  /** Stops looking at the limits on time. */
  stop(): void {
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    this.#sweeper = null;
  }
}
