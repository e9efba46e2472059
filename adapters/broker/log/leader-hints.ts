import type { Endpoint } from '../../../src/contract.js';
import type { Kit } from '../kit.js';
import type { BrokerNode } from '../placement.js';
import type { Partition } from '../topics/topic-registry.js';

/** Where a partition is led, for a client that asked the wrong broker (KIP-951). */
export interface LeaderHint {
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

/** Looks who leads the partitions of one request, and gathers where else they are led. */
export class LeaderHints {
  private readonly kit: Kit;
  private others: Set<number> | null = null;
  /** The leader of the partition that was looked at last, where it is another broker. */
  last: LeaderHint | undefined = undefined;

  constructor(kit: Kit) {
    this.kit = kit;
  }

  /** Whether this broker leads it. */
  leads({ topic, index, leaderEpoch }: Partition): boolean {
    const { placement } = this.kit;
    const leaderId = placement.leader(topic.id, index);
    if (leaderId === placement.nodeId) return true;
    this.last = { leaderId, leaderEpoch };
    this.others ??= new Set();
    this.others.add(leaderId);
    return false;
  }

  /** Where the other leaders are. */
  endpoints(self: Endpoint): readonly BrokerNode[] | undefined {
    const others = this.others;
    if (others === null) return undefined;
    return this.kit.placement.nodes(self).filter(({ nodeId }) => others.has(nodeId));
  }
}
