import { EventEmitter } from 'node:events';
import type typedEmitter from 'typed-emitter';
import { isPromise } from './awaitable.js';
import type { BackendStatus, ConnectionInfo, Endpoint, RequestContext } from './contract/index.js';
import { OptionError, textOf } from './errors.js';
import { suggestName } from './option-names.js';
import type { ApiName } from './protocol/apis.js';

/** A request was decoded and goes to its handler. */
export interface RequestEvent {
  /** The connection that it came on. */
  readonly connection: ConnectionInfo;
  /** The API that was asked. */
  readonly api: ApiName;
  /** Version of the request, one that the firewall allows. */
  readonly apiVersion: number;
  /** Number that the client gave to the request, an int32. */
  readonly correlationId: number;
  /** What the client calls itself, or null. */
  readonly clientId: string | null;
  /** Size of the request in bytes, header included, length prefix not. */
  readonly bytes: number;
}

/** A response was encoded, or nothing was owed (Produce with acks 0). */
export interface ResponseEvent {
  /** The connection that the request came on. */
  readonly connection: ConnectionInfo;
  /** The API that was asked. */
  readonly api: ApiName;
  /** Version of request and response. */
  readonly apiVersion: number;
  /** Number that the client gave to the request, an int32. */
  readonly correlationId: number;
  /** What the client calls itself, or null. */
  readonly clientId: string | null;
  /** From the decoded request to the encoded response, in milliseconds. */
  readonly durationMs: number;
  /** The first error code in the response, 0 when there is none. */
  readonly errorCode: number;
  /** Size of the response in bytes, length prefix included; 0 when nothing was owed, or nothing could say the error. */
  readonly bytes: number;
}

/** The version firewall refused a request. */
export interface UnsupportedVersionEvent {
  /** The connection that the request came on. */
  readonly connection: ConnectionInfo;
  /** API key as it was sent: any int16. */
  readonly apiKey: number;
  /** Kafka's name of the API; null when Kafka 4.4 has no such key. */
  readonly apiName: string | null;
  /** Version as it was sent: any int16. */
  readonly apiVersion: number;
  /** Number that the client gave to the request, an int32. */
  readonly correlationId: number;
  /** Whether the connection was closed in place of an answer (`onUnsupportedVersion: 'close'`). */
  readonly closed: boolean;
}

/** Bytes that are not the Kafka protocol; the connection is closed. */
export interface ProtocolErrorEvent {
  /** The connection that they came on. */
  readonly connection: ConnectionInfo;
  /** What is wrong with them: a `DecodeError` with the offset, a `FrameLengthError`, or a `ForeignProtocolError`. */
  readonly error: Error;
  /** API key of the request; null when its length or header could not be read. */
  readonly apiKey: number | null;
  /** Version of the request; null when `apiKey` is. */
  readonly apiVersion: number | null;
}

/** A connection failed: its socket had an error, a limit on time passed, or there were too many connections. */
export interface ConnectionErrorEvent {
  /** The connection that failed. One too many has had no `connection` event. */
  readonly connection: ConnectionInfo;
  /** A `ConnectionTimeoutError`, a `TooManyConnectionsError`, or what the socket reported. */
  readonly error: Error;
}

/** A backend failed on a request or a connection. The client learns an error code at most, and nothing of this. */
export interface RequestErrorEvent {
  /** The connection that it failed for. */
  readonly connection: ConnectionInfo;
  /** Name of the backend. */
  readonly backend: string;
  /** What failed: a method of the backend, a hook of its life cycle, or a `release()` of record memory. */
  readonly api: ApiName | 'connect' | 'disconnect' | 'release';
  /** Null but for a method. */
  readonly context: RequestContext | null;
  /** What was thrown; an `EncodeError` with the path of the field when a response did not fit its schema. */
  readonly error: unknown;
}

/** The gateway is ready. */
export interface ListeningEvent {
  /** What it is bound to. */
  readonly endpoint: Endpoint;
  /** What it tells clients to connect to. */
  readonly advertised: Endpoint;
}

