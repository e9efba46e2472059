import type { Endpoint } from '../../../src/contract/index.js';
import type { BrokerNode } from '../broker-node.js';
import { type CoordinatorType, type Placement, singleNode } from './placement.js';

/**
 * Uses the configured placement while this broker owns the durable state. While another broker owns it, that broker is the
 * only broker, leader, controller and coordinator, as soon as its address is known.
 */
export class OwnedPlacement implements Placement {
  /** Whether this broker owns the durable state. */
  isOwner = true;
  /** Leader epoch of the default placement: the epoch of the newest known opening of the state. */
  #epoch = 0;
  #own: Placement;
  #self: Endpoint | null = null;
  /** The broker that owns the durable state, even if it advertises the same address as this one. */
  #owner: BrokerNode | null = null;
  #successor: BrokerNode | null = null;

  /** @param given - The configured placement; null for a single node with every role. */
  constructor(given: Placement | null, nodeId: number, rack: string | null) {
    this.#own = given ?? this.#single(nodeId, rack);
  }

  #single(nodeId: number, rack: string | null): Placement {
    return { ...singleNode(nodeId, rack), leaderEpoch: () => this.#epoch };
  }

  /**
   * Records that the state was opened, by this broker or its current owner. The leader epoch never decreases, even if the
   * state was removed, because clients ignore lower epochs.
   */
  opened(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  /**
   * The broker that owns the durable state; null while this broker owns it, while the owner is unknown, and while the owner
   * advertises the same address.
   */
  get successor(): BrokerNode | null {
    return this.#successor;
  }

  get nodeId(): number {
    return this.#own.nodeId;
  }

  /** Sets the advertised address, and the node id if one was assigned. */
  identify(self: Endpoint | null, nodeId: number | null, rack: string | null): void {
    this.#self = self;
    if (nodeId !== null) this.#own = this.#single(nodeId, rack);
    // Only now is it known whether the owner advertises the same address.
    if (!this.isOwner) this.lose(this.#owner, null);
  }

  /** Records that another broker owns the durable state. */
  lose(successor: BrokerNode | null, epoch: number | null): void {
    this.isOwner = false;
    // Clients may use the epoch of the successor here: at a shared address, or before they connect to the successor.
    if (epoch !== null) this.opened(epoch);
    this.#owner = successor;
    this.#successor = successor !== null && this.advertises(successor) ? null : successor;
  }

  /** Whether this broker advertises the same address. Clients of a shared address, such as a load balancer, reach any broker. */
  advertises({ host, port }: Endpoint): boolean {
    return this.#self?.host === host && this.#self.port === port;
  }

  /** Records that this broker owns the durable state again. */
  regain(): void {
    this.isOwner = true;
    this.#successor = null;
  }

  nodes(self: Endpoint): readonly BrokerNode[] {
    return this.#successor === null ? this.#own.nodes(self) : [this.#successor];
  }

  controllerId(): number {
    return this.#successor?.nodeId ?? this.#own.controllerId();
  }

  leader(topicId: string, partition: number): number {
    return this.#successor?.nodeId ?? this.#own.leader(topicId, partition);
  }

  leaderEpoch(topicId: string, partition: number): number {
    return this.#own.leaderEpoch(topicId, partition);
  }

  /**
   * Whether this broker handles the records of a partition. Without the state it still does as long as clients cannot be
   * redirected to the successor, because the engine orders appends. Otherwise those clients would have no leader at the only
   * address that they know.
   */
  leads(topicId: string, partition: number): boolean {
    const { nodeId } = this.#own;
    const isSent = this.#successor !== null && this.#successor.nodeId !== nodeId;
    return !isSent && this.#own.leader(topicId, partition) === nodeId;
  }

  coordinator(type: CoordinatorType, key: string): number {
    return this.isOwner ? this.#own.coordinator(type, key) : (this.#successor?.nodeId ?? -1);
  }
}
