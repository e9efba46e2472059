import { buildBatch, RecordBatch, RecordsError, validateBatch } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { batchAround, varint } from '../../../support/raw-batch.js';
import { fixtureBytes, recordsFixtures } from '../../../support/record-batches.js';

const TIME = 1_700_000_000_000;

describe('a produced batch', () => {
  it('is summed up for whoever decides on it', () => {
    const records = [
      { timestamp: TIME + 1, key: Buffer.from('a') },
      { timestamp: TIME + 9 },
      { timestamp: TIME, key: Buffer.from('b') },
      { timestamp: TIME + 9 },
    ];
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const batch = new RecordBatch(buildBatch(records, { compression, baseOffset: 10 }));
      expect(validateBatch(batch)).toEqual({
        recordCount: 4,
        minTimestamp: TIME,
        maxTimestamp: TIME + 9,
        offsetOfMaxTimestamp: 11,
        nullKeys: 2,
        uncompressedBytes: buildBatch(records).length - 61,
      });
    }
  });

  const sent = recordsFixtures.filter(({ title }) => !title.includes('compaction') && !title.includes('two batches'));
  it.each(sent)('is right as kafka-clients writes it: $title', ({ bytes, batches: [expected] }) => {
    const summary = validateBatch(new RecordBatch(bytes));
    expect(summary).toMatchObject({ recordCount: expected!.recordCount, maxTimestamp: expected!.maxTimestamp });
  });

  it('may say another time than its records have, and the summary tells', () => {
    const batch = new RecordBatch(buildBatch([{ timestamp: TIME }]));
    batch.setMaxTimestamp('CreateTime', TIME + 50);
    expect(validateBatch(batch).maxTimestamp).toBe(TIME);
  });

  const record = (offsetDelta: number): Buffer => {
    const content = [0, 0, ...varint(offsetDelta), 1, 1, 0];
    return Buffer.from([...varint(content.length), ...content]);
  };

  it('is refused without records', () => {
    const batch = new RecordBatch(fixtureBytes('emptied by compaction'));
    expect(() => validateBatch(batch)).toThrow(expect.objectContaining({ code: 'INVALID_COUNT', offset: 57 }));
    const negative = new RecordBatch(batchAround([record(0)], { count: -1, lastOffsetDelta: 0 }));
    expect(() => validateBatch(negative)).toThrow(expect.objectContaining({ code: 'INVALID_COUNT' }));
  });

  it.each([
    ['a last offset that is not that of the last record', [record(0), record(1)], 2, 2],
    ['an offset left out', [record(0), record(2)], 2, 1],
    ['offsets that do not ascend', [record(1), record(0)], 2, 1],
    ['an offset twice', [record(0), record(0)], 2, 1],
    ['offsets that do not begin at 0', [record(1)], 1, 0],
  ] as const)('is refused with %s', (_, records, count, lastOffsetDelta) => {
    const batch = new RecordBatch(batchAround(records, { count, lastOffsetDelta }));
    expect(() => validateBatch(batch)).toThrow(expect.objectContaining({ code: 'INVALID_OFFSET' }));
  });

  it('is refused with a wrong checksum, before anything else', () => {
    const bytes = batchAround([record(1)], { count: 5 });
    bytes[20]! ^= 1;
    expect(() => validateBatch(new RecordBatch(bytes))).toThrow(expect.objectContaining({ code: 'CRC_MISMATCH' }));
  });

  it('is refused when it would decompress to more than the limit', () => {
    const bytes = buildBatch([{ timestamp: TIME, value: Buffer.alloc(100_000) }], { compression: 'zstd' });
    const batch = new RecordBatch(bytes);
    expect(() => validateBatch(batch, { maxBytes: 99_999 })).toThrow(RecordsError);
    expect(validateBatch(batch, { maxBytes: 100_020 }).recordCount).toBe(1);
  });
});
