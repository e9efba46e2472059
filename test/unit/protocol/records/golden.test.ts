import {
  buildBatch,
  readBatches,
  RecordBatch,
  RecordBatchBuilder,
  RecordReader,
  RecordsError,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { describeRecords, fixtureBytes, oldFixtures, recordsFixtures } from '../../../support/record-batches.js';

const TIME = 1_700_000_000_000;

/** Not in what was read: the time that an emptied batch had, and the producer's time under that of the append. */
const LOST = ['emptied by compaction', 'log append time'];

/** Compression has more than one right result. */
const written = recordsFixtures.filter(
  ({ title, batches }) => batches.every(({ compression }) => compression === 'none') && !LOST.includes(title),
);

describe('what kafka-clients wrote', () => {
  it.each(recordsFixtures)('is read as kafka-clients reads it: $title', ({ bytes, batches }) => {
    expect(describeRecords(bytes)).toEqual(batches);
  });

  it.each(written)('is written the same, byte for byte: $title', ({ bytes }) => {
    const rebuilt = Array.from(readBatches(bytes), (batch) => {
      const builder = RecordBatchBuilder.like(batch);
      const reader = new RecordReader(batch);
      while (reader.next()) builder.append(reader.record());
      return builder.build(batch.lastOffset);
    });
    expect(Buffer.concat(rebuilt).toString('hex')).toBe(bytes.toString('hex'));
  });

  it.each(written)('is the same after its records were copied one by one: $title', ({ bytes }) => {
    const rebuilt = Array.from(readBatches(bytes), (batch) => {
      const builder = RecordBatchBuilder.like(batch);
      const reader = new RecordReader(batch);
      while (reader.next()) builder.appendFrom(reader);
      return builder.build(batch.lastOffset);
    });
    expect(Buffer.concat(rebuilt).toString('hex')).toBe(bytes.toString('hex'));
  });

  it('is written the same with the time of an append', () => {
    const records = [
      { timestamp: TIME, key: Buffer.from('a'), value: Buffer.from('1') },
      { timestamp: TIME + 5, key: Buffer.from('b'), value: Buffer.from('2') },
      { timestamp: TIME + 3, key: Buffer.from('c'), value: null },
    ];
    const built = buildBatch(records, { baseOffset: 100, partitionLeaderEpoch: 5, logAppendTime: TIME + 1000 });
    expect(built.toString('hex')).toBe(fixtureBytes('log append time').toString('hex'));
  });

  it.each(oldFixtures)('is refused when it is a message set of $title', ({ bytes, magic }) => {
    const read = (): unknown => new RecordBatch(bytes);
    expect(read).toThrow(RecordsError);
    expect(read).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_MAGIC',
        offset: 16,
        message: `magic ${magic} instead of 2: a message set of before Kafka 0.11, which Kafka 4 does not take (at byte 16)`,
      }),
    );
    expect(() => [...readBatches(bytes, { partial: 'skip' })]).toThrow(RecordsError);
  });
});
