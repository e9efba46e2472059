import type { Endpoint } from '../../../src/contract/index.js';
import type { Kit } from '../kit.js';
import type { BrokerNode } from '../broker-node.js';
import type { Partition } from '../topic-registry.js';

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
  leads(partition: Partition): boolean {
    const { placement } = this.kit;
    const { topic, index } = partition;
    if (placement.leads(topic.id, index)) return true;
    this.note(placement.leader(topic.id, index), partition.leaderEpoch);
    return false;
  }

  /** Names the broker that has the state of producers, where it is known. */
  toOwner({ leaderEpoch }: Partition): void {
    const { successor } = this.kit.placement;
    if (successor === null) this.last = undefined;
    else this.note(successor.nodeId, leaderEpoch);
  }

  private note(leaderId: number, leaderEpoch: number): void {
    this.last = { leaderId, leaderEpoch };
    this.others ??= new Set();
    this.others.add(leaderId);
  }

  /** Where the other leaders are. */
  endpoints(self: Endpoint): readonly BrokerNode[] | undefined {
    const others = this.others;
    if (others === null) return undefined;
    return this.kit.placement.nodes(self).filter(({ nodeId }) => others.has(nodeId));
  }
}
