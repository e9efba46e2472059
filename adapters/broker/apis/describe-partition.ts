import { ErrorCode } from '../../../src/contract/index.js';
import type { MetadataResponsePartitionInit } from '../../../src/protocol/index.js';
import type { Placement } from '../cluster/placement.js';
import type { Partition } from '../topic-registry.js';

/** Who has a partition: one node, for replicas are the store's own affair. */
export function describePartition(placement: Placement, partition: Partition): MetadataResponsePartitionInit {
  const leaderId = placement.leader(partition.topic.id, partition.index);
  const nodes = leaderId < 0 ? [] : [leaderId];
  return {
    errorCode: leaderId < 0 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
    partitionIndex: partition.index,
    leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: nodes,
    isrNodes: nodes,
    offlineReplicas: [],
  };
}
