import { createClusterApis } from './cluster/index.js';
import { createConfigApis } from './configs/index.js';
import type { CoreKit } from './core-kit.js';
import { createGroupApis } from './groups/index.js';
import type { GroupLimits } from './groups/limits.js';
import type { KitMethods, KitPart } from './kit.js';
import { createLogApis } from './log/index.js';
import { createTopicApis } from './topics/index.js';

/**
 * Creates the parts of the kit and the handlers of its APIs. A broker imports this module, and with it everything that
 * handles requests, when it is opened for the first time.
 */
export function createParts(
  kit: CoreKit,
  groupLimits: GroupLimits,
): { readonly parts: readonly KitPart[]; readonly handlers: KitMethods } {
  const parts = [
    createConfigApis(kit),
    createTopicApis(kit),
    createClusterApis(kit),
    createLogApis(kit),
    createGroupApis(kit, groupLimits),
  ];
  const handlers: KitMethods = {};
  for (const part of parts) Object.assign(handlers, part.methods);
  return { parts, handlers };
}
