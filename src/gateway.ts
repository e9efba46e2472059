import { type AddressInfo, Socket } from 'node:net';
import { createStubBackend } from '../adapters/stub/stub-backend.js';
import { MAX_TIMER_MS } from './checks.js';
import type { Backend, BackendStatus, ConnectionInfo, Endpoint, GatewayHandle, Principal } from './contract/index.js';
import type { DispatchCounters } from './dispatch/dispatch.js';
import { GatewayError, OptionError, textOf } from './errors.js';
import { type GatewayEvents, GuardedEvents } from './events.js';
import type { FrameHandler } from './listener/frame-handler.js';
import { Listener } from './listener/listener.js';
import { checkBackend, checkOptions, type CheckedOptions, type GatewayOptions } from './options.js';
import { settles } from './settles.js';

/** Current statistics of a gateway. */
export interface GatewayStats {
  /** Number of open connections. */
  readonly connections: number;
  /** Number of bytes that count against `maxInFlightBytes`. */
  readonly inFlightBytes: number;
  /** Number of requests with extra bytes after the body. The gateway skips these bytes. */
  readonly requestsWithTrailingBytes: number;
  /** The last status that the backend reported; `active` if it has not reported one. */
  readonly backendStatus: BackendStatus;
}

/** Options of {@link KafkaGateway.close}. */
export interface CloseOptions {
  /**
   * Time in milliseconds, 0 or more, to answer the requests in flight and to let clients read the responses. After that,
   * requests are aborted and connections are closed. Default: 25000.
   */
  readonly drainTimeoutMs?: number | undefined;
}

/** A Kafka listener that passes requests to a backend. Created by {@link createKafkaGateway}. */
export interface KafkaGateway extends AsyncDisposable {
  /** The bound address; null while the gateway is not bound. */
  readonly endpoint: Endpoint | null;
  /** The address that the gateway advertises to clients. Null before it is bound, unless the options set host and port. */
  readonly advertised: Endpoint | null;
  /**
   * Opens the backend, binds the listener, and accepts connections. If a step fails, the previous steps are undone, and
   * `listen` may be called again.
   *
   * @returns The bound address.
   * @throws GatewayError if the gateway is listening or closed, or if another gateway has the backend open.
   */
  listen(): Promise<Endpoint>;
  /**
   * Answers the requests that have arrived, then closes the connections and the backend. Further calls wait for the same
   * close. Settles about three seconds after `drainTimeoutMs` at the latest. A backend that has not finished by then is
   * reported as `error`.
   *
   * @throws OptionError, as a rejection, if `drainTimeoutMs` is not a number of 0 or more.
   */
  close(options?: CloseOptions): Promise<void>;
  /**
   * Serves a connection that was accepted elsewhere, such as a TLS socket.
   *
   * @throws GatewayError if the gateway is not listening or if a gateway already serves the socket. OptionError if the
   * socket is not connected or has an encoding.
   */
  handleConnection(socket: Socket): void;
  /** Returns the current statistics. */
  stats(): GatewayStats;
  /**
   * Adds a listener. A listener that throws or rejects is reported as `error` and does not affect the gateway.
   *
   * @throws OptionError if the event is unknown or the listener is not a function. `once` and `off` throw the same errors.
   */
  on<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this;
  /** Adds a listener that is called once. */
  once<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this;
  /** Removes a listener. */
  off<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this;
}

/**
 * Creates a gateway. {@link KafkaGateway.listen} opens the backend and binds the listener.
 *
 * @example
 * ```ts
 * const gateway = createKafkaGateway({ listener: { host: '127.0.0.1', port: 9093 }, backend });
 * await gateway.listen();
 * // ...
 * await gateway.close({ drainTimeoutMs: 5_000 });
 * ```
 *
 * @param options - Listener, backend and limits. By default, the gateway serves the stub on 127.0.0.1:9093.
 * @throws OptionError for an invalid option, GatewayError for an invalid backend.
 */
export function createKafkaGateway(options: GatewayOptions = {}): KafkaGateway {
  const checked = checkOptions(options);
  const backend = options.backend === undefined ? createStubBackend() : options.backend;
  checkBackend(backend);
  return new Gateway(checked, backend);
}

const DEFAULT_DRAIN_TIMEOUT_MS = 25_000;
/** Time that aborted handlers have to finish. */
const ABORT_MS = 1_000;

const ACTIVE: BackendStatus = { state: 'active', successor: null };

const ANONYMOUS: Principal = { type: 'User', name: 'ANONYMOUS' };

/** Backends that are open in a gateway. */
const opened = new WeakSet<Backend>();
/** Sockets passed to `handleConnection`. With two readers, each request would be answered twice. */
const handled = new WeakSet<Socket>();
let connectionCount = 0;

