import type { AddressInfo, Socket } from 'node:net';
import { createStubBackend } from '../adapters/stub/stub-backend.js';
import type { Backend, ConnectionInfo, Endpoint, GatewayHandle, Principal } from './contract.js';
import { answerApiVersions } from './dispatch/api-versions.js';
import type { Dispatch, DispatchCounters } from './dispatch/dispatch.js';
import { Firewall, type Handler } from './dispatch/firewall.js';
import { Session } from './dispatch/session.js';
import { GatewayError, textOf } from './errors.js';
import { type GatewayEvents, GuardedEvents } from './events.js';
import { Listener } from './listener/listener.js';
import { checkBackend, checkOptions, type CheckedOptions, type GatewayOptions } from './options.js';
import { Reader } from './protocol/reader.js';

/** What a gateway holds at the moment. */
export interface GatewayStats {
  /** Open connections. */
  readonly connections: number;
  /** Bytes that count against `maxInFlightBytes`. */
  readonly inFlightBytes: number;
  /** Requests so far that had bytes after their body, which were skipped. */
  readonly requestsWithTrailingBytes: number;
}

/** How to close a gateway. */
export interface CloseOptions {
  /**
   * Milliseconds that requests in flight have to be answered, and clients to take their answers; then requests are
   * aborted and connections closed. Default: 25000.
   */
  readonly graceMs?: number;
}

/** A listener with a backend behind it. Made by {@link createKafkaGateway}. */
export interface KafkaGateway extends AsyncDisposable {
  /** What the gateway is bound to; null when it is not. */
  readonly endpoint: Endpoint | null;
  /** What the gateway tells clients to connect to; null before it is bound when it follows from the bound address. */
  readonly advertised: Endpoint | null;
  /**
   * Opens the backend, binds and accepts. What fails is undone, and may be tried again.
   *
   * @returns The bound endpoint.
   * @throws GatewayError when the gateway listens or is closed, or another gateway has the backend open.
   */
  listen(): Promise<Endpoint>;
  /** Answers what has arrived, then closes connections and backend. Calling again waits for the same close. */
  close(options?: CloseOptions): Promise<void>;
  /**
   * Takes a connection that was made elsewhere, such as a TLS socket.
   *
   * @throws GatewayError when the gateway does not listen, or the socket has an encoding.
   */
  handle(socket: Socket): void;
  /** Counts what the gateway holds. */
  stats(): GatewayStats;
  /** Adds a listener. One that throws harms nobody: it is reported as `error`. */
  on<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this;
  /** Adds a listener for one time. */
  once<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this;
  /** Takes a listener away. */
  off<Name extends keyof GatewayEvents>(event: Name, listener: GatewayEvents[Name]): this;
}

/**
 * Makes a gateway: nothing is opened or bound before `listen()`.
 *
 * @throws OptionError for an option that cannot be, GatewayError for a backend that cannot be.
 */
export function createKafkaGateway(options: GatewayOptions = {}): KafkaGateway {
  const checked = checkOptions(options);
  const backend = options.backend === undefined ? createStubBackend() : options.backend;
  checkBackend(backend);
  return new Gateway(checked, backend);
}

const DEFAULT_GRACE_MS = 25_000;
/** What handlers that were aborted have to come to an end. */
const ABORT_MS = 1_000;
/** A timer that should run longer runs out at once. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

const ANONYMOUS: Principal = { type: 'User', name: 'ANONYMOUS' };

/** Backends that some gateway has open. */
const opened = new WeakSet<Backend>();
let connectionCount = 0;

class Gateway implements KafkaGateway {
  readonly #options: CheckedOptions;
  readonly #backend: Backend;
  readonly #events = new GuardedEvents();
  readonly #counters: DispatchCounters = { trailingBytes: 0 };
  #state: 'new' | 'opening' | 'listening' | 'closing' | 'closed' = 'new';
  #opening: Promise<Endpoint> | null = null;
  #closing: Promise<void> | null = null;
  /** Aborts when the time for closing is over. */
  readonly #deadline = new AbortController();
  #listener: Listener | null = null;
  #endpoint: Endpoint | null = null;

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

