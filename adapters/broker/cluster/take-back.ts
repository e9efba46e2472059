import type { Clock } from '../clock.js';
import type { LogStore } from '../store/log-store.js';
import { StoreError } from '../store/store-error.js';
import type { StateChange } from './state-ownership.js';
import { ShardFollower } from './shard-follower.js';
import { TakeBackBackoff } from './take-back-backoff.js';

/** Number of looks at the shard per session timeout. */
const LOOKS_PER_SESSION = 10;

/** Dependencies of {@link TakeBack}. */
export interface TakeBackContext {
  readonly store: LogStore;
  readonly shard: number;
  readonly clock: Clock;
  readonly sessionTimeoutMs: number;
  /** Opens the shard again and replaces the opening with this epoch. @throws StoreError */
  readonly open: (expectedEpoch: number | null) => Promise<void>;
  readonly warn: (message: string) => void;
  readonly changed: (change: StateChange) => void;
}

/** Follows a shard while another broker owns it, and opens it once that broker has closed it or stopped its heartbeats. */
export class TakeBack {
  readonly #context: TakeBackContext;
  readonly #backoff: TakeBackBackoff;
  readonly #intervalMs: number;
  #follower: ShardFollower | null = null;
  #stopTimer: (() => void) | null = null;
  #looking: Promise<void> | null = null;
  #isStopped = false;
  /** Message of the last error that was warned about; empty if there is none. */
  #unreadable = '';

  constructor(context: TakeBackContext) {
    this.#context = context;
    this.#backoff = new TakeBackBackoff(context.sessionTimeoutMs);
    this.#intervalMs = context.sessionTimeoutMs / LOOKS_PER_SESSION;
  }

  /** Starts to follow the shard after another broker has opened it. Does nothing if the store has no `followShard`. */
  follow(signal: AbortSignal): void {
    const { store, shard, clock, sessionTimeoutMs } = this.#context;
    const followShard = store.followShard?.bind(store);
    if (followShard === undefined) return;
    this.#isStopped = false;
    const lostAt = clock.monotonic();
    this.#follower = new ShardFollower({
      ...this.#backoff.lost(lostAt),
      read: (from, visit) => followShard(shard, from, visit, signal),
      sessionTimeoutMs,
      lostAt,
    });
    this.#lookLater(this.#follower, signal, 0);
  }

  /** Stops following and waits for a look in progress. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopTimer?.();
    this.#follower = null;
    this.#unreadable = '';
    await this.#looking;
  }

  get #isFollowing(): boolean {
    return this.#follower !== null;
  }

  #lookLater(follower: ShardFollower, signal: AbortSignal, waitMs = this.#intervalMs): void {
    this.#stopTimer = this.#context.clock.after(waitMs, () => {
      const looking = this.#look(follower).then(() => {
        // If the shard was lost again during this look, the next one may have begun.
        if (this.#looking === looking) this.#looking = null;
        if (this.#follower === follower) this.#lookLater(follower, signal);
      });
      this.#looking = looking;
    });
  }

  async #look(follower: ShardFollower): Promise<void> {
    const { store, clock, changed, warn, open } = this.#context;
    try {
      const { owner, epoch } = follower;
      const isDue = await follower.look(clock.monotonic());
      if (this.#follower !== follower) return;
      if (follower.owner !== owner || follower.epoch !== epoch) {
        changed({ kind: 'lost', owner: follower.owner, epoch: follower.epoch });
      }
      if (!isDue) return;
      // If the shard is lost during the opening, a new follower follows it.
      this.#follower = null;
      await open(follower.epoch);
      this.#unreadable = '';
      this.#backoff.takenBack(clock.monotonic());
      // The shard was lost again in the meantime, or this broker is closing.
      if (this.#isFollowing || this.#isStopped) return;
      const why = follower.isClosed ? 'has closed it' : 'was silent';
      warn(`${store.name}: this broker owns the state again: the broker that owned it ${why}`);
      changed({ kind: 'regained' });
    } catch (error) {
      // The store is unavailable, or another broker opened the shard. The next look retries.
      if (this.#isStopped) return;
      this.#follower ??= follower;
      this.#warnOnceIfUnreadable(error);
    }
  }

  /** Warns once about state that cannot be read. Usually a later release has written it, and only that release can read it. */
  #warnOnceIfUnreadable(error: unknown): void {
    if (error instanceof StoreError && error.code !== 'INVALID') return;
    const message = error instanceof Error ? error.message : String(error);
    if (message === this.#unreadable) return;
    this.#unreadable = message;
    const { store, warn } = this.#context;
    warn(`${store.name}: the state cannot be taken back: ${message}`);
  }
}