class Gateway implements KafkaGateway {
  readonly #options: CheckedOptions;
  readonly #backend: Backend;
  readonly #events = new GuardedEvents();
  readonly #counters: DispatchCounters = { trailingBytes: 0 };
  #state: 'new' | 'opening' | 'listening' | 'closing' | 'closed' = 'new';
  #opening: Promise<Endpoint> | null = null;
  #closing: Promise<void> | null = null;
  /** Aborts when the drain timeout expires. */
  readonly #deadline = new AbortController();
  #listener: Listener | null = null;
  #endpoint: Endpoint | null = null;
  #backendStatus: BackendStatus = ACTIVE;

  constructor(options: CheckedOptions, backend: Backend) {
    this.#options = options;
    this.#backend = backend;
  }

  get endpoint(): Endpoint | null {
    return this.#endpoint;
  }

  get advertised(): Endpoint | null {
    const { advertisedHost, advertisedPort } = this.#options;
    if (this.#endpoint !== null) return this.#advertise(this.#endpoint);
    return advertisedHost === null || advertisedPort === null ? null : { host: advertisedHost, port: advertisedPort };
  }

  listen(): Promise<Endpoint> {
    if (this.#state !== 'new' || this.#closing !== null) {
      const state = this.#state === 'new' ? 'closed' : this.#state;
      return Promise.reject(new GatewayError('INVALID_STATE', `listen(): the gateway is ${state}`));
    }
    this.#state = 'opening';
    this.#opening = this.#open();
    return this.#opening;
  }

  close(options?: CloseOptions): Promise<void> {
    const { drainTimeoutMs = DEFAULT_DRAIN_TIMEOUT_MS, ...unknown } = options ?? {};
    const [name] = typeof options === 'object' ? Object.keys(unknown) : [];
    if (name !== undefined || (options !== undefined && typeof options !== 'object')) {
      const [option, value] = name === undefined ? ['close', options] : [name, unknown[name as never]];
      const wanted = option === 'graceMs' ? 'renamed to drainTimeoutMs' : 'close() takes { drainTimeoutMs }';
      return Promise.reject(new OptionError(option, value, wanted));
    }
    if (typeof drainTimeoutMs !== 'number' || !(drainTimeoutMs >= 0)) {
      return Promise.reject(
        new OptionError('drainTimeoutMs', drainTimeoutMs, 'it is a number of milliseconds from 0 on'),
      );
    }
    if (drainTimeoutMs === 0) this.#deadline.abort();
    this.#closing ??= this.#close(drainTimeoutMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ drainTimeoutMs: 0 });
  }

  handleConnection(socket: Socket): void {
    if (this.#state !== 'listening' || this.#listener === null) {
      throw new GatewayError('INVALID_STATE', `handleConnection(): the gateway is ${this.#state}, not listening`);
    }
    if (!(socket instanceof Socket) || (socket.pending && !socket.destroyed)) {
      throw new OptionError('socket', socket, 'expected a connected net.Socket or tls.TLSSocket');
    }
    if (socket.readableEncoding !== null) {
      throw new OptionError('socket.readableEncoding', socket.readableEncoding, 'expected null: Kafka needs bytes');
    }
    if (socket.destroyed) return;
    if (handled.has(socket))
      throw new GatewayError('INVALID_STATE', 'handleConnection(): a gateway has this socket already');
    handled.add(socket);
    // As for the listener's own sockets: a client may end its side and still read its responses.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    this.#listener.adopt(socket);
  }

  stats(): GatewayStats {
    return {
      connections: this.#listener?.connections ?? 0,
      inFlightBytes: this.#listener?.inFlight.used ?? 0,
      requestsWithTrailingBytes: this.#counters.trailingBytes,
      backendStatus: this.#backendStatus,
    };
  }

  on<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this {
    this.#events.on(event, listener);
    return this;
  }

  once<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this {
    this.#events.once(event, listener);
    return this;
  }

  off<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this {
    this.#events.off(event, listener);
    return this;
  }

  /** Opens the backend, binds, creates the dispatch, and accepts. If a step fails, undoes the previous ones in reverse. */
  async #open(): Promise<Endpoint> {
    const backend = this.#backend;
    const undo: (() => unknown)[] = [];
    try {
      if (opened.has(backend) && backend.shareable !== true) {
        throw new GatewayError('BACKEND_IN_USE', `backend ${backend.name} is open in another gateway`);
      }
      opened.add(backend);
      undo.push(() => opened.delete(backend));

      const handle = this.#handle();
      this.#backendStatus = ACTIVE;
      await backend.open?.(handle);
      undo.push(() => backend.close?.({ signal: AbortSignal.timeout(ABORT_MS) }));
      this.#checkNotClosed();

      const listener = new Listener(this.#options, (error) => {
        this.#events.emit('error', error);
      });
      undo.push(() => listener.unbind());
      const endpoint = toEndpoint(await listener.bind());
      this.#endpoint = endpoint;
      undo.push(() => (this.#endpoint = null));

      await backend.bound?.(handle);
      const { createDispatch, Session } = await import('./dispatch/index.js');
      const { responses } = listener.turn;
      const shared = { backend, events: this.#events, counters: this.#counters, responses };
      const dispatch = await createDispatch(shared, this.#options);
      this.#checkNotClosed();
      this.#listener = listener;
      this.#state = 'listening';
      const advertised = this.#advertise(endpoint);
      this.#events.emit('listening', { endpoint, advertised });
      this.#accept(listener, advertised, (connection, onGone) => new Session(dispatch, connection, onGone));
      return endpoint;
    } catch (error) {
      // Reports the first error. Errors of undo steps are ignored.
      for (const step of undo.reverse()) await settles(attempt(step), AbortSignal.abort(), ABORT_MS);
      this.#state = this.#closing === null ? 'new' : 'closed';
      throw error;
    }
  }

  /** Throws after the drain timeout, so that `#open` undoes its own steps: `#close` no longer waits for it. */
  #checkNotClosed(): void {
    if (!this.#deadline.signal.aborted) return;
    throw new GatewayError('INVALID_STATE', 'listen(): the gateway was closed meanwhile');
  }

  #advertise(bound: Endpoint): Endpoint {
    const { advertisedHost, advertisedPort } = this.#options;
    return { host: advertisedHost ?? bound.host, port: advertisedPort ?? bound.port };
  }

  #handle(): GatewayHandle {
    const endpoint = (): Endpoint | null => this.endpoint;
    const advertised = (): Endpoint | null => this.advertised;
    const { signal } = this.#deadline;
    return {
      signal,
      reportStatus: (status) => this.#reportStatus(status),
      get endpoint() {
        return endpoint();
      },
      get advertised() {
        return advertised();
      },
    };
  }

  #reportStatus({ state, successor }: BackendStatus): void {
    const before = this.#backendStatus;
    const { host, port } = successor ?? { host: '', port: 0 };
    const isSame =
      before.state === state && (before.successor?.host ?? '') === host && (before.successor?.port ?? 0) === port;
    if (isSame) return;
    this.#backendStatus = { state, successor: successor === null ? null : { host, port } };
    this.#events.emit('backendStatus', this.#backendStatus);
  }

