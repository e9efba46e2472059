import type { CoreKit } from '../core-kit.js';
import type { KitPart } from '../kit.js';
import { createMetadata } from './metadata.js';

/** What clients ask of the cluster as a whole. */
export function createClusterApis(kit: CoreKit): KitPart {
  return { methods: { metadata: createMetadata(kit) } };
}
