import {
  type Backend,
  createKafkaGateway,
  type GatewayOptions,
  type KafkaGateway,
  OptionError,
} from '../../src/index.js';
import { checkOptionNames } from '../../src/contract/index.js';
import { type BrokerConfigInit, createBrokerBackend, type GroupLimits } from '../broker/index.js';
import { checkBrokerConfig } from '../broker/configs/layered-broker-config.js';
import { createMemoryStore } from '../memory/index.js';
import { type Faults, withFaults } from './faults.js';

/** Options of {@link startBroker}. */
export interface StartBrokerOptions {
  /**
   * Broker configs by Kafka's names. `group.initial.rebalance.delay.ms` is 0 by default. Only without `backend`.
   */
  readonly config?: BrokerConfigInit | undefined;
  /** Limits on groups, members and committed offsets. Default: `defaultGroupLimits`. Only without `backend`. */
  readonly groups?: Partial<GroupLimits> | undefined;
  /**
   * The backend, or a function that creates it, which each {@link TestBroker.restart} calls again. Default: a broker over a
   * memory store, whose data survives a restart.
   */
  readonly backend?: Backend | (() => Backend) | undefined;
  /** Options of the gateway, such as `maxFrameBytes`. It listens on 127.0.0.1, on a port that the system assigns. */
  readonly gateway?: Omit<GatewayOptions, 'backend' | 'listener'> | undefined;
}

const OPTION_NAMES = Object.keys({
  config: true,
  groups: true,
  backend: true,
  gateway: true,
} satisfies Record<keyof StartBrokerOptions, true>);

/** A running broker in this process. */
export interface TestBroker extends AsyncDisposable {
  /** Bootstrap address for clients: `127.0.0.1:port`. */
  readonly bootstrap: string;
  readonly host: string;
  readonly port: number;
  /** The gateway in front of the backend. It emits events. */
  readonly gateway: KafkaGateway;
  /** Plans faults for requests. */
  readonly faults: Faults;
  /** Closes this broker and starts another one over the same data, on another port and without faults. */
  restart(): Promise<TestBroker>;
  /** Closes the broker immediately and aborts requests in flight. Further calls wait for the same close. */
  close(): Promise<void>;
}

/**
 * Starts a Kafka broker in this process, in a few milliseconds.
 *
 * ```ts
 * await using broker = await startBroker();
 * const kafka = new Kafka({ brokers: [broker.bootstrap] });
 * ```
 *
 * @throws OptionError for an unknown or invalid option.
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<TestBroker> {
  checkAddress('', options);
  checkOptionNames('', options, OPTION_NAMES);
  const { gateway = {} } = options;
  if (typeof gateway !== 'object' || (gateway as unknown) === null) {
    throw new OptionError('gateway', gateway, 'expected an object such as { maxFrameBytes }');
  }
  checkAddress('gateway.', gateway);
  if ('backend' in gateway) {
    throw new OptionError('gateway.backend', gateway.backend, 'leave it out: startBroker has its own');
  }
  return startWith(backendMaker(options), gateway);
}

/** Rejects the option names that users try first to set a fixed port. @throws OptionError */
function checkAddress(prefix: string, options: object | null): void {
  for (const [name, value] of Object.entries(options ?? {})) {
    if (!['port', 'host', 'listener'].includes(name)) continue;
    const expected = 'expected createKafkaGateway({ listener }) for a port of your choice';
    throw new OptionError(prefix + name, value, `startBroker listens on a free port of 127.0.0.1; ${expected}`);
  }
}

function backendMaker({ backend, config, groups }: StartBrokerOptions): () => Backend {
  if (backend === undefined) {
    const store = createMemoryStore();
    const configs = { 'group.initial.rebalance.delay.ms': 0, ...checkBrokerConfig(config ?? {}) };
    return () => createBrokerBackend({ store, config: configs, groups });
  }
  for (const [option, value] of Object.entries({ config, groups })) {
    if (value !== undefined)
      throw new OptionError(option, value, 'give it to what makes the backend: this is for the memory backend only');
  }
  return typeof backend === 'function' ? backend : () => backend;
}

async function startWith(make: () => Backend, options: Omit<GatewayOptions, 'listener'>): Promise<TestBroker> {
  const { backend, faults } = withFaults(make());
  const gateway = createKafkaGateway({ ...options, listener: { host: '127.0.0.1', port: 0 }, backend });
  const { host, port } = await gateway.listen();
  const close = (): Promise<void> => gateway.close({ drainTimeoutMs: 0 });
  return {
    bootstrap: `${host}:${String(port)}`,
    host,
    port,
    gateway,
    faults,
    async restart() {
      await close();
      return startWith(make, options);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
