import type { CoreKit } from '../core-kit.js';
import type { KitPart } from '../kit.js';
import { createCreatePartitions } from './create-partitions.js';
import { createCreateTopics } from './create-topics.js';
import { createDeleteRecords } from './delete-records.js';
import { createDeleteTopics } from './delete-topics.js';

/** What makes, changes and deletes topics. */
export function createTopicApis(kit: CoreKit): KitPart {
  return {
    methods: {
      createTopics: createCreateTopics(kit),
      deleteTopics: createDeleteTopics(kit),
      createPartitions: createCreatePartitions(kit),
      deleteRecords: createDeleteRecords(kit),
    },
  };
}