  close({ graceMs = DEFAULT_GRACE_MS }: CloseOptions = {}): Promise<void> {
    if (typeof graceMs !== 'number' || !(graceMs >= 0)) {
      return Promise.reject(
        new GatewayError('INVALID_OPTION', `close(): graceMs is ${String(graceMs)}; it is a number from 0 on`),
      );
    }
    if (graceMs === 0) this.#deadline.abort();
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ graceMs: 0 });
  }

  handle(socket: Socket): void {
    if (this.#state !== 'listening' || this.#listener === null) {
      throw new GatewayError('INVALID_STATE', `handle(): the gateway is ${this.#state}, not listening`);
    }
    if (socket.readableEncoding !== null) {
      const { readableEncoding } = socket;
      throw new GatewayError(
        'INVALID_OPTION',
        `handle(): the socket has the encoding ${readableEncoding}; Kafka needs bytes`,
      );
    }
    if (socket.destroyed) return;
    // As the listener's own: a client may end its side and still read what it asked for.
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

  /** Open, bind, table, accept; a step that fails undoes those before it in reverse. */
  async #open(): Promise<Endpoint> {
    const backend = this.#backend;
    const undo: (() => unknown)[] = [];
    try {
      if (opened.has(backend) && backend.shareable !== true) {
        throw new GatewayError('BACKEND_IN_USE', `backend ${backend.name} is open in another gateway`);
      }
      opened.add(backend);
      undo.push(() => opened.delete(backend));

      await backend.open?.(this.#handle());
      undo.push(() => backend.close?.({ signal: new AbortController().signal }));

      const listener = new Listener(this.#options, (error) => {
        this.#events.emit('error', error);
      });
      undo.push(() => listener.unbind());
      const endpoint = toEndpoint(await listener.bind());
      this.#endpoint = endpoint;
      undo.push(() => (this.#endpoint = null));

      const firewall = await this.#makeFirewall();
      this.#accept(listener, firewall, this.#advertise(endpoint));
      this.#listener = listener;
      this.#state = 'listening';
      this.#events.emit('listening', { endpoint, advertised: this.#advertise(endpoint) });
      return endpoint;
    } catch (error) {
      for (const step of undo.reverse()) await attempt(step);
      this.#state = 'new';
      throw error;
    }
  }

  #advertise(bound: Endpoint): Endpoint {
    const { advertisedHost, advertisedPort } = this.#options;
    return { host: advertisedHost ?? bound.host, port: advertisedPort ?? bound.port };
  }

  #handle(): GatewayHandle {
    const endpoint = (): Endpoint | null => this.endpoint;
    const advertised = (): Endpoint | null => this.advertised;
    return {
      get endpoint() {
        return endpoint();
      },
      get advertised() {
        return advertised();
      },
    };
  }

  async #makeFirewall(): Promise<Firewall> {
    // Called for requests only, and those come after the table is made.
    const answer: Handler = (request, context) =>
      answerApiVersions(firewall.answer, request as never, context as never);
    const firewall = await Firewall.create(this.#backend, answer, this.#options);
    return firewall;
  }

  #accept(listener: Listener, firewall: Firewall, advertised: Endpoint): void {
    const { maxDecodedElements, requestTimeoutMs, unsupported } = this.#options;
    const events = this.#events;
    const dispatch: Dispatch = {
      backend: this.#backend,
      firewall,
      events,
      reader: new Reader(Buffer.alloc(0)),
      writer: listener.turn.writer,
      maxDecodedElements,
      requestTimeoutMs,
      unsupported,
      counters: this.#counters,
    };
    listener.accept({
      handler: (socket, onGone) => {
        const connection = describeConnection(socket, advertised);
        const session = new Session(dispatch, connection, onGone);
        events.emit('connection', connection);
        return session;
      },
      refused: (socket, error) => {
        events.emit('connectionError', { connection: describeConnection(socket, advertised), error });
      },
    });
  }

  async #close(graceMs: number): Promise<void> {
    await this.#opening?.catch(() => undefined);
    const listener = this.#listener;
    if (listener === null) {
      this.#state = 'closed';
      return;
    }
    this.#state = 'closing';
    const { signal } = this.#deadline;
    const timer = setTimeout(() => this.#deadline.abort(), Math.min(graceMs, LONGEST_TIMER_MS));
    await listener.unbind();
    listener.drain({ hurry: signal.aborted });
    if (!(await listener.empty(signal))) {
      listener.abort();
      listener.drain({ hurry: true });
      if (!(await listener.empty(ABORT_MS))) {
        listener.destroy();
        await listener.empty(ABORT_MS);
      }
    }
    listener.stop();
    await this.#closeBackend(signal);
    clearTimeout(timer);
    this.#endpoint = null;
    this.#state = 'closed';
    this.#events.emit('close');
  }

  async #closeBackend(signal: AbortSignal): Promise<void> {
    const backend = this.#backend;
    try {
      await backend.close?.({ signal });
    } catch (error) {
      const message = `backend ${backend.name} failed to close: ${textOf(error)}`;
      this.#events.emit('error', new GatewayError('INVALID_BACKEND', message, { cause: error }));
    } finally {
      opened.delete(backend);
    }
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

async function attempt(step: () => unknown): Promise<void> {
  try {
    await step();
  } catch {
    // The first error is the one to tell; an undo that fails as well adds nothing to it.
  }
}
