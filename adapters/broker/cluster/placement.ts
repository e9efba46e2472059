import type { Endpoint } from '../../../src/contract/index.js';
import type { BrokerNode } from '../broker-node.js';

/** Highest node id. A producer id starts with the id of its node, and 53 bits leave 21 for it beside 2^32 ids per node. */
export const MAX_NODE_ID: number = 2 ** 21 - 1;

/** Type of the key of a coordinator: `group` for a group id, `transaction` for a transactional id. */
export type CoordinatorType = 'group' | 'transaction';

/** Assigns leaders, coordinators and the controller to brokers. The kit never assumes that it is the only broker. */
export interface Placement {
  /** Node id of this broker, from 0 to 2097151. */
  readonly nodeId: number;
  /** Returns all brokers, including this one. @param self - The address at which the client reaches this broker. */
  nodes(self: Endpoint): readonly BrokerNode[];
  /** Returns the node id of the controller. */
  controllerId(): number;
  /** Returns the node id of the leader of a partition; -1 if it has no leader at the moment. */
  leader(topicId: string, partition: number): number;
  /**
   * Returns the leader epoch of a partition, from 0 (KIP-101). It grows whenever the leader changes and never decreases.
   * Called for every batch.
   */
  leaderEpoch(topicId: string, partition: number): number;
  /** Returns the node id of the coordinator of a group or transactional id; -1 if it has none at the moment. */
  coordinator(type: CoordinatorType, key: string): number;
}

/**
 * Returns a placement with one node that has every role. Its leader epoch is always 0. A broker without a placement uses
 * the epoch of the opening of the state instead.
 */
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
