import type { CoreKit } from '../core-kit.js';
import type { KitPart } from '../kit.js';
import { createCreateTopics } from './create-topics.js';

/** What makes, changes and deletes topics. */
export function createTopicApis(kit: CoreKit): KitPart {
  return { methods: { createTopics: createCreateTopics(kit) } };
}
