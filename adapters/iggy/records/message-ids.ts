import type { RecordBatch } from '../../../src/protocol/index.js';
import type { MappedMessage } from './mapping.js';

// Iggy gives every message an id of 128 bits, which is its sender's to choose. Of messages with a producer's sequence it
// says who produced them, so that a start finds in the log what had been appended. From the highest bit on:
//
//    1  set
//   26  tag of the gateway's state: producer ids are given by each gateway
//    1  set on the last record of a batch
//   53  producer id
//   16  producer epoch
//   31  sequence
//
// Other messages have random bits and a count, with the highest bit not set. Ids of Iggy's clients are random: one of them
// that looks like ours names a producer that there is not.

const TAG_BITS = 26n;
const SEQUENCE_BITS = 31n;
const EPOCH_BITS = 16n;
const PRODUCER_BITS = 53n;

const EPOCH_SHIFT = SEQUENCE_BITS;
const PRODUCER_SHIFT = EPOCH_SHIFT + EPOCH_BITS;
const LAST_SHIFT = PRODUCER_SHIFT + PRODUCER_BITS;
const TAG_SHIFT = LAST_SHIFT + 1n;

const PRODUCED = 1n << (TAG_SHIFT + TAG_BITS);
const LAST = 1n << LAST_SHIFT;

const SEQUENCES = 2 ** 31;

/** Tags are below this. */
export const TAGS: number = 2 ** Number(TAG_BITS);

/** Who produced a message. */
export interface ProducedMessage {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly sequence: number;
  /** Whether it is the last of its batch. */
  readonly isLast: boolean;
}

/** The id of the first message of those that have no producer; others count on from it. */
export function countedIds(random: bigint): bigint {
  return BigInt.asUintN(127, random);
}

/** Gives the messages of a producer's batch, from an index on, their ids. */
export function stampProduced(
  messages: readonly MappedMessage[],
  from: number,
  { producerId, producerEpoch, baseSequence, recordCount }: RecordBatch,
  tag: number,
): void {
  const base =
    PRODUCED |
    (BigInt(tag) << TAG_SHIFT) |
    (BigInt(producerId) << PRODUCER_SHIFT) |
    (BigInt.asUintN(Number(EPOCH_BITS), BigInt(producerEpoch)) << EPOCH_SHIFT);
  let id = base | BigInt(baseSequence);
  // After the highest sequence comes 0.
  const wrapAt = SEQUENCES - baseSequence;
  for (let index = 0; index < recordCount; index++) {
    if (index === wrapAt) id = base;
    messages[from + index]!.id = id++;
  }
  messages[from + recordCount - 1]!.id |= LAST;
}

/** Who produced a message, by its id; null for one that no producer of this gateway's has sent. */
export function producedBy(id: bigint, tag: number): ProducedMessage | null {
  if (id < PRODUCED || BigInt.asUintN(Number(TAG_BITS), id >> TAG_SHIFT) !== BigInt(tag)) return null;
  return {
    producerId: Number(BigInt.asUintN(Number(PRODUCER_BITS), id >> PRODUCER_SHIFT)),
    producerEpoch: Number(BigInt.asIntN(Number(EPOCH_BITS), id >> EPOCH_SHIFT)),
    sequence: Number(BigInt.asUintN(Number(SEQUENCE_BITS), id)),
    isLast: (id & LAST) !== 0n,
  };
}

/** An id as it is polled. */
export function idOf(id: string | bigint): bigint {
  return typeof id === 'bigint' ? id : BigInt(`0x${id.replaceAll('-', '')}`);
}
