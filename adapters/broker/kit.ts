import type { Awaitable, BackendMethods, ConnectionInfo } from '../../src/contract/index.js';
import type { Clock } from './clock.js';
import type { BrokerConfig } from './broker-config.js';
import type { DurableState } from './durable-state.js';
import type { LogStore } from './store/log-store.js';
import type { OwnedPlacement } from './cluster/owned-placement.js';
import type { TopicRegistry } from './topic-registry.js';

/** What the parts of the kit share. */
export interface Kit {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly placement: OwnedPlacement;
  /** Stays the same over restarts, where the store is durable. */
  readonly clusterId: string;
  readonly config: BrokerConfig;
  readonly topics: TopicRegistry;
  readonly state: DurableState;
  /** Aborts when the broker stops waiting for its store: the time for closing is over. */
  readonly signal: AbortSignal;
  /**
   * Tells the operator, once for each text; or once for what it is about, where the text has something in it that
   * clients choose or that is never the same: what was told is kept.
   */
  warn(message: string, about?: string): void;
}

/** The methods of a backend that the kit answers. The state of a connection is what is known of it. */
export type KitMethods = Partial<BackendMethods<ConnectionInfo>>;

/** The life cycle of one part of the kit. */
export interface KitPart {
  /** After store, state, config and topics are there; before the first request. */
  open?(): Awaitable<void>;
  /** The node id is known, where it was not when the part was opened; the state can still be loaded. */
  identified?(): Awaitable<void>;
  /** Another broker has the durable state: what is held of it is dropped, and who waits for it gets a retriable error. */
  suspend?(): Awaitable<void>;
  /** The durable state is this broker's again, and can be loaded as it is now. */
  resume?(): Awaitable<void>;
  /** A connection is gone: what waits for it alone, goes. */
  disconnected?(connectionId: string): void;
  /** Timers stop, waiting requests are let go. */
  close?(): Awaitable<void>;
}
