import { randomUUID } from 'node:crypto';
import {
  type Awaitable,
  type Backend,
  type BrokerIdentity,
  checkInteger,
  checkOptionNames,
  type ConnectionInfo,
  type Endpoint,
  ErrorCode,
  GatewayError,
  type GatewayHandle,
  KafkaError,
  MAX_TIMER_MS,
  OptionError,
} from '../../src/contract/index.js';
import { type Clock, systemClock } from './clock.js';
import type { BrokerConfigInit } from './broker-config.js';
import { LayeredBrokerConfig, checkBrokerConfig } from './configs/layered-broker-config.js';
import { lacking } from './configs/check-topic-configs.js';
import { StoredState } from './durable-state.js';
import { deferMethods } from './deferred-methods.js';
import { checkGroupLimits, type GroupLimits } from './groups/limits.js';
import type { Kit, KitMethods, KitPart } from './kit.js';
import type { LogStore } from './store/log-store.js';
import { checkStore } from './store/check-store.js';
import { MAX_NODE_ID, type Placement } from './cluster/placement.js';
import { assignNodeId } from './cluster/node-ids.js';
import { OwnedPlacement } from './cluster/owned-placement.js';
import { StateOwnership } from './cluster/state-ownership.js';
import { checkStateFormat, markStateFormat } from './state-format.js';
import { StateHandover } from './state-handover.js';
import { TopicCache } from './topics/topic-cache.js';

/** Options of {@link createBrokerBackend}. */
export interface BrokerOptions {
  /** The store that keeps the records and the durable state. */
  readonly store: LogStore;
  /** Broker configs by Kafka's names, such as `num.partitions`. Default: Kafka's defaults. */
  readonly config?: BrokerConfigInit | undefined;
  /**
   * Assigns leaders, coordinators and the controller to brokers. Default: one node that has every role. Its id is the config
   * `node.id`, 1 by default.
   */
  readonly placement?: Placement | undefined;
  /** Source of time. Default: `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Cluster id. Default: a random id, generated at the first start and saved in the store. */
  readonly clusterId?: string | undefined;
  /** Limits on groups, members and committed offsets. Default: `defaultGroupLimits`. */
  readonly groups?: Partial<GroupLimits> | undefined;
  /**
   * Milliseconds without a heartbeat of the owner of the state after which another broker takes the state over; from 100.
   * Applies to stores that several brokers share. Use the same value on all of them. Default: 10000.
   */
  readonly sessionTimeoutMs?: number | undefined;
  /**
   * Called with warnings for the operator. Each warning is reported once, except changes of the owner of the state.
   * Default: `process.emitWarning`.
   */
  readonly warn?: ((message: string) => void) | undefined;
}

/** A complete Kafka broker over a {@link LogStore}. */
export interface BrokerBackend extends Backend<ConnectionInfo> {
  identity(): BrokerIdentity;
  connect(connection: ConnectionInfo): ConnectionInfo;
  open(gateway: GatewayHandle): Promise<void>;
  bound(gateway: GatewayHandle): Promise<void>;
  disconnect(connection: ConnectionInfo): void;
  close(options: { readonly signal: AbortSignal }): Promise<void>;
}

/**
 * Names of the options of {@link createBrokerBackend} except `store`. A function that accepts these options and its own
 * uses them to reject unknown names.
 */
export const BROKER_OPTION_NAMES: readonly string[] = Object.keys({
  config: true,
  placement: true,
  clock: true,
  clusterId: true,
  groups: true,
  sessionTimeoutMs: true,
  warn: true,
} satisfies Record<keyof Omit<BrokerOptions, 'store'>, true>);

const CLUSTER_ID = 'cluster/id';

const DEFAULT_SESSION_TIMEOUT_MS = 10_000;

/**
 * Creates a broker over a store. The broker handles topics, produce, fetch, groups and configs. It serves one gateway at a
 * time. After it is closed, it can be opened again.
 *
 * @throws OptionError that names the option or config and its value.
 */
