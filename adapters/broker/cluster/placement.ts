import type { Endpoint } from '../../../src/contract/index.js';
import type { BrokerNode } from '../broker-node.js';

/** Producer ids begin with that of the node that gave them, and 53 bits hold no more with 2^32 ids for each. */
export const MAX_NODE_ID: number = 2 ** 21 - 1;

/** What a coordinator is asked for: `group`, or `transaction` (a transactional id). */
export type CoordinatorType = 'group' | 'transaction';

/** Which broker does what. The kit never assumes that it is the only one. */
export interface Placement {
  /** This broker's own id, from 0 to 2097151. */
  readonly nodeId: number;
  /** All brokers, this one among them; `self` is where the asking client reaches this one. */
  nodes(self: Endpoint): readonly BrokerNode[];
  /** The node that answers for the cluster's metadata. */
  controllerId(): number;
  /** The node that leads a partition; -1 for none at the moment. */
  leader(topicId: string, partition: number): number;
  /**
   * Epoch of the leader of a partition, from 0 (KIP-101). Grows whenever the leader changes and never goes back. Asked for
   * with every batch.
   */
  leaderEpoch(topicId: string, partition: number): number;
  /** The node that coordinates a group or a transactional id; -1 for none at the moment. */
  coordinator(type: CoordinatorType, key: string): number;
}

/** One node that does it all, always under leader epoch 0. Without a placement, the epoch is that of the opening of the state. */
export function singleNode(nodeId = 1, rack: string | null = null): Placement {
  return {
    nodeId,
    nodes: ({ host, port }) => [{ nodeId, host, port, rack }],
    controllerId: () => nodeId,
    leader: () => nodeId,
    leaderEpoch: () => 0,
    coordinator: () => nodeId,
  };
}
