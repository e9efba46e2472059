import type { ApiName } from '../protocol/apis.js';
import type { VersionRange } from '../protocol/codec.js';
import type { BackendMethods } from './backend-methods.js';
import type { Awaitable } from '../awaitable.js';
import type { ConnectionInfo, Endpoint } from './request.js';

/**
 * Whether a backend serves everything:
 *
 * - `active`: it does;
 * - `overtaken`: another gateway over the same engine has taken over the state (groups, committed offsets, producers).
 *   What depends on it is refused with retriable errors, and clients are sent to that gateway.
 */
export type BackendState = 'active' | 'overtaken';

/** What a backend reports of itself. */
export interface BackendStatus {
  readonly state: BackendState;
  /** What the gateway that has taken over advertises; null while `active`, and while its address is unknown. */
  readonly successor: Endpoint | null;
}

/** What a backend is given when it is opened. */
export interface GatewayHandle {
  /** What the gateway is bound to; null before it is bound. */
  readonly endpoint: Endpoint | null;
  /** What the gateway advertises. Null before it is bound, unless the options say both host and port. */
  readonly advertised: Endpoint | null;
  /** Aborts when the gateway is being closed and the time for that is over, even while `open` is still under way. */
  readonly signal: AbortSignal;
  /**
   * Reports the status of the backend, which `stats()` then shows; a change is emitted as `backendStatus`. A backend that
   * never reports is `active`.
   */
  reportStatus(status: BackendStatus): void;
}

/**
 * Feature levels, as ApiVersions tells them from version 3 on (KIP-584). Clients decide by them: `transaction.version` 2
 * for the transactions of KIP-890, `group.version` 1 for the consumer groups of KIP-848.
 */
export interface Features {
  /** Levels that the broker can run at, by feature: 0 to 32767, where 0 stands for switched off. */
  readonly supported?: Readonly<Record<string, VersionRange>> | undefined;
  /** The level that the cluster runs at, by feature: 1 to 32767, and within what is supported. */
  readonly finalized?: Readonly<Record<string, number>> | undefined;
  /** Grows with every change of the finalized levels: clients keep what came with the highest. Default: 0. */
  readonly finalizedEpoch?: bigint | undefined;
}

/** Which broker of which cluster a backend is, as Metadata and DescribeCluster return it. */
export interface BrokerIdentity {
  /** Cluster id, not empty. */
  readonly clusterId: string;
  /** Node id of this broker: an integer from 0 to 2147483647. */
  readonly nodeId: number;
}

/**
 * What answers the requests: a method for each API that it has, and up to five for the life cycle. Methods are called on
 * the object itself, so that an instance of a class works as well as a literal.
 *
 * @typeParam State - What `connect` keeps for each connection.
 */
export interface Backend<State = unknown> extends BackendMethods<State> {
  /** Names the backend in events and errors. */
  readonly name: string;
  /** Versions to allow, by API: narrows what the codec knows, never widens it. */
  readonly versions?: Partial<Record<ApiName, VersionRange>> | undefined;
  /** Feature levels for ApiVersions; read once, after `open`. Default: none. */
  readonly features?: Features | undefined;
  /**
   * Returns which broker this is. Called once after `bound`, and for each client that expects a broker, since both ids may
   * change while a gateway runs. Clients send which broker they expect in ApiVersions from version 5 on; one that expects
   * another gets REBOOTSTRAP_REQUIRED, and starts again from its bootstrap servers (KIP-1242). Without this method, or with
   * null, every client is accepted.
   */
  identity?(): BrokerIdentity | null;
  /** Allows several gateways to have this backend open at once. `open` and `close` then run once for each gateway. */
  readonly shareable?: boolean | undefined;
  /** Called once for each gateway, before it binds; a throw makes `listen()` reject. */
  open?(gateway: GatewayHandle): Awaitable<void>;
  /**
   * Called once for each gateway, when it is bound and before it accepts connections: `gateway.advertised` is known. A
   * throw makes `listen()` reject.
   */
  bound?(gateway: GatewayHandle): Awaitable<void>;
  /** Called for each connection, and settles before its first request. A throw closes the connection. */
  connect?(connection: ConnectionInfo): Awaitable<State>;
  /** Called once for each connection whose `connect` succeeded, after its last handler has settled. */
  disconnect?(connection: ConnectionInfo, state: State): Awaitable<void>;
  /**
   * Called once for each gateway that has opened the backend, when it closes or when the rest of its `listen()` fails;
   * the signal aborts when the time for closing is over. A handler that outlives the abort of its request is not waited
   * for: the `disconnect` of its connection comes after this.
   */
  close?(options: { readonly signal: AbortSignal }): Awaitable<void>;
}

/** The function that answers one API: `ApiHandler<'produce', State>`. */
export type ApiHandler<Api extends keyof BackendMethods, State = unknown> = NonNullable<BackendMethods<State>[Api]>;

/** Gives a backend literal its types, the state that `connect` returns among them. Returns its argument. */
export function defineBackend<State = unknown>(backend: Backend<State>): Backend<State> {
  return backend;
}