export function createBrokerBackend(options: BrokerOptions): BrokerBackend {
  if (typeof (options as Partial<LogStore> | null | undefined)?.append === 'function') {
    throw new OptionError('options', options, 'expected { store }, got a LogStore');
  }
  checkOptionNames('', options, ['store', ...BROKER_OPTION_NAMES]);
  const { store, clock = systemClock, groups = {} } = options;
  checkStore(store);
  checkOwn(options);
  const warn = guarded(options.warn ?? emitWarning);
  const config = new LayeredBrokerConfig(checkBrokerConfig(options.config ?? {}));
  const lack = lacking(store, config.layers.fixed, 'log.');
  if (lack !== null) throw new OptionError('config', options.config, lack);
  const { rack, nodeId } = ownNode(config);
  const placement = new OwnedPlacement(options.placement ?? null, nodeId ?? 1, rack);
  checkNodeId(placement.nodeId);
  /** The configured node id; null if the store may assign one. */
  const fixedId = options.placement === undefined ? nodeId : placement.nodeId;
  const sessionTimeoutMs = checkInteger(
    'sessionTimeoutMs',
    options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
    100,
    MAX_TIMER_MS,
  );
  const ownership = new StateOwnership({
    store,
    clock,
    sessionTimeoutMs,
    accept: checkStateFormat,
    opened: (epoch) => {
      placement.opened(epoch);
    },
    changed: (change) => {
      handover?.changed(change);
    },
    // Not deduplicated: the operator needs to see every handover.
    warn,
  });
  /** Whether several brokers may open the store. */
  const isShared = store.followShard !== undefined;
  const state = new StoredState(ownership);
  const topics = new TopicCache(store, config, placement, () => signal);
  const warned = new Set<string>();
  let clusterId = options.clusterId ?? '';
  let signal = AbortSignal.abort();

  const kit: Kit = {
    store,
    clock,
    placement,
    get clusterId() {
      return clusterId;
    },
    config,
    topics,
    state,
    get signal() {
      return signal;
    },
    warn(message, about = message) {
      if (warned.has(about)) return;
      warned.add(about);
      warn(message);
    },
  };
  const groupLimits = checkGroupLimits(groups);
  const deferred = deferMethods(store.name);
  const { methods } = deferred;
  requireOwner(methods, placement);
  config.onChange(() => {
    topics.reconfigure();
  });

  async function loadClusterId(): Promise<void> {
    if (options.clusterId !== undefined) return;
    const [kept] = state.load(CLUSTER_ID);
    if (kept !== undefined) {
      clusterId = kept[1].toString();
      return;
    }
    // The state was removed while another broker owned it. Clients know this broker by its previous cluster id.
    if (clusterId !== '') {
      await state.put(CLUSTER_ID, Buffer.from(clusterId));
      return;
    }
    // Same format as Kafka's: 16 random bytes in base64url, without a leading dash.
    clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url').replace(/^-/, 'A');
    await state.put(CLUSTER_ID, Buffer.from(clusterId));
  }

  /** Loads the state, and the values in it that belong to no part. */
  async function loadState(): Promise<void> {
    await state.open();
    await markStateFormat(state);
    await loadClusterId();
  }

  /** Empty until the broker is opened for the first time. */
  let parts: readonly KitPart[] = [];
  let handover: StateHandover | null = null;

  /** Loads the request handlers. A static import of them would be two thirds of the cost of importing a broker. */
  async function loadParts(): Promise<StateHandover> {
    const { createParts } = await import('./create-parts.js');
    const created = createParts(kit, config, groupLimits);
    parts = created.parts;
    deferred.resolve(created.handlers);
    return new StateHandover(kit, parts, {
      identify,
      load: async () => {
        await loadState();
        await topics.reload();
      },
      loaded: () => state.settled(),
    });
  }

  /** Assigns a node id to the advertised address, and publishes both to the brokers that share the store. */
  async function identify(endpoint: Endpoint | null): Promise<void> {
    if (endpoint !== null) {
      const assigned = await assignNodeId(state, endpoint, fixedId);
      placement.identify(endpoint, fixedId === null ? assigned : null, rack);
      await ownership.present({ nodeId: placement.nodeId, ...endpoint, rack });
    }
  }

  let isOpen = false;
  const undo: ((signal: AbortSignal) => Awaitable<void> | undefined)[] = [];
  async function close(signal: AbortSignal): Promise<void> {
    let failure: { readonly error: unknown } | null = null;
    for (const step of undo.splice(0).reverse()) {
      try {
        await step(signal);
      } catch (error) {
        failure ??= { error };
      }
    }
    isOpen = false;
    if (failure !== null) throw failure.error;
  }

  return {
    ...methods,
    name: store.name,
    async open(gateway) {
      // A gateway detects a backend that is in use, but not a wrapped or spread copy. Groups would have two coordinators.
      if (isOpen) throw new GatewayError('BACKEND_IN_USE', `backend ${store.name} is open in another gateway`);
      isOpen = true;
      signal = gateway.signal;
      try {
        // Registered before open(): close() releases what a failed open() has acquired.
        undo.push((signal) => store.close?.(signal));
        await store.open?.(gateway.signal);
        const opened = (handover ??= await loadParts());
        opened.begin();
        undo.push((signal) => ownership.close(signal));
        await ownership.open(gateway.signal);
        undo.push(() => state.close());
        await loadState();
        await topics.open((error) => kit.warn(`topics of ${store.name} cannot be listed: ${String(error)}`));
        undo.push(() => topics.close());
        for (const part of parts) {
          await part.open?.();
          undo.push(() => part.close?.());
        }
        opened.start(gateway);
        undo.push(() => opened.stop());
        // A shared store assigns the node id later. Values that depend on it are loaded after that.
        if (!isShared) state.settled();
      } catch (error) {
        // Report the first failure, not one of close().
        await close(gateway.signal).catch(() => undefined);
        throw error;
      }
    },
    async bound(gateway) {
      if (isShared) {
        await identify(gateway.advertised);
        for (const part of parts) await part.identified?.();
        state.settled();
      }
      handover?.identified();
    },
    // The state of a connection is its ConnectionInfo: DescribeGroups returns the host of each member.
    connect: (connection) => connection,
    disconnect({ id }) {
      for (const part of parts) part.disconnected?.(id);
    },
    close: ({ signal }) => close(signal),
    identity: () => ({ clusterId, nodeId: placement.nodeId }),
  };
}

