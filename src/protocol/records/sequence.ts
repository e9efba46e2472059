import { MAX_INT32 } from './integers.js';

/** Returns the sequence number that follows another one in the records of an idempotent producer: 0 follows 2147483647. */
export function nextSequence(sequence: number): number {
  return sequence === MAX_INT32 ? 0 : sequence + 1;
}
