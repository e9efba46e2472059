import { EventEmitter } from 'node:events';
import type typedEmitter from 'typed-emitter';
import { isPromise } from './awaitable.js';
import type { BackendStatus, ConnectionInfo, Endpoint, RequestContext } from './contract/index.js';
import { OptionError, textOf } from './errors.js';
import { suggestName } from './option-names.js';
import type { ApiName } from './protocol/apis.js';

/** A decoded request that is about to be passed to its handler. */
export interface RequestEvent {
  /** The connection that sent the request. */
  readonly connection: ConnectionInfo;
  /** The requested API. */
  readonly api: ApiName;
  /** Version of the request, one that the firewall allows. */
  readonly apiVersion: number;
  /** Correlation id that the client assigned to the request, an int32. */
  readonly correlationId: number;
  /** Client id from the request header, or null. */
  readonly clientId: string | null;
  /** Size of the request in bytes, including the header but not the length prefix. */
  readonly bytes: number;
}

/** An encoded response, or the end of a request without a response (Produce with acks 0). */
export interface ResponseEvent {
  /** The connection that sent the request. */
  readonly connection: ConnectionInfo;
  /** The requested API. */
  readonly api: ApiName;
  /** Version of the request and the response. */
  readonly apiVersion: number;
  /** Correlation id that the client assigned to the request, an int32. */
  readonly correlationId: number;
  /** Client id from the request header, or null. */
  readonly clientId: string | null;
  /** Time from the decoded request to the encoded response, in milliseconds. */
  readonly durationMs: number;
  /** First error code in the response; 0 if there is none. */
  readonly errorCode: number;
  /**
   * Size of the response in bytes, including the length prefix. 0 if the request has no response, or if no response could
   * carry the error.
   */
  readonly bytes: number;
}

/** A request that the version firewall rejected. */
export interface UnsupportedVersionEvent {
  /** The connection that sent the request. */
  readonly connection: ConnectionInfo;
  /** API key from the request header: any int16. */
  readonly apiKey: number;
  /** Kafka's name of the API; null if Kafka 4.4 does not define the key. */
  readonly apiName: string | null;
  /** Version from the request header: any int16. */
  readonly apiVersion: number;
  /** Correlation id that the client assigned to the request, an int32. */
  readonly correlationId: number;
  /** Whether the connection was closed instead of answered (`onUnsupportedVersion: 'close'`). */
  readonly closed: boolean;
}

/** Bytes that are not valid in the Kafka protocol. The connection is closed. */
export interface ProtocolErrorEvent {
  /** The connection that sent the bytes. */
  readonly connection: ConnectionInfo;
  /** The error: a `DecodeError` with the offset, a `FrameLengthError`, or a `ForeignProtocolError`. */
  readonly error: Error;
  /** API key of the request; null if its length or header could not be read. */
  readonly apiKey: number | null;
  /** Version of the request; null if `apiKey` is null. */
  readonly apiVersion: number | null;
}

/** A failed connection: its socket had an error, a timeout expired, or there were too many connections. */
export interface ConnectionErrorEvent {
  /** The failed connection. A connection beyond `maxConnections` never had a `connection` event. */
  readonly connection: ConnectionInfo;
  /** A `ConnectionTimeoutError`, a `TooManyConnectionsError`, or the error of the socket. */
  readonly error: Error;
}

/** A failure of the backend on a request or a connection. The client receives at most an error code. */
export interface RequestErrorEvent {
  /** The connection for which the backend failed. */
  readonly connection: ConnectionInfo;
  /** Name of the backend. */
  readonly backend: string;
  /** The failed call: an API method of the backend, a life-cycle hook, or a `release()` of record memory. */
  readonly api: ApiName | 'connect' | 'disconnect' | 'release';
  /** The request context; null unless an API method failed. */
  readonly context: RequestContext | null;
  /** The thrown value. An `EncodeError` with the path of the field if a response did not fit its schema. */
  readonly error: unknown;
}

/** The addresses of a gateway that has started to listen. */
export interface ListeningEvent {
  /** The bound address. */
  readonly endpoint: Endpoint;
  /** The address that the gateway advertises to clients. */
  readonly advertised: Endpoint;
}

/** The events of a gateway, each with the type of its listener. */
// A type alias instead of an interface, because typed-emitter's constraint requires one.
export type GatewayEvents = {
  /** The gateway is bound and accepts connections. */
  listening: (event: ListeningEvent) => void;
  /** A client connected. */
  connection: (connection: ConnectionInfo) => void;
  /** The connection of a client is closed and its last handler has settled. */
  disconnect: (connection: ConnectionInfo) => void;
  /** A request was decoded. */
  request: (event: RequestEvent) => void;
  /** A request was answered. */
  response: (event: ResponseEvent) => void;
  /** A request was rejected because its API or version is not allowed. */
  unsupportedVersion: (event: UnsupportedVersionEvent) => void;
  /** A connection sent bytes that are not valid in the Kafka protocol. The connection is closed. */
  protocolError: (event: ProtocolErrorEvent) => void;
  /** A connection failed. */
  connectionError: (event: ConnectionErrorEvent) => void;
  /**
   * The backend failed on a request or a connection. Without a listener, the gateway emits a process warning instead, once
   * for each API and message.
   */
  requestError: (event: RequestErrorEvent) => void;
  /** The backend reported a status that differs from the previous one. */
  backendStatus: (status: BackendStatus) => void;
  /** The listening socket failed, the backend failed to close, or an event listener threw or rejected. */
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

/** @throws OptionError for an unknown event, which would never be emitted, and for a listener that is not a function. */
function checkListener(name: unknown, listener: unknown): void {
  if (!EVENT_NAMES.includes(name as string)) {
    throw new OptionError('event', name, `there is no such event; ${suggestName('', String(name), EVENT_NAMES)}`);
  }
  if (typeof listener !== 'function') throw new OptionError('listener', listener, 'expected a function');
}

/**
 * A typed event emitter that isolates listeners. A listener that throws or rejects is reported as `error` and does not
 * affect other listeners. An `error` without a listener becomes a process warning instead of a throw.
 */
export class GuardedEvents {
  readonly #emitter = new EventEmitter() as typedEmitter.default<GatewayEvents>;
  readonly #listened = new Set<keyof GatewayEvents>();
  /** Whether the event has a listener. Fields, because these events are on the hot path. */
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

  /** Whether an event has a listener. Without one, callers skip creating the event object. */
  has(name: keyof GatewayEvents): boolean {
    return this.#listened.has(name);
  }

  emit<Name extends keyof GatewayEvents>(name: Name, ...args: Parameters<GatewayEvents[Name]>): void {
    if (!this.#listened.has(name)) {
      if (name === 'error') warn(args[0] as Error);
      return;
    }
    // Listeners are called one by one, so that one that throws does not prevent the next call.
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
