import type { BrokerConfigs } from './configs/broker-configs.js';
import type { Kit } from './kit.js';
import type { StoreTopicRegistry } from './topics/registry.js';

/** The kit as its own parts know it, which may also change what the others only read. */
export interface CoreKit extends Kit {
  readonly config: BrokerConfigs;
  readonly topics: StoreTopicRegistry;
}
