import { nextSequence } from '../../../src/protocol/core.js';
import type { ReplayedBatch } from '../../broker/index.js';
import type { IggyMessage } from '../sdk/client.js';
import type { PartitionReader } from './partition-reader.js';
import type { PartitionState } from './partition-state.js';
import { readMessage } from '../records/from-message.js';
import { idOf, producedBy } from '../records/message-ids.js';
import { Unreadable } from '../records/unreadable.js';

/** A batch whose last message has not come yet. */
type Begun = { -readonly [Field in keyof ReplayedBatch]: ReplayedBatch[Field] };

/** Finds the batches of idempotent producers by the ids of their messages. */
export class ProducerScan {
  readonly #tag: number;
  readonly #found: (batch: ReplayedBatch) => void;
  /** By producer: others may have appended between two sends of one batch. */
  readonly #begun = new Map<number, Begun>();

  constructor(tag: number, found: (batch: ReplayedBatch) => void) {
    this.#tag = tag;
    this.#found = found;
  }

  /**
   * Goes through a partition from an offset to another one, or to the end that is known now.
   *
   * @throws StoreError
   */
  async run(reader: PartitionReader, state: PartitionState, from: number, to: number = Infinity): Promise<void> {
    // One that the SDK cannot read is none of ours.
    for await (const messages of reader.messages(state, from)) {
      for (const message of messages) {
        if (Number(message.headers.offset) >= to) return;
        this.#take(message);
      }
    }
  }

  #take(message: IggyMessage): void {
    const produced = producedBy(idOf(message.headers.id), this.#tag);
    if (produced === null) return;
    const { producerId, producerEpoch, sequence, isLast } = produced;
    let batch = this.#begun.get(producerId);
    // A batch that was broken off between two sends may come again from its beginning.
    if (batch?.producerEpoch !== producerEpoch || nextSequence(batch.lastSequence) !== sequence) {
      const baseOffset = Number(message.headers.offset);
      const first = { producerId, producerEpoch, baseSequence: sequence, baseOffset };
      batch = { ...first, lastSequence: sequence, maxTimestamp: -1 };
      this.#begun.set(producerId, batch);
    }
    batch.lastSequence = sequence;
    const record = readMessage(message);
    if (!(record instanceof Unreadable)) batch.maxTimestamp = Math.max(batch.maxTimestamp, record.timestamp);
    if (!isLast) return;
    this.#begun.delete(producerId);
    this.#found(batch);
  }
}
