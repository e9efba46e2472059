import type { CoreKit } from '../core-kit.js';
import type { KitPart } from '../kit.js';
import { createDescribeCluster } from './describe-cluster.js';
import { createDescribeLogDirs } from './describe-log-dirs.js';
import { createDescribeTopicPartitions } from './describe-topic-partitions.js';
import { createMetadata } from './metadata.js';

/** What clients ask of the cluster as a whole. */
export function createClusterApis(kit: CoreKit): KitPart {
  return {
    methods: {
      metadata: createMetadata(kit),
      describeTopicPartitions: createDescribeTopicPartitions(kit),
      describeCluster: createDescribeCluster(kit),
      describeLogDirs: createDescribeLogDirs(kit),
    },
  };
}
