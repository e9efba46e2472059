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
   * Configs of the broker by Kafka's names; `group.initial.rebalance.delay.ms` is 0 where nothing else is said. Only for
   * the memory backend: any other has its own.
   */
  readonly config?: BrokerConfigInit | undefined;
  /** How much groups may hold. Default: `defaultGroupLimits`. Only for the memory backend. */
  readonly groups?: Partial<GroupLimits> | undefined;
  /**
   * What answers, or how to make it: called again for each {@link TestBroker.restart}. Default: a broker over a memory
   * store, which a restart keeps.
   */
  readonly backend?: Backend | (() => Backend) | undefined;
  /** Options of the gateway, such as `maxFrameBytes`. It listens on 127.0.0.1, at a port of the system's choice. */
  readonly gateway?: Omit<GatewayOptions, 'backend' | 'listener'> | undefined;
}

const OPTION_NAMES = Object.keys({
  config: true,
  groups: true,
  backend: true,
  gateway: true,
} satisfies Record<keyof StartBrokerOptions, true>);

/** A broker that runs in this process. */
export interface TestBroker extends AsyncDisposable {
  /** What clients connect to: `127.0.0.1:port`. */
  readonly bootstrap: string;
  readonly host: string;
  readonly port: number;
  /** The gateway in front of the backend, with its events. */
  readonly gateway: KafkaGateway;
  /** What is to go wrong. */
  readonly faults: Faults;
  /** Closes this broker and starts another over what it had stored, at another port. Faults are forgotten. */
  restart(): Promise<TestBroker>;
  /** Closes it at once: requests in flight are aborted. Calling again waits for the same close. */
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
 * @throws OptionError for an option that cannot be.
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

/** The first names that are tried for a fixed port. @throws OptionError */
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
