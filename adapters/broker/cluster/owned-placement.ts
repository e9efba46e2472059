import type { Endpoint } from '../../../src/contract/index.js';
import type { BrokerNode } from '../broker-node.js';
import { type CoordinatorType, type Placement, singleNode } from './placement.js';

/**
 * The placement that was given while this broker has the durable state. While another one has it, that one is named as
 * the only broker, leader, controller and coordinator, as soon as its address is known.
 */
export class OwnedPlacement implements Placement {
  /** False while another broker has the durable state. */
  isOwner = true;
  /** Leader epoch where the placement is the default one: that of the newest opening of the state that is known. */
  #epoch = 0;
  #own: Placement;
  #self: Endpoint | null = null;
  /** The broker that has the durable state, at whatever address. */
  #owner: BrokerNode | null = null;
  #successor: BrokerNode | null = null;

  /** @param given - The placement that was set; null for one node that does it all. */
  constructor(given: Placement | null, nodeId: number, rack: string | null) {
    this.#own = given ?? this.#single(nodeId, rack);
  }

  #single(nodeId: number, rack: string | null): Placement {
    return { ...singleNode(nodeId, rack), leaderEpoch: () => this.#epoch };
  }

  /** The state was opened, here or by the broker that owns it now. */
  opened(epoch: number): void {
    this.#learn(epoch);
  }

  /** It never goes back, even if the state was removed: clients ignore a lower one. */
  #learn(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  /** The broker that has the durable state; null while this one has it, while it is unknown, and at the same address. */
  get successor(): BrokerNode | null {
    return this.#successor;
  }

  get nodeId(): number {
    return this.#own.nodeId;
  }

  /** Sets what the gateway advertises; and the node id, where the store has assigned one. */
  identify(self: Endpoint | null, nodeId: number | null, rack: string | null): void {
    this.#self = self;
    if (nodeId !== null) this.#own = this.#single(nodeId, rack);
    // Whether the address is shared could not be known before.
    if (!this.isOwner) this.lose(this.#owner, null);
  }

  /** Another broker has the durable state. */
  lose(successor: BrokerNode | null, epoch: number | null): void {
    this.isOwner = false;
    // Clients may have this from the successor, and use it here: at the same address, or while they look for it.
    if (epoch !== null) this.#learn(epoch);
    this.#owner = successor;
    this.#successor = successor !== null && this.advertises(successor) ? null : successor;
  }

  /** Whether this broker advertises an address too. Clients of it, such as a load balancer's, reach any broker behind it. */
  advertises({ host, port }: Endpoint): boolean {
    return this.#self?.host === host && this.#self.port === port;
  }

  /** This broker has the durable state again. */
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
   * Whether this broker answers for the records of a partition. Without the state it does, since the engine orders appends,
   * as long as clients cannot be sent to the successor: those that nothing sends there would lose this broker with the
   * only address that they know.
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
