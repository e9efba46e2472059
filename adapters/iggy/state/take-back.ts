import type { BrokerNode, StateChange } from '../../broker/index.js';
import type { IggyTopic } from '../sdk/client.js';
import { storeError } from '../sdk/failures.js';
import { StateFollower } from './take-back-decision.js';
import type { StateTopic } from './state-topic.js';
import { TakeBackBackoff } from './take-back-backoff.js';

/** What taking the log back needs. */
export interface TakeBackContext {
  /** Name of the stream. */
  readonly stream: string;
  /** Name of the topics of the log, with a number behind it. */
  readonly prefix: string;
  readonly sessionTimeoutMs: number;
  /** How often `look` is called, in ms. */
  readonly refreshMs: number;
  /** A topic of the log, by its name. */
  readonly topic: (name: string) => StateTopic;
  /** Opens the log again. @throws StoreError */
  readonly open: () => Promise<void>;
  readonly isClosing: () => boolean;
  readonly warn: (message: string) => void;
  readonly changed: (change: StateChange) => void;
}

/** Follows the log while another gateway has it, and opens it again once that gateway has closed it, or was silent. */
export class TakeBack {
  readonly #context: TakeBackContext;
  readonly #backoff: TakeBackBackoff;
  /** Reads on while another gateway has the log. */
  #follower: StateFollower | null = null;
  #looking: Promise<void> | null = null;
  /** Why the log could not be read when it was to be taken back; empty while it could. */
  #unreadable = '';

  constructor(context: TakeBackContext) {
    this.#context = context;
    this.#backoff = new TakeBackBackoff(context.sessionTimeoutMs);
  }

  /** Whether another gateway has the log. */
  get isFollowing(): boolean {
    return this.#follower !== null;
  }

  /** The gateway that has the log, as far as it is known. */
  get owner(): BrokerNode | null {
    return this.#follower?.owner ?? null;
  }

  /**
   * Another gateway has the log from now on.
   *
   * @param topic - The topic that this gateway wrote to.
   * @param epoch - The epoch of this gateway.
   */
  follow(topic: StateTopic | null, epoch: number): void {
    const { prefix, sessionTimeoutMs, refreshMs, topic: open, changed } = this.#context;
    const lostAt = performance.now();
    const waits = this.#backoff.lost(lostAt);
    const options = { ...waits, prefix, sessionTimeoutMs, refreshMs, epoch, topic, open, lostAt };
    this.#follower = new StateFollower(options);
    changed({ kind: 'lost', owner: null });
  }

  /** The log is this gateway's, or closed. */
  stop(): void {
    this.#follower = null;
  }

  /** The log was opened: it can be read. */
  opened(): void {
    this.stop();
    this.#unreadable = '';
  }

  /** Looks at the topics of the stream while another gateway has the log. */
  look(topics: readonly IggyTopic[]): void {
    if (this.#follower === null) return;
    this.#looking ??= this.#look(this.#follower, topics).finally(() => {
      this.#looking = null;
    });
  }

  /** Waits for a look that is under way. */
  async settle(): Promise<void> {
    await this.#looking;
  }

  async #look(follower: StateFollower, topics: readonly IggyTopic[]): Promise<void> {
    const { changed, warn, stream, open, isClosing } = this.#context;
    try {
      const { owner } = follower;
      const isDue = await follower.look(topics, performance.now());
      if (isClosing()) return;
      if (follower.owner !== owner) changed({ kind: 'lost', owner: follower.owner });
      if (!isDue) return;
      await open();
      this.#backoff.takenBack(performance.now());
      const why = follower.isClosed ? 'has closed it' : 'was silent';
      warn(`Iggy: this gateway has the state of stream '${stream}' again: the gateway that had it ${why}`);
      changed({ kind: 'regained' });
    } catch (error) {
      // The server is away, or others open the log: it is tried again at the next look.
      this.#warnOnceIfUnreadable(error);
    }
  }

  /** A later release has written it, as a rule, and nothing but such a release can go on with it. */
  #warnOnceIfUnreadable(error: unknown): void {
    const { code, message } = storeError(error, 'state cannot be read');
    if (code !== 'INVALID' || message === this.#unreadable) return;
    this.#unreadable = message;
    const { stream, warn } = this.#context;
    warn(`Iggy: the state of stream '${stream}' cannot be taken back: ${message}`);
  }
}
