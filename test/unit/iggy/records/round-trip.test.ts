import fc from 'fast-check';
import { buildBatch, type KafkaRecord, type RecordInit, readBatches, readRecords } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import type { IggyMessage } from '../../../../adapters/iggy/sdk/client.js';
import { buildBatch as batchOf } from '../../../../adapters/iggy/records/build-batch.js';
import { toMessages } from '../../../../adapters/iggy/records/to-messages.js';
import { polled } from '../../../support/iggy-messages.js';
import { compressions, recordFields } from '../../../support/record-arbitraries.js';

type Fields = Omit<KafkaRecord, 'offset'>;

/** All records in messages, by as many batches as it takes. */
function recordsOf(messages: readonly IggyMessage[], compression: 'none' | 'gzip', maxBytes: number): KafkaRecord[] {
  const records: KafkaRecord[] = [];
  const unreadable = (offset: number): void => expect.fail(`the message at ${offset} is not readable`);
  let nextOffset = Number(messages[0]!.headers.offset);
  for (let start = 0; start < messages.length;) {
    const built = batchOf(messages, start, { compression, leaderEpoch: 3, maxBytes, unreadable });
    for (const batch of readBatches(built.batch)) {
      batch.checkCrc();
      expect(batch).toMatchObject({ baseOffset: nextOffset, compression, partitionLeaderEpoch: 3 });
      nextOffset = batch.lastOffset + 1;
      records.push(...readRecords(batch));
    }
    expect(built.end).toBeGreaterThan(start);
    expect(built.nextOffset).toBe(nextOffset);
    start = built.end;
  }
  expect(nextOffset).toBe(Number(messages[0]!.headers.offset) + messages.length);
  return records;
}

describe('records that become Iggy messages', () => {
  it('come back the same: key, value, nulls, headers with their order and repeats, timestamp', () => {
    fc.assert(
      fc.property(
        fc.array(recordFields, { minLength: 1, maxLength: 8 }),
        compressions,
        fc.constantFrom('none', 'gzip'),
        fc.constantFrom(100, 10_000, 1_000_000),
        fc.nat({ max: 2 ** 40 }),
        (records, compression, fetchCompression, maxBytes, baseOffset) => {
          const messages = toMessages(buildBatch(records, { compression }));
          const back = recordsOf(polled(messages, baseOffset), fetchCompression, maxBytes);
          expect(back).toEqual(records.map((record, index) => ({ offset: baseOffset + index, ...record })));
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);

  it('keep headers of every length around the limits', () => {
    const lengths = [0, 1, 246, 247, 248, 254, 255, 256, 300];
    const records = lengths.flatMap((length): Fields[] => {
      const bytes = Buffer.alloc(length, 'b');
      const record = { timestamp: 1_700_000_000_000, key: null, value: Buffer.from('v'), headers: [] };
      return [
        { ...record, key: bytes },
        { ...record, headers: [{ key: 'a'.repeat(length), value: Buffer.from('x') }] },
        { ...record, headers: [{ key: 'é'.repeat(length / 2), value: Buffer.from('x') }] },
        { ...record, headers: [{ key: 'a', value: bytes }] },
        { ...record, value: bytes },
      ];
    });
    const messages = toMessages(buildBatch(records));
    expect(recordsOf(polled(messages), 'none', 1e6)).toEqual(records.map((record, offset) => ({ offset, ...record })));
  });

  it('take several batches one behind the other', () => {
    const record = (value: string): RecordInit => ({ timestamp: 5, value: Buffer.from(value) });
    const messages = toMessages(
      Buffer.concat([buildBatch([record('a'), record('b')]), buildBatch([record('c')], { compression: 'lz4' })]),
    );
    expect(messages.map(({ payload }) => payload.toString())).toEqual(['a', 'b', 'c']);
  });

  it('have ids that count on from the first, or 0, for which the SDK draws one', () => {
    const batch = buildBatch([{ timestamp: 5 }, { timestamp: 5, value: Buffer.from('v') }]);
    expect(toMessages(batch).map(({ id }) => id)).toEqual([0n, 0n]);
    expect(toMessages(batch, 2n ** 127n).map(({ id }) => id)).toEqual([2n ** 127n, 2n ** 127n + 1n]);
  });

  it('point to the bytes of the batch, which are not copied', () => {
    const batch = buildBatch([{ timestamp: 5, value: Buffer.from('abc') }]);
    const [message] = toMessages(batch);
    expect(message!.payload.buffer).toBe(batch.buffer);
  });
});