  #accept(
    listener: Listener,
    advertised: Endpoint,
    createHandler: (connection: ConnectionInfo, onGone: () => void) => FrameHandler,
  ): void {
    const events = this.#events;
    listener.accept({
      handler: (socket, onGone) => {
        const connection = describeConnection(socket, advertised);
        const handler = createHandler(connection, onGone);
        events.emit('connection', connection);
        return handler;
      },
      refused: (socket, error) => {
        if (!events.has('connectionError')) return;
        events.emit('connectionError', { connection: describeConnection(socket, advertised), error });
      },
    });
  }

  async #close(drainTimeoutMs: number): Promise<void> {
    const { signal } = this.#deadline;
    const timer = setTimeout(() => this.#deadline.abort(), Math.min(drainTimeoutMs, MAX_TIMER_MS));
    const opening = this.#opening?.catch(() => undefined);
    if (!(await settles(opening, signal, ABORT_MS))) this.#reportTimeout('open()');
    const listener = this.#listener;
    if (listener === null) {
      clearTimeout(timer);
      this.#state = 'closed';
      return;
    }
    this.#state = 'closing';
    await listener.unbind();
    listener.drain({ hurry: signal.aborted });
    if (!(await listener.empty(signal, 'sockets'))) {
      listener.abort();
      listener.drain({ hurry: true });
      await listener.empty(ABORT_MS, 'sockets');
      listener.destroy();
    }
    // The clients of these handlers are gone, and their requests have been aborted.
    if (!(await listener.empty(ABORT_MS))) this.#reportTimeout(`handlers of ${String(listener.leftovers)} connections`);
    listener.stop();
    await this.#closeBackend(signal);
    clearTimeout(timer);
    this.#endpoint = null;
    this.#state = 'closed';
    this.#events.emit('close');
  }

  async #closeBackend(signal: AbortSignal): Promise<void> {
    const backend = this.#backend;
    const closing = attempt(() => backend.close?.({ signal })).then((error) => {
      opened.delete(backend);
      if (error === null) return;
      const message = `backend ${backend.name} failed to close: ${textOf(error.cause)}`;
      this.#events.emit('error', new GatewayError('BACKEND_CLOSE_FAILED', message, error));
    });
    if (!(await settles(closing, signal, ABORT_MS))) this.#reportTimeout('close()');
  }

  #reportTimeout(what: string): void {
    const message = `backend ${this.#backend.name}: ${what} not done when the time for closing was over`;
    this.#events.emit('error', new GatewayError('CLOSE_TIMEOUT', message));
  }
}

function describeConnection(socket: Socket, advertised: Endpoint): ConnectionInfo {
  return {
    id: `connection-${String(++connectionCount)}`,
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    principal: ANONYMOUS,
    advertised,
  };
}

function toEndpoint(address: AddressInfo): Endpoint {
  return { host: address.address, port: address.port };
}

/** Runs a step and waits for it. Returns null on success, otherwise an object with the thrown value as `cause`. */
async function attempt(step: () => unknown): Promise<{ readonly cause: unknown } | null> {
  try {
    await step();
    return null;
  } catch (error) {
    return { cause: error };
  }
}
