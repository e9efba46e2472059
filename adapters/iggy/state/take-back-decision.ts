import type { BrokerNode } from '../../broker/index.js';
import type { IggyTopic } from '../sdk/client.js';
import { EntryKind, type StateEntry } from './state-entry.js';
import { epochOf } from './state-replay.js';
import type { StateTopic } from './state-topic.js';
import type { TakeBackWaits } from './take-back-backoff.js';

/** What a follower goes by. */
export interface StateFollowerOptions extends TakeBackWaits {
  /** Name of the topics of the log, with a number behind it. */
  readonly prefix: string;
  readonly sessionTimeoutMs: number;
  /** How often `look` is called, in ms. */
  readonly refreshMs: number;
  /** The epoch of this gateway: entries of a higher one are of those that have opened the log since. */
  readonly epoch: number;
  /** The topic that this gateway wrote to, which was read up to what it wrote last. */
  readonly topic: StateTopic | null;
  /** Another topic of the log, by its name. */
  readonly open: (name: string) => StateTopic;
  /** When this gateway lost the log, by the monotonic clock. */
  readonly lostAt: number;
}

/**
 * Follows a log that another gateway has: who that is, and whether it is alive. Time is this machine's own, and decides
 * only when to try: the order of the log decides who has it.
 */
export class StateFollower {
  readonly #options: StateFollowerOptions;
  readonly #topics = new Map<string, StateTopic>();
  /** Names and numbers of entries of the topics, as they were last read. */
  #read = '';
  /** When something new was last seen in them. */
  #aliveAt: number;
  #lookedAt: number;
  #epoch: number;
  #closedEpoch = -1;
  /** When a log that was closed may be taken; null while it is not closed. */
  #closedUntil: number | null = null;
  #owner: BrokerNode | null = null;

  constructor(options: StateFollowerOptions) {
    this.#options = options;
    if (options.topic !== null) this.#topics.set(options.topic.name, options.topic);
    this.#epoch = options.epoch;
    this.#aliveAt = options.lostAt;
    this.#lookedAt = options.lostAt;
  }

  /** The gateway that has the log; null while it has not said what it advertises. */
  get owner(): BrokerNode | null {
    return this.#owner;
  }

  /** Whether the gateway that opened the log last has closed it. */
  get isClosed(): boolean {
    return this.#closedEpoch >= this.#epoch;
  }

  /**
   * Reads what is new.
   *
   * @param listed - All topics of the stream, as they are now.
   * @param now - By the monotonic clock.
   * @returns Whether it is time to take the log back.
   * @throws StoreError
   */
  async look(listed: readonly IggyTopic[], now: number): Promise<boolean> {
    const { prefix, sessionTimeoutMs, refreshMs, silentWaitMs, closedWaitMs } = this.#options;
    // As long as nobody looked, the silence was perhaps this gateway's, or the server's.
    if (now - this.#lookedAt > Math.max(sessionTimeoutMs, 2 * refreshMs)) this.#aliveAt = now;
    this.#lookedAt = now;
    const topics = listed.filter(({ name }) => name.startsWith(`${prefix}.`));
    const read = topics
      .map(({ id, name, messagesCount }) => `${String(id)} ${name} ${String(messagesCount)}`)
      .join('\n');
    if (read !== this.#read) {
      this.#aliveAt = now;
      for (const { name, messagesCount } of topics) await this.#follow(name, Number(messagesCount));
      this.#read = read;
    }
    if (!this.isClosed) {
      this.#closedUntil = null;
      return now - this.#aliveAt >= sessionTimeoutMs + silentWaitMs;
    }
    this.#closedUntil ??= now + closedWaitMs;
    return now >= this.#closedUntil;
  }

  async #follow(name: string, end: number): Promise<void> {
    let topic = this.#topics.get(name);
    // One that was made again, or purged, is read from its beginning.
    if (topic === undefined || topic.next > end) this.#topics.set(name, (topic = this.#options.open(name)));
    await topic.follow(end, (entry) => this.#take(entry));
  }

  #take({ kind, sequence, value }: StateEntry): void {
    const epoch = epochOf(sequence);
    if (epoch <= this.#options.epoch || epoch < this.#epoch) return;
    if (epoch > this.#epoch) this.#owner = null;
    this.#epoch = epoch;
    if (kind === EntryKind.CLOSED) this.#closedEpoch = epoch;
    if (kind === EntryKind.HEARTBEAT) this.#owner = ownerOf(value, this.#owner);
  }
}

/** What a heartbeat carries. */
export function encodeOwner({ nodeId, host, port, rack }: BrokerNode): Buffer {
  return Buffer.from(JSON.stringify({ nodeId, host, port, rack }));
}

/** The gateway that a heartbeat names; the one that is known where it says the same, or nothing yet. */
function ownerOf(value: Uint8Array, known: BrokerNode | null): BrokerNode | null {
  if (value.length === 0) return known;
  const { nodeId, host, port, rack } = JSON.parse(Buffer.from(value).toString()) as BrokerNode;
  const isSame = known?.nodeId === nodeId && known.host === host && known.port === port;
  return isSame ? known : { nodeId, host, port, rack };
}
