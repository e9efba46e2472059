import {
  buildBatch,
  EncodeError,
  readRecords,
  RecordBatch,
  RecordBatchBuilder,
  type RecordBatchOptions,
  type RecordInit,
  RecordReader,
  validateBatch,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { describeBatch, fixtureBytes } from '../../../support/record-batches.js';

const TIME = 1_700_000_000_000;

const textRecord = (value: string): RecordInit => ({ timestamp: TIME, value: Buffer.from(value) });

describe('a builder of batches', () => {
  it('knows its exact size before compression', () => {
    const builder = new RecordBatchBuilder();
    expect(builder).toMatchObject({ sizeInBytes: 61, recordCount: 0, nextOffset: 0 });
    const headers = [{ key: 'é', value: Buffer.alloc(70) }, { key: Buffer.from('raw') }];
    for (let index = 0; index < 200; index++) {
      builder.append({
        timestamp: TIME + index * 1e7,
        key: Buffer.alloc(index),
        value: Buffer.alloc(index * 9),
        headers,
      });
      expect(builder.recordCount).toBe(index + 1);
    }
    const size = builder.sizeInBytes;
    expect(builder.build()).toHaveLength(size);
  });

  it('takes records up to a size, and the first one whatever its size', () => {
    const builder = new RecordBatchBuilder({ maxBytes: 200 });
    expect(builder.append(textRecord('x'.repeat(300)))).toBe(true);
    expect(builder.append(textRecord(''))).toBe(false);
    expect(validateBatch(new RecordBatch(builder.build())).recordCount).toBe(1);

    const full = new RecordBatchBuilder({ maxBytes: 200 });
    let taken = 0;
    while (full.append(textRecord('ten bytes.'))) taken++;
    expect(full.sizeInBytes).toBe(61 + taken * 17);
    expect(full.sizeInBytes + 17).toBeGreaterThan(200);
    expect(full).toMatchObject({ recordCount: taken, nextOffset: taken });
    const exact = new RecordBatchBuilder({ maxBytes: 61 + 2 * 17 });
    expect([1, 2, 3].map(() => exact.append(textRecord('ten bytes.')))).toEqual([true, true, false]);
  });

  it('numbers records from the base offset on, or from the offset of the first', () => {
    const offsetsOf = (records: readonly RecordInit[], options?: RecordBatchOptions): number[] =>
      Array.from(readRecords(new RecordBatch(buildBatch(records, options))), ({ offset }) => offset);
    const plain = textRecord('');
    expect(offsetsOf([plain, plain])).toEqual([0, 1]);
    expect(offsetsOf([plain, plain], { baseOffset: 7 })).toEqual([7, 8]);
    expect(offsetsOf([{ ...plain, offset: 2 ** 40 }, plain, { ...plain, offset: 2 ** 40 + 9 }])).toEqual([
      2 ** 40,
      2 ** 40 + 1,
      2 ** 40 + 9,
    ]);
    expect(offsetsOf([{ ...plain, offset: 12 }], { baseOffset: 10 })).toEqual([12]);
  });

  it('keeps the last offset of what compaction took away', () => {
    const builder = RecordBatchBuilder.like(new RecordBatch(fixtureBytes('idempotent')));
    const reader = new RecordReader(new RecordBatch(fixtureBytes('idempotent')));
    reader.next();
    builder.appendFrom(reader);
    const batch = new RecordBatch(builder.build(2));
    expect(batch).toMatchObject({ baseOffset: 0, lastOffset: 2, lastSequence: 2, recordCount: 1 });

    const empty = new RecordBatch(RecordBatchBuilder.like(batch).build(2));
    expect(describeBatch(empty)).toMatchObject({ lastOffset: 2, lastSequence: 2, recordCount: 0, records: [] });
    expect(empty).toMatchObject({ baseTimestamp: -1, maxTimestamp: -1, sizeInBytes: 61 });
  });

  it('gives an emptied batch no compression to undo, and keeps its delete horizon', () => {
    const builder = new RecordBatchBuilder({ compression: 'zstd', deleteHorizon: TIME });
    const batch = new RecordBatch(builder.build(0));
    expect(describeBatch(batch)).toMatchObject({ compression: 'zstd', deleteHorizon: TIME, records: [] });
  });

  it('takes over records from other compression one by one, to other offsets too', () => {
    const source = new RecordBatch(fixtureBytes('snappy: headers'));
    const builder = RecordBatchBuilder.like(source, { compression: 'zstd', level: 5, baseOffset: 40, maxBytes: 600 });
    const reader = new RecordReader(source);
    let offset = 50;
    while (reader.next() && builder.appendFrom(reader, offset)) offset += 2;
    const [first, second] = readRecords(source);
    expect([...readRecords(new RecordBatch(builder.build()))]).toEqual([
      { ...first, offset: 50 },
      { ...second, offset: 52 },
    ]);
  });

  it('leaves out what it is not given', () => {
    const [record] = readRecords(new RecordBatch(buildBatch([{ timestamp: -1, headers: [{ key: 'h' }] }])));
    expect(record).toEqual({ offset: 0, timestamp: -1, key: null, value: null, headers: [{ key: 'h', value: null }] });
  });

  it('writes names of headers in UTF-8, whatever their length', () => {
    const names = ['', 'a'.repeat(31), 'a'.repeat(32), 'é', 'é'.repeat(16), 'é'.repeat(40), '漢字😀', 'x'.repeat(300)];
    const batch = buildBatch([{ timestamp: TIME, headers: names.map((key) => ({ key })) }]);
    const [record] = readRecords(new RecordBatch(batch));
    expect(record!.headers.map(({ key }) => key)).toEqual(names);
  });

  it.each<[RecordBatchOptions, string]>([
    [{ compression: 'brotli' as 'gzip' }, 'compression'],
    [{ compression: 'gzip', level: 10 }, 'level'],
    [{ compression: 'gzip', level: 1.5 }, 'level'],
    [{ compression: 'zstd', level: 23 }, 'level'],
    [{ compression: 'lz4', level: 1 }, 'level'],
    [{ compression: 'snappy', level: 1 }, 'level'],
    [{ level: 1 }, 'level'],
    [{ baseOffset: -1 }, 'baseOffset'],
    [{ baseOffset: 2 ** 53 }, 'baseOffset'],
    [{ partitionLeaderEpoch: -2 }, 'partitionLeaderEpoch'],
    [{ logAppendTime: -1 }, 'logAppendTime'],
    [{ producerId: -2 }, 'producerId'],
    [{ producerId: 1 }, 'producerEpoch'],
    [{ producerId: 1, producerEpoch: 2 ** 15 }, 'producerEpoch'],
    [{ producerId: 1, producerEpoch: 0 }, 'baseSequence'],
    [{ producerId: 1, producerEpoch: 0, baseSequence: 2 ** 31 }, 'baseSequence'],
    [{ isTransactional: true }, 'isTransactional'],
    [{ deleteHorizon: -1 }, 'deleteHorizon'],
    [{ maxBytes: 60 }, 'maxBytes'],
    [{ maxBytes: NaN }, 'maxBytes'],
  ])('takes no option of %j', (options, path) => {
    const make = (): unknown => new RecordBatchBuilder(options);
    expect(make).toThrow(EncodeError);
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', path }));
  });

  it.each<[RecordInit, string]>([
    [{ timestamp: -2 }, 'timestamp'],
    [{ timestamp: NaN }, 'timestamp'],
    [{ timestamp: 2 ** 53 }, 'timestamp'],
    [{} as RecordInit, 'timestamp'],
    [{ timestamp: TIME, offset: 4 }, 'offset'],
    [{ timestamp: TIME, offset: 2 ** 53 - 1 }, 'offset'],
    [{ timestamp: TIME, offset: 5 + 2 ** 31 }, 'offset - baseOffset'],
    [{ timestamp: TIME, key: 'text' as unknown as Buffer }, 'key'],
    [{ timestamp: TIME, value: 5 as unknown as Buffer }, 'value'],
    [{ timestamp: TIME, value: Buffer.allocUnsafeSlow(2 ** 31) }, 'value'],
    [{ timestamp: TIME, headers: [{ key: 'h' }, { key: null as unknown as string }] }, 'headers[1].key'],
    [{ timestamp: TIME, headers: [{ key: 7 as unknown as string }] }, 'headers[0].key'],
    [{ timestamp: TIME, headers: [{ key: 'h', value: 'text' as unknown as Buffer }] }, 'headers[0].value'],
    [{ timestamp: TIME, value: Buffer.allocUnsafeSlow(2 ** 31 - 1) }, 'record'],
  ])('takes no record with a field of the wrong kind or range (%#)', (record, path) => {
    const builder = new RecordBatchBuilder({ baseOffset: 5 });
    const append = (): unknown => builder.append(record);
    expect(append).toThrow(EncodeError);
    expect(append).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', path }));
    expect(builder).toMatchObject({ recordCount: 0, sizeInBytes: 61, nextOffset: 5 });
  });

  it('builds one batch, of records or up to an offset', () => {
    const builder = new RecordBatchBuilder({ baseOffset: 3 });
    expect(() => builder.build()).toThrow(expect.objectContaining({ path: 'lastOffset' }));
    builder.append(textRecord('only'));
    expect(() => builder.build(2)).toThrow(expect.objectContaining({ path: 'lastOffset' }));
    expect(() => builder.build(3 + 2 ** 31)).toThrow(expect.objectContaining({ path: 'lastOffset - baseOffset' }));
    builder.build();
    expect(() => builder.build()).toThrow('a batch that has been built');
    expect(() => builder.append(textRecord('more'))).toThrow('a record for a batch that has been built');
  });
});
