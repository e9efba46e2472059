import type { ApiName } from '../protocol/apis.js';
import type { VersionRange } from '../protocol/codec.js';
import type { BackendMethods } from './backend-methods.js';
import type { Awaitable } from '../awaitable.js';
import type { ConnectionInfo, Endpoint } from './request.js';

/**
 * State of a backend:
 *
 * - `active`: the backend serves all requests.
 * - `overtaken`: another gateway on the same engine has taken over the state (groups, committed offsets, producers).
 *   Requests that depend on this state fail with retriable errors, and clients are directed to the other gateway.
 */
export type BackendState = 'active' | 'overtaken';

/** Status that a backend reports to its gateway. */
export interface BackendStatus {
  readonly state: BackendState;
  /** Advertised address of the gateway that has taken over. Null while `active` or while the address is unknown. */
  readonly successor: Endpoint | null;
}

/** The gateway as a backend sees it. Passed to `open` and `bound`. */
export interface GatewayHandle {
  /** The bound address; null before the gateway is bound. */
  readonly endpoint: Endpoint | null;
  /** The advertised address. Null before the gateway is bound, unless the options set both host and port. */
  readonly advertised: Endpoint | null;
  /** Aborts when the gateway closes and its drain timeout expires, even if `open` is still running. */
  readonly signal: AbortSignal;
  /**
   * Reports the status of the backend. `stats()` returns the last status, and each change is emitted as `backendStatus`. A
   * backend that never reports a status is `active`.
   */
  reportStatus(status: BackendStatus): void;
}

/**
 * Feature levels that ApiVersions returns from version 3 on (KIP-584). Clients use them to select protocols:
 * `transaction.version` 2 enables the transactions of KIP-890, `group.version` 1 the consumer groups of KIP-848.
 */
export interface Features {
  /** Levels that the broker supports, by feature: 0 to 32767, where 0 means that the feature is disabled. */
  readonly supported?: Readonly<Record<string, VersionRange>> | undefined;
  /** The finalized level of the cluster, by feature: 1 to 32767, within the supported levels. */
  readonly finalized?: Readonly<Record<string, number>> | undefined;
  /** Increases with every change of the finalized levels. Clients keep the levels with the highest epoch. Default: 0. */
  readonly finalizedEpoch?: bigint | undefined;
}

/** Cluster id and node id of a backend, as Metadata and DescribeCluster return them. */
export interface BrokerIdentity {
  /** Cluster id, not empty. */
  readonly clusterId: string;
  /** Node id of this broker: an integer from 0 to 2147483647. */
  readonly nodeId: number;
}

/**
 * Answers the requests of a gateway: one method for each supported API, and optional life-cycle methods. Methods are
 * called on the object itself, so both an object literal and an instance of a class work.
 *
 * @typeParam State - The value that `connect` returns for each connection.
 */
export interface Backend<State = unknown> extends BackendMethods<State> {
  /** Name of the backend in events and errors. */
  readonly name: string;
  /** Allowed versions by API. Narrows the versions that the codecs support, but never extends them. */
  readonly versions?: Partial<Record<ApiName, VersionRange>> | undefined;
  /** Feature levels for ApiVersions. Read once, after `open`. Default: none. */
  readonly features?: Features | undefined;
  /**
   * Returns the identity of this broker. Called once after `bound`, and for each client that sends an expected identity,
   * because both ids may change while a gateway runs. Clients send the expected identity in ApiVersions from version 5 on.
   * If it differs, the client receives REBOOTSTRAP_REQUIRED and reconnects through its bootstrap servers (KIP-1242).
   * Without this method, or if it returns null, every client is accepted.
   */
  identity?(): BrokerIdentity | null;
  /** Whether several gateways may open this backend at once. `open` and `close` then run once for each gateway. */
  readonly shareable?: boolean | undefined;
  /** Called once for each gateway, before it binds. If it throws, `listen()` rejects. */
  open?(gateway: GatewayHandle): Awaitable<void>;
  /**
   * Called once for each gateway, after it binds and before it accepts connections. `gateway.advertised` is set by then.
   * If it throws, `listen()` rejects.
   */
  bound?(gateway: GatewayHandle): Awaitable<void>;
  /** Called for each connection. The first request waits until it settles. If it throws, the connection is closed. */
  connect?(connection: ConnectionInfo): Awaitable<State>;
  /** Called once for each connection whose `connect` succeeded, after its last handler has settled. */
  disconnect?(connection: ConnectionInfo, state: State): Awaitable<void>;
  /**
   * Called once for each gateway that has opened the backend, when the gateway closes or a later step of `listen()` fails.
   * The signal aborts when the drain timeout expires. The gateway does not wait indefinitely for a handler that continues
   * after its request was aborted. In that case, `disconnect` is called for its connection after `close`.
   */
  close?(options: { readonly signal: AbortSignal }): Awaitable<void>;
}

/** The function that answers one API: `ApiHandler<'produce', State>`. */
export type ApiHandler<Api extends keyof BackendMethods, State = unknown> = NonNullable<BackendMethods<State>[Api]>;

/** Infers the types of a backend literal, including the state that `connect` returns. Returns its argument. */
export function defineBackend<State = unknown>(backend: Backend<State>): Backend<State> {
  return backend;
}
