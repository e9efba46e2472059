import type { PartitionId, StoreError } from '../../broker/index.js';
import { PollSize } from '../sdk/poll-size.js';
import { CommandKey } from '../sdk/command-key.js';

/** How long the server must tell of an end before the one that is known, until it is believed, in ms. */
const SHRUNK_MS = 1000;

/** A send of which it is not known whether it was done, or only a part was. */
export interface UnfinishedAppend {
  /** Which of its sends is the first that is not confirmed. */
  readonly index: number;
  /** Where the first of them went; -1 while that is not known. */
  readonly baseOffset: number;
  /** Id of the first message of the send whose outcome is not known; null when it surely was not done. */
  readonly unknownId: bigint | null;
  /** Where the log ended when that was sent. */
  readonly from: number;
  /** Whether the SDK has let go of it, so that it is not sent yet when a connection comes. */
  readonly isOver: () => boolean;
}

/** Why a partition cannot be written. */
export interface Refusal {
  readonly error: StoreError;
  /** Until when appends are refused without asking Iggy, by the monotonic clock. */
  readonly until: number;
}

/** A record batch made of messages. */
export interface RunBatch {
  readonly bytes: Buffer;
  /** Offset after its last. */
  readonly nextOffset: number;
}

/** Batches of one partition that follow each other, as one poll gave their messages. */
export interface BatchRun {
  readonly state: PartitionState;
  /** First offset, whether there is a record with it or not. */
  readonly from: number;
  /** Offset after the last. */
  readonly to: number;
  readonly batches: readonly RunBatch[];
  /** Their sizes together. */
  readonly bytes: number;
}

/**
 * What is known of one partition. Offsets come from the server, and may have changed since. Hot path: one object holds all
 * of it, because each read and each append uses most of it.
 */
export class PartitionState {
  readonly id: PartitionId;
  /** What sends to it share their fate by, and polls of it. */
  readonly sends: CommandKey;
  readonly reads: CommandKey;
  /** First offset there is; -1 while it is not known. */
  start = -1;
  /** Offset after the last message; -1 while it is not known. */
  end = -1;
  bytes = 0;
  /** Messages that there were when the server was last asked. */
  count = 0;
  /** Where the log began then, going by their count: offsets have no gaps. */
  countedStart = 0;
  /** When the server last said where the log ends, by the monotonic clock. */
  seenAt: number = -Infinity;
  /** By what the batch is known again when its producer sends it again, the oldest first. */
  readonly unfinished: Map<string, UnfinishedAppend> = new Map();
  /** Why Iggy does not take messages for it. */
  refusal: Refusal | null = null;
  readonly pollSize: PollSize = new PollSize();
  /** What has been read ahead, in no order. */
  readonly runs: Set<BatchRun> = new Set();
  /** Polls under way, by the offset that they begin at. */
  readonly polls: Map<number, Promise<BatchRun | null>> = new Map();
  /** Whom to tell of messages from elsewhere. */
  readonly wakes: Set<() => void> = new Set();
  /** The message with the largest timestamp among those before `before`. */
  largest: { readonly before: number; readonly offset: number; readonly timestamp: number } | null = null;
  /** How often offsets have begun again: what was asked for before that is of another log. */
  restarts = 0;
  #shrunkAt: number | null = null;
  readonly #restarted: (state: PartitionState, from: number, to: number) => void;

  /** @param restarted - Called once for each time that the end goes back, with the offset before and after. */
  constructor(id: PartitionId, restarted: (state: PartitionState, from: number, to: number) => void) {
    this.id = id;
    this.sends = new CommandKey(this.name);
    this.reads = new CommandKey(this.name);
    this.#restarted = restarted;
  }

  get name(): string {
    return `${this.id.topic}-${String(this.id.partition)}`;
  }

  /** Whether the log has become shorter, so it is said, and it is too early to believe it. */
  get isDoubtful(): boolean {
    return this.#shrunkAt !== null;
  }

  /**
   * A send was confirmed.
   *
   * @param before - Where the log ended as it was sent. What has been learned since may include it, and more.
   */
  appended(baseOffset: number, count: number, before: number, now: number): void {
    const end = baseOffset + count;
    if (baseOffset >= before || this.end < before) {
      // Where the end is before that, the server has told meanwhile that it went back.
      this.end = Math.max(this.end, end);
    } else {
      // Purged meanwhile: offsets have begun again.
      this.#restart(before, baseOffset);
      this.end = end;
    }
    this.seenAt = now;
    this.#shrunkAt = null;
  }

  /**
   * The server has told where the log ends.
   *
   * @param askedAt - When it was asked: what is known since then is newer.
   * @returns Whether there is more than was known.
   */
  learnEnd(end: number, askedAt: number, now: number): boolean {
    if (end >= this.end) {
      const grown = this.end >= 0 && end > this.end;
      this.end = end;
      this.seenAt = askedAt;
      this.#shrunkAt = null;
      return grown;
    }
    if (askedAt < this.seenAt) return false;
    this.#shrunkAt ??= now;
    // A server that has just been started may tell of empty partitions before it has read them.
    if (now - this.#shrunkAt < SHRUNK_MS) return false;
    this.#restart(this.end, end);
    this.end = end;
    this.seenAt = askedAt;
    this.#shrunkAt = null;
    return true;
  }

  wake(): void {
    for (const wake of this.wakes) wake();
  }

  #restart(from: number, to: number): void {
    this.restarts++;
    this.start = -1;
    this.largest = null;
    this.#restarted(this, from, to);
  }
}
