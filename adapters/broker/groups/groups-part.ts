import { ErrorCode } from '../../../src/contract/index.js';
import type { Kit, KitPart } from '../kit.js';
import { Expiry } from './expiry.js';
import { GroupCoordinator } from './group-coordinator.js';
import { GroupRegistry } from './group-registry.js';
import type { GroupLimits } from './limits.js';
import { OffsetCommits } from './offset-commits.js';

/** Groups of the classic protocol, and committed offsets. */
export class GroupsPart implements KitPart {
  readonly registry: GroupRegistry;
  readonly coordinator: GroupCoordinator;
  readonly commits: OffsetCommits;
  readonly #placement: Kit['placement'];
  readonly #expiry: Expiry;
  #isOpen = false;

  constructor(kit: Kit, limits: GroupLimits) {
    this.registry = new GroupRegistry(kit, limits);
    this.coordinator = new GroupCoordinator(kit.clock, kit.config, this.registry);
    this.commits = new OffsetCommits(kit.config, this.registry, this.coordinator);
    this.#placement = kit.placement;
    this.#expiry = new Expiry(kit, this.registry);
  }

  /** Returns NONE if this broker coordinates a group of this id, or the error code that says why it does not. */
  refusal(groupId: string): number {
    if (!this.#isOpen) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    const { isOwner, nodeId } = this.#placement;
    if (!isOwner) return ErrorCode.NOT_COORDINATOR;
    return this.#placement.coordinator('group', groupId) === nodeId ? ErrorCode.NONE : ErrorCode.NOT_COORDINATOR;
  }

  open(): void {
    this.resume();
    this.#isOpen = true;
  }

  suspend(): void {
    this.#expiry.stop();
    this.registry.close(ErrorCode.NOT_COORDINATOR);
  }

  resume(): void {
    this.registry.load((group, stored) => {
      this.coordinator.restore(group, stored);
    });
    this.#expiry.start();
  }

  close(): void {
    this.#isOpen = false;
    this.#expiry.stop();
    this.registry.close(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }
}
