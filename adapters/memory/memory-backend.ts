import { checkOptionNames } from '../../src/contract/index.js';
import { BROKER_OPTION_NAMES, type BrokerBackend, type BrokerOptions, createBrokerBackend } from '../broker/index.js';
import { createMemoryStore, MEMORY_OPTION_NAMES, type MemoryStoreOptions } from './memory-store.js';

/** Options of {@link createMemoryBackend}: those of the broker, and the limits of its memory. */
export interface MemoryBackendOptions extends Omit<BrokerOptions, 'store'>, MemoryStoreOptions {}

/**
 * A broker that keeps everything in the memory of this process, and forgets it with the process.
 *
 * @throws OptionError naming the option, or the config, and its value.
 */
export function createMemoryBackend(options: MemoryBackendOptions = {}): BrokerBackend {
  checkOptionNames('', options, [...MEMORY_OPTION_NAMES, ...BROKER_OPTION_NAMES]);
  const { maxBytes, maxStateBytes, ...broker } = options;
  return createBrokerBackend({ ...broker, store: createMemoryStore({ maxBytes, maxStateBytes }) });
}