/** APIs that need the ownership of the state. The others fail with NOT_CONTROLLER, and clients look up the controller again. */
const CONTROLLER_APIS = [
  'createTopics',
  'deleteTopics',
  'createPartitions',
  'alterConfigs',
  'incrementalAlterConfigs',
] as const satisfies readonly (keyof KitMethods)[];

function requireOwner(methods: KitMethods, placement: OwnedPlacement): void {
  type Method = (request: never, context: never) => Awaitable<never>;
  for (const api of CONTROLLER_APIS) {
    const method = methods[api] as Method;
    const guarded: Method = (request, context) => {
      if (!placement.isOwner) throw new KafkaError(ErrorCode.NOT_CONTROLLER, 'another broker has the state');
      return method(request, context);
    };
    methods[api] = guarded;
  }
}

/** Checks options that would otherwise fail only on first use. @throws OptionError */
function checkOwn({ clusterId, warn, clock, placement }: BrokerOptions): void {
  if (clusterId !== undefined && (typeof clusterId !== 'string' || clusterId === '')) {
    throw new OptionError('clusterId', clusterId, 'it is a string that is not empty');
  }
  if (warn !== undefined && typeof warn !== 'function') throw new OptionError('warn', warn, 'it is a function');
  for (const [option, value] of Object.entries({ clock, placement })) {
    if (value !== undefined && (typeof value !== 'object' || (value as unknown) === null)) {
      throw new OptionError(option, value, 'it is an object with the methods of its interface');
    }
  }
  // Added in 0.2: placements written for 0.1 lack it.
  const leaderEpoch: unknown = placement === undefined ? placement : Reflect.get(placement, 'leaderEpoch');
  if (placement !== undefined && typeof leaderEpoch !== 'function') {
    throw new OptionError('placement.leaderEpoch', leaderEpoch, 'expected a method');
  }
}

function emitWarning(message: string): void {
  process.emitWarning(message);
}

/** Wraps `warn` so that an error that it throws does not interrupt the broker. */
function guarded(warn: (message: string) => void): (message: string) => void {
  return (message) => {
    try {
      warn(message);
    } catch (error) {
      emitWarning(`${message} (and warn() threw: ${String(error)})`);
    }
  };
}

/** Value of `broker.id` that means no id. */
const NO_ID = -1;

/** Returns the node id and rack from the configs; null for one that is not set. */
function ownNode(config: LayeredBrokerConfig): { readonly nodeId: number | null; readonly rack: string | null } {
  const { fixed } = config.layers;
  const id = Number(fixed['node.id'] ?? fixed['broker.id'] ?? NO_ID);
  return { nodeId: id === NO_ID ? null : id, rack: fixed['broker.rack'] ?? null };
}

function checkNodeId(nodeId: number): void {
  checkInteger('placement.nodeId', nodeId, 0, MAX_NODE_ID);
}
