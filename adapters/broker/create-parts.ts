import { createApis } from './apis/index.js';
import type { LayeredBrokerConfig } from './configs/layered-broker-config.js';
import { DynamicConfigs } from './configs/dynamic-configs.js';
import { GroupsPart } from './groups/groups-part.js';
import type { GroupLimits } from './groups/limits.js';
import type { Kit, KitMethods, KitPart } from './kit.js';
import { LogManager } from './log/log-manager.js';

/**
 * Creates the parts of the kit and the handlers of its APIs. A broker imports this module, and with it everything that
 * handles requests, when it is opened for the first time.
 */
export function createParts(
  kit: Kit,
  config: LayeredBrokerConfig,
  groupLimits: GroupLimits,
): { readonly parts: readonly KitPart[]; readonly handlers: KitMethods } {
  const configs = new DynamicConfigs(kit, config);
  const log = new LogManager(kit);
  const groups = new GroupsPart(kit, groupLimits);
  return { parts: [configs, log, groups], handlers: createApis({ kit, configs, log, groups }) };
}
