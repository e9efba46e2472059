import { checkOptionNames } from '../../src/contract/index.js';
import { BROKER_OPTION_NAMES, type BrokerBackend, type BrokerOptions, createBrokerBackend } from '../broker/index.js';
import { createMemoryStore, MEMORY_OPTION_NAMES, type MemoryStoreOptions } from './memory-store.js';

/** Options of {@link createMemoryBackend}: broker options and memory limits. */
export interface MemoryBackendOptions extends Omit<BrokerOptions, 'store'>, MemoryStoreOptions {}

/**
 * Creates a broker that keeps everything in the memory of this process. Its data is lost when the process ends.
 *
 * @throws OptionError that names the option or config and its value.
 */
export function createMemoryBackend(options: MemoryBackendOptions = {}): BrokerBackend {
  checkOptionNames('', options, [...MEMORY_OPTION_NAMES, ...BROKER_OPTION_NAMES]);
  const { maxBytes, maxStateBytes, ...broker } = options;
  return createBrokerBackend({ ...broker, store: createMemoryStore({ maxBytes, maxStateBytes }) });
}
