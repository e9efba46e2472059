import type { BackendMethods } from './backend-methods.js';
import type { ApiName } from './protocol/apis.js';
import type { VersionRange } from './protocol/codec.js';

export type { BackendMethods } from './backend-methods.js';
export type { ApiName } from './protocol/apis.js';
export type { VersionRange } from './protocol/codec.js';
export { OptionError } from './errors.js';
export { ErrorCode, errorName, type ErrorName } from './protocol/error-codes.js';

/** A value, or a promise of one. What is answered without a promise is written without a tick. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Where a listener is reached. */
export interface Endpoint {
  /** Host name or address. */
  readonly host: string;
  /** TCP port, 1 to 65535. */
  readonly port: number;
}

/** Who a connection belongs to, as Kafka's principals are written: `User:ANONYMOUS` without authentication. */
export interface Principal {
  readonly type: string;
  readonly name: string;
}

/** One client connection. */
export interface ConnectionInfo {
  /** Unique in this process and stable while the connection lasts. */
  readonly id: string;
  /** Address of the client; undefined when the socket does not say. */
  readonly remoteAddress: string | undefined;
  /** Port of the client; undefined when the socket does not say. */
  readonly remotePort: number | undefined;
  readonly principal: Principal;
  /** The endpoint that this connection's listener advertises. */
  readonly advertised: Endpoint;
}

/** Everything that a backend learns of a request beside its fields. A new object for each request. */
export interface RequestContext<State = unknown> {
  readonly api: ApiName;
  readonly apiVersion: number;
  readonly correlationId: number;
  /** What the client calls itself, or null. */
  readonly clientId: string | null;
  /** Id of the connection, stable while it lasts. */
  readonly connection: string;
  readonly principal: Principal;
  /** What `connect` gave for this connection; undefined without a `connect`. */
  readonly state: State;
  /** What metadata should name as the address of this broker. */
  readonly advertised: Endpoint;
  /**
   * Aborts when nobody waits for the answer any more; its reason is a {@link RequestAborted}. Made when first asked for.
   */
  readonly signal: AbortSignal;
}

/** Why a request was given up: the client went, the gateway closes, or `requestTimeoutMs` is over. */
export type AbortCause = 'disconnect' | 'shutdown' | 'timeout';

/**
 * The reason of a request's abort signal. Rejecting with it is no error. A backend that throws one of its own with the
 * cause `disconnect` ends the connection: the request gets no answer, those before it have theirs.
 */
export class RequestAborted extends Error {
  override readonly name: string = 'RequestAborted';

  constructor(override readonly cause: AbortCause) {
    super(`request aborted: ${cause}`);
  }
}

/**
 * An error of the Kafka protocol. Thrown by a backend, it goes to the client in the shape of the API and version that
 * was asked, at every topic, partition or group of the request.
 */
export class KafkaError extends Error {
  override readonly name: string = 'KafkaError';
  readonly code: number;

  /**
   * @param code - One of {@link ErrorCode}, not 0.
   * @param message - Goes to the client where the response has a place for it; left out, null goes there.
   * @throws RangeError when the code is 0 or no int16: an error must not read as a success.
   */
  constructor(code: number, message?: string) {
    super(message ?? '');
    if (!Number.isInteger(code) || code === 0 || code < -32768 || code > 32767) {
      throw new RangeError(`KafkaError: code is ${String(code)}; it must be an int16 other than 0`);
    }
    this.code = code;
  }
}

/** What a backend is given when it is opened. */
export interface GatewayHandle {
  /** Where the gateway listens; null before it is bound. */
  readonly endpoint: Endpoint | null;
  /** What the gateway advertises; null before it is bound when it follows from the bound address. */
  readonly advertised: Endpoint | null;
  /** Aborts when the gateway is closed and the time for that is over, even while `open` is still under way. */
  readonly signal: AbortSignal;
}

/**
 * What answers the requests: a method for each API that it can, and four for the life cycle. Methods are called on the
 * object itself, so that a class works as well as a literal.
 *
 * @typeParam State - What `connect` keeps for each connection.
 */
export interface Backend<State = unknown> extends BackendMethods<State> {
  /** Names the backend in events and errors. */
  readonly name: string;
  /** Versions to allow, by API: narrows what the codec knows, never widens it. */
  readonly versions?: Partial<Record<ApiName, VersionRange>> | undefined;
  /** Allows several gateways to open this backend at once. */
  readonly shareable?: boolean | undefined;
  /** Called before the gateway binds; a throw makes `listen()` reject. */
  open?(gateway: GatewayHandle): Awaitable<void>;
  /** Called for each connection; settles before its first request. A throw closes the connection. */
  connect?(connection: ConnectionInfo): Awaitable<State>;
  /** Called once for each connection whose `connect` succeeded, after its last handler has settled. */
  disconnect?(connection: ConnectionInfo, state: State): Awaitable<void>;
  /** Called once, after the last `disconnect`; the signal aborts when the time for closing is over. */
  close?(options: { readonly signal: AbortSignal }): Awaitable<void>;
}

/** The function that answers one API: `ApiHandler<'produce', State>`. */
export type ApiHandler<Api extends keyof BackendMethods, State = unknown> = NonNullable<BackendMethods<State>[Api]>;

/** Gives a backend literal its types, the state that `connect` returns among them. Returns its argument. */
export function defineBackend<State = unknown>(backend: Backend<State>): Backend<State> {
  return backend;
}
