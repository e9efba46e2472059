import type { ApiName } from '../protocol/apis.js';
import { CodedError } from '../protocol/errors.js';

/** The address of a listener. */
export interface Endpoint {
  /** Host name or address. */
  readonly host: string;
  /** TCP port, 1 to 65535. */
  readonly port: number;
}

/** Who a connection belongs to, as Kafka's principals are written: `User:ANONYMOUS` without authentication. */
export interface Principal {
  /** Kind of principal, such as `User`. */
  readonly type: string;
  /** Its name, such as `ANONYMOUS`. */
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
  /** Who the client is; `User:ANONYMOUS` without authentication. */
  readonly principal: Principal;
  /** The endpoint that this connection's listener advertises. */
  readonly advertised: Endpoint;
}

/** Everything that a backend learns of a request besides its fields. Each request has an object of its own. */
export interface RequestContext<State = unknown> {
  /** The API that was asked, by the name of the method that answers it. */
  readonly api: ApiName;
  /** Version of the request, one that the firewall allows. */
  readonly apiVersion: number;
  /** Number that the client gave to the request, an int32; the gateway puts it into the response. */
  readonly correlationId: number;
  /** What the client calls itself, or null. */
  readonly clientId: string | null;
  /** Id of the connection, stable while it lasts. */
  readonly connectionId: string;
  /** Who the client is; `User:ANONYMOUS` without authentication. */
  readonly principal: Principal;
  /** What `connect` gave for this connection; undefined without a `connect`. */
  readonly state: State;
  /** What metadata should name as the address of this broker. */
  readonly advertised: Endpoint;
  /**
   * Aborts when the response is no longer needed; its reason is a {@link RequestAbortedError}. Made when first asked for.
   *
   * A listener of yours on it must not throw: Node.js makes an uncaught exception of that, which the gateway cannot
   * catch.
   */
  readonly signal: AbortSignal;
}

/** Why a request was given up: the client has gone, the gateway closes, or `requestTimeoutMs` is over. */
export type AbortCause = 'disconnect' | 'shutdown' | 'timeout';

/**
 * The reason of a request's abort signal. Rejecting with it is no error. A backend that throws one of its own with the
 * cause `disconnect` ends the connection: the request gets no answer, those before it have theirs.
 */
export class RequestAbortedError extends CodedError {
  override readonly name: string = 'RequestAbortedError';
  readonly code = 'REQUEST_ABORTED';

  /** @param cause - Why. */
  constructor(override readonly cause: AbortCause) {
    super(`request aborted: ${cause}`);
  }
}
