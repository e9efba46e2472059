import type { Unreadable } from '../records/unreadable.js';
import type { PartitionState } from './partition-state.js';

/** Counts and reports what readers do not get: messages that cannot be read, and offsets that are gone. */
export class Losses {
  readonly #warn: (message: string) => void;
  #skippedMessages = 0;
  #lostOffsets = 0;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** How many messages could not be read, and were left out. */
  get skippedMessages(): number {
    return this.#skippedMessages;
  }

  /** How many offsets are gone because the end of a partition went back. */
  get lostOffsets(): number {
    return this.#lostOffsets;
  }

  /** A message was left out. */
  skipped({ name }: PartitionState, offset: number, why: Unreadable | null): void {
    this.#skippedMessages++;
    const reason = why === null ? "Iggy's SDK cannot read it" : why.detail;
    this.#warn(`Iggy: message ${String(offset)} of ${name} is left out: ${reason}`);
  }

  /** The end of a partition went back. */
  truncated({ id: { topic, partition } }: PartitionState, from: number, to: number): void {
    const lost = from - to;
    this.#lostOffsets += lost;
    const which = `topic '${topic}', partition ${String(partition)}`;
    const back = `the end went back from offset ${String(from)} to ${String(to)}`;
    const why = 'the server lost its tail, or the topic was purged';
    this.#warn(`Iggy: ${which}: ${back}: ${String(lost)} offsets are gone, because ${why}`);
  }
}
