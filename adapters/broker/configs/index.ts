import type { CoreKit } from '../core-kit.js';
import type { KitPart } from '../kit.js';
import { createAlterConfigs } from './alter-configs.js';
import { createDescribeConfigs } from './describe-configs.js';
import { loadBrokerConfigs } from './dynamic-configs.js';
import { brokerConfig } from './known-configs.js';
import { createListConfigResources } from './list-config-resources.js';

/** What shows and changes configs. */
export function createConfigApis(kit: CoreKit): KitPart {
  return {
    methods: {
      describeConfigs: createDescribeConfigs(kit),
      ...createAlterConfigs(kit),
      listConfigResources: createListConfigResources(kit),
    },
    open() {
      loadBrokerConfigs(kit);
      const names = Object.keys(kit.config.layers.fixed).filter((name) => brokerConfig(name)?.enforced !== true);
      if (names.length > 0) kit.warn(`configs that are set and not enforced, only shown: ${names.join(', ')}`);
    },
    identified: () => loadBrokerConfigs(kit),
    resume: () => loadBrokerConfigs(kit),
  };
}
