import { checkOptionNames, OptionError } from '../../src/contract/index.js';
import { BROKER_OPTION_NAMES, type BrokerBackend, type BrokerOptions, createBrokerBackend } from '../broker/index.js';
import { createIggyStore } from './iggy-store.js';
import { IGGY_OPTION_NAMES, type IggyStoreOptions, RENAMED_IGGY_OPTIONS } from './options.js';

/** Options of {@link createIggyBackend}: broker options and store options. */
export interface IggyBackendOptions extends Omit<BrokerOptions, 'store'>, IggyStoreOptions {}

/**
 * Creates a broker that stores records and state in a stream of Apache Iggy.
 *
 * ```ts
 * import { Client } from 'apache-iggy';
 *
 * const connect = ({ host, port }) => new Client({ transport: 'TCP', options: { host, port }, credentials });
 * const addresses = ['127.0.0.1:8090'];
 * const gateway = createKafkaGateway({ backend: createIggyBackend({ connect, addresses, stream: 'kafka' }) });
 * ```
 *
 * @throws OptionError that names the option or config and its value.
 */
export function createIggyBackend(options: IggyBackendOptions): BrokerBackend {
  checkOptionNames('', options, [...IGGY_OPTION_NAMES, ...BROKER_OPTION_NAMES], RENAMED_IGGY_OPTIONS);
  const { config, placement, clock, clusterId, groups, sessionTimeoutMs, warn, ...store } = options;
  const retention = Object.keys(config ?? {}).find((name) => /^log\.retention\.(ms|minutes|hours|bytes)$/.test(name));
  if (retention !== undefined) {
    const why = `${retention}: how long a topic without retention configs keeps messages is set at Iggy's server`;
    throw new OptionError('config', config, why);
  }
  return createBrokerBackend({
    config,
    placement,
    clock,
    clusterId,
    groups,
    sessionTimeoutMs,
    warn,
    store: createIggyStore(store, warn),
  });
}
