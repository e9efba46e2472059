import { RecordBatch, RecordReader } from '../../../src/protocol/core.js';
import type { FoundOffset } from '../../broker/index.js';
import { PollingStrategy } from '../sdk/client.js';
import type { PartitionEnds } from './partition-ends.js';
import type { PartitionReader } from './partition-reader.js';
import type { PartitionState } from './partition-state.js';

/** How much is read at a time to look at timestamps. */
const SCAN_BYTES = 4 * 1024 * 1024;
/** No message is appended so late: Iggy's time has 64 bits, in µs. */
const NEVER_MS = 2 ** 64 / 1000;

/** Finds records by their timestamps: Iggy has an index by the time of the append only. */
export class RecordTimes {
  readonly #ends: PartitionEnds;
  readonly #reader: PartitionReader;

  constructor(ends: PartitionEnds, reader: PartitionReader) {
    this.#ends = ends;
    this.#reader = reader;
  }

  /** The first record whose timestamp is not earlier, among those that were not appended earlier. */
  async offsetForTimestamp(state: PartitionState, timestamp: number): Promise<FoundOffset | null> {
    await this.#ends.refreshOne(state);
    await this.#ends.load(state);
    const from = await this.#appendedSince(state, timestamp);
    if (from === null) return null;
    let found: FoundOffset | null = null;
    await this.#scan(state, from, (record) => {
      if (record.timestamp < timestamp) return true;
      found = record;
      return false;
    });
    return found;
  }

  /** The first of the records with the largest timestamp. What has been looked at is remembered. */
  async maxTimestamp(state: PartitionState): Promise<FoundOffset | null> {
    await this.#ends.refreshOne(state);
    await this.#ends.load(state);
    let { largest } = state;
    if (largest !== null && largest.offset < state.start) largest = null;
    const from = Math.max(state.start, largest?.before ?? 0);
    const before = await this.#scan(state, from, ({ offset, timestamp }) => {
      if (largest === null || timestamp > largest.timestamp) largest = { before: offset, offset, timestamp };
      return true;
    });
    if (largest === null) return null;
    const { offset, timestamp } = largest;
    state.largest = { before, offset, timestamp };
    return { offset, timestamp };
  }

  async #appendedSince(state: PartitionState, timestamp: number): Promise<number | null> {
    if (state.start >= state.end || timestamp >= NEVER_MS) return null;
    const first = await this.#ends.firstOffset(state, PollingStrategy.timestamp(BigInt(timestamp) * 1000n));
    return first === 'unreadable' ? state.start : first;
  }

  /** Goes over records as long as they are wanted; answers the offset after the last. */
  async #scan(state: PartitionState, from: number, next: (record: FoundOffset) => boolean): Promise<number> {
    let offset = from;
    while (offset < state.end) {
      const run = await this.#reader.batches(state, offset, SCAN_BYTES);
      for (const { bytes } of run.batches) {
        const reader = new RecordReader(new RecordBatch(bytes));
        while (reader.next()) {
          const { timestamp } = reader;
          if (reader.offset >= offset && !next({ offset: reader.offset, timestamp })) return offset;
        }
      }
      offset = run.to;
    }
    return offset;
  }
}
