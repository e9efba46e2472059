import type { ApiName } from '../protocol/apis.js';
import { CodedError } from '../protocol/errors.js';

/** The address of a listener. */
export interface Endpoint {
  /** Host name or address. */
  readonly host: string;
  /** TCP port, 1 to 65535. */
  readonly port: number;
}

/** The authenticated user of a connection, as in Kafka: `User:ANONYMOUS` without authentication. */
export interface Principal {
  /** Kind of principal, such as `User`. */
  readonly type: string;
  /** Name of the principal, such as `ANONYMOUS`. */
  readonly name: string;
}

/** One client connection. */
export interface ConnectionInfo {
  /** Id of the connection, unique in this process. */
  readonly id: string;
  /** Address of the client; undefined if the socket does not provide it. */
  readonly remoteAddress: string | undefined;
  /** Port of the client; undefined if the socket does not provide it. */
  readonly remotePort: number | undefined;
  /** Principal of the client; `User:ANONYMOUS` without authentication. */
  readonly principal: Principal;
  /** The address that the listener of this connection advertises. */
  readonly advertised: Endpoint;
}

/** Metadata of a request that a backend receives in addition to its fields. Each request has its own object. */
export interface RequestContext<State = unknown> {
  /** The requested API: the name of the backend method that answers it. */
  readonly api: ApiName;
  /** Version of the request; always one that the version firewall allows. */
  readonly apiVersion: number;
  /** Correlation id that the client assigned to the request, an int32. The gateway writes it into the response. */
  readonly correlationId: number;
  /** Client id from the request header, or null. */
  readonly clientId: string | null;
  /** Id of the connection. */
  readonly connectionId: string;
  /** Principal of the client; `User:ANONYMOUS` without authentication. */
  readonly principal: Principal;
  /** The value that `connect` returned for this connection; undefined if the backend has no `connect`. */
  readonly state: State;
  /** The address that Metadata should return for this broker. */
  readonly advertised: Endpoint;
  /**
   * Aborts when the response is no longer needed. Its reason is a {@link RequestAbortedError}. Created on first access.
   *
   * Your listeners on it must not throw: Node.js turns the error into an uncaught exception, which the gateway cannot
   * catch.
   */
  readonly signal: AbortSignal;
}

/** Why a request was aborted: the client disconnected, the gateway closes, or `requestTimeoutMs` expired. */
export type AbortCause = 'disconnect' | 'shutdown' | 'timeout';

/**
 * The reason of a request's abort signal. A handler may reject with it, which is not reported as an error. A backend that
 * throws its own instance with the cause `disconnect` closes the connection. That request is not answered, but earlier
 * requests are.
 */
export class RequestAbortedError extends CodedError {
  override readonly name: string = 'RequestAbortedError';
  readonly code = 'REQUEST_ABORTED';

  /** @param cause - Why the request was aborted. */
  constructor(override readonly cause: AbortCause) {
    super(`request aborted: ${cause}`);
  }
}