/** The events of a gateway, each with the type of its listener. */
// A type alias and not an interface, so that it fits typed-emitter's constraint.
export type GatewayEvents = {
  /** The gateway is bound and accepts. */
  listening: (event: ListeningEvent) => void;
  /** A client connected. */
  connection: (connection: ConnectionInfo) => void;
  /** A client's connection is closed, and its last handler has settled. */
  disconnect: (connection: ConnectionInfo) => void;
  /** A request was decoded. */
  request: (event: RequestEvent) => void;
  /** A request was answered. */
  response: (event: ResponseEvent) => void;
  /** A request was refused for its API or version. */
  unsupportedVersion: (event: UnsupportedVersionEvent) => void;
  /** A connection sent what is not the Kafka protocol; it is closed. */
  protocolError: (event: ProtocolErrorEvent) => void;
  /** A connection failed. */
  connectionError: (event: ConnectionErrorEvent) => void;
  /**
   * The backend failed on a request or a connection. Without a listener this becomes a process warning, once for each API
   * and message.
   */
  requestError: (event: RequestErrorEvent) => void;
  /** The backend reported another status than before. */
  backendStatus: (status: BackendStatus) => void;
  /** The listening socket failed, the backend did not close, or a listener of one of these events threw or rejected. */
  error: (error: Error) => void;
  /** The gateway is closed. */
  close: () => void;
};

const EVENT_NAMES: readonly string[] = Object.keys({
  listening: true,
  connection: true,
  disconnect: true,
  request: true,
  response: true,
  unsupportedVersion: true,
  protocolError: true,
  connectionError: true,
  requestError: true,
  backendStatus: true,
  error: true,
  close: true,
} satisfies Record<keyof GatewayEvents, true>);

/** @throws OptionError for an unknown event, which would never be emitted, and for a listener that is no function. */
function checkListener(name: unknown, listener: unknown): void {
  if (!EVENT_NAMES.includes(name as string)) {
    throw new OptionError('event', name, `there is no such event; ${suggestName('', String(name), EVENT_NAMES)}`);
  }
  if (typeof listener !== 'function') throw new OptionError('listener', listener, 'expected a function');
}

/**
 * The events inside: typed, and guarded. A listener that throws or rejects is reported as `error` and harms nobody; an
 * `error` that nobody listens to becomes a process warning instead of a throw.
 */
export class GuardedEvents {
  readonly #emitter = new EventEmitter() as typedEmitter.default<GatewayEvents>;
  readonly #listened = new Set<keyof GatewayEvents>();
  /** Whether anyone listens, for the events of the hot path. */
  request = false;
  response = false;

  on<Name extends keyof GatewayEvents>(name: Name, listener: GatewayEvents[Name]): void {
    checkListener(name, listener);
    this.#emitter.on(name, listener);
    this.#update(name);
  }

  once<Name extends keyof GatewayEvents>(name: Name, listener: GatewayEvents[Name]): void {
    checkListener(name, listener);
    this.#emitter.once(name, listener);
    this.#update(name);
  }

  off<Name extends keyof GatewayEvents>(name: Name, listener: GatewayEvents[Name]): void {
    checkListener(name, listener);
    this.#emitter.off(name, listener);
    this.#update(name);
  }

  /** Whether anyone listens: the event's object need not be made otherwise. */
  has(name: keyof GatewayEvents): boolean {
    return this.#listened.has(name);
  }

  emit<Name extends keyof GatewayEvents>(name: Name, ...args: Parameters<GatewayEvents[Name]>): void {
    if (!this.#listened.has(name)) {
      if (name === 'error') warn(args[0] as Error);
      return;
    }
    // One by one, so that a listener that throws does not keep the event from the next.
    for (const listener of this.#emitter.rawListeners(name) as ((...args: unknown[]) => unknown)[]) {
      try {
        const result = listener.apply(this.#emitter, args);
        if (isPromise(result)) result.then(undefined, (error: unknown) => this.#listenerFailed(name, error));
      } catch (error) {
        this.#listenerFailed(name, error);
      }
    }
    this.#update(name);
  }

  #listenerFailed(name: keyof GatewayEvents, cause: unknown): void {
    const error = new Error(`a listener of the gateway's '${name}' event failed: ${textOf(cause)}`, { cause });
    if (name === 'error') warn(error);
    else this.emit('error', error);
  }

  #update(name: keyof GatewayEvents): void {
    const listened = this.#emitter.listenerCount(name) > 0;
    if (listened) this.#listened.add(name);
    else this.#listened.delete(name);
    if (name === 'request') this.request = listened;
    else if (name === 'response') this.response = listened;
  }
}

function warn(error: Error): void {
  process.emitWarning(error.message, { type: 'KafkaGatewayWarning', detail: error.stack ?? '' });
}
