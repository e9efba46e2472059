import { ErrorCode } from '../../../src/contract/index.js';
import type { Kit } from '../kit.js';
import type { Topic } from '../topic-registry.js';
import type { Group } from './group.js';
import type { GroupRegistry } from './group-registry.js';
import type { CommittedOffset } from './offsets.js';

const MS_PER_MINUTE = 60_000;

/** Forgets committed offsets that nobody uses (KIP-211), those of deleted topics, and groups that hold nothing. */
export class Expiry {
  readonly #kit: Pick<Kit, 'clock' | 'config' | 'topics' | 'warn'>;
  readonly #registry: GroupRegistry;
  #stopTimer: (() => void) | null = null;
  #stopListening: (() => void) | null = null;

  constructor(kit: Pick<Kit, 'clock' | 'config' | 'topics' | 'warn'>, registry: GroupRegistry) {
    this.#kit = kit;
    this.#registry = registry;
  }

  start(): void {
    this.#stopListening = this.#kit.topics.onDeleted((topic) => {
      this.topicDeleted(topic);
    });
    this.#schedule();
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopListening?.();
  }

  #schedule(): void {
    this.#stopTimer = this.#kit.clock.after(this.#kit.config.get('offsets.retention.check.interval.ms'), () => {
      this.#schedule();
      this.sweep();
    });
  }

  /** Looks at all groups once. */
  sweep(): void {
    const now = this.#kit.clock.now();
    const retentionMs = this.#kit.config.get('offsets.retention.minutes') * MS_PER_MINUTE;
    for (const group of this.#registry.all()) {
      const since = retainedSince(group);
      if (since === null) continue;
      const expired = group.offsets.all().filter((entry) => {
        const { committed, inFlight, topicId } = entry;
        if (committed === null || inFlight > 0) return false;
        const topic = this.#kit.topics.byId(topicId);
        if (topic !== undefined && group.isSubscribedTo(topic.name)) return false;
        return committed.expiresAt === -1 ? now - since(committed) >= retentionMs : now >= committed.expiresAt;
      });
      const isBare =
        expired.length === group.offsets.size && group.state === 'Empty' && group.members.pendingCount === 0;
      this.#forget(() => (isBare ? this.#registry.delete(group) : this.#registry.deleteOffsets(group, expired)));
    }
  }

  topicDeleted({ id }: Topic): void {
    for (const group of this.#registry.all()) {
      const entries = group.offsets.ofTopic(id);
      if (entries.length > 0) this.#forget(() => this.#registry.deleteOffsets(group, entries));
    }
  }

  #forget(forget: () => ReturnType<GroupRegistry['delete']>): void {
    void this.#registry.settle(forget, (errorCode) => {
      if (errorCode !== ErrorCode.NONE) this.#kit.warn('could not delete expired offsets or groups from the store');
    });
  }
}

/** From when on an offset of the group is kept for the retention time; null while none of them expires. */
function retainedSince(group: Group): ((committed: CommittedOffset) => number) | null {
  // Nobody was ever a member: each offset by itself.
  if (group.protocolType === null) return ({ committedAt }) => committedAt;
  if (group.state === 'Empty') return () => group.stateSince;
  if (group.isConsumerGroup && group.hasSubscription && group.state === 'Stable') {
    return ({ committedAt }) => committedAt;
  }
  return null;
}
