import { buildBatch, readRecords, RecordBatch, RecordReader, type RecordsErrorCode } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { fixtureBytes } from '../../../support/record-batches.js';
import { batchAround, varint } from '../../../support/raw-batch.js';

const TIME = 1_700_000_000_000;

/** Reads all records of a batch around the bytes of its records. */
function read(records: readonly (number | Buffer)[], count: number, lastOffsetDelta = count - 1): void {
  const bytes = batchAround(records, { count, lastOffsetDelta });
  const reader = new RecordReader(new RecordBatch(bytes));
  while (reader.next());
}

/** What is behind the length of a record without key, value and headers. */
const record = (offsetDelta: number): number[] => [0, 0, ...varint(offsetDelta), 1, 1, 0];
const withLength = (content: readonly number[]): number[] => [...varint(content.length), ...content];

describe('records', () => {
  it('are views into the batch, and of the bytes that are there now', () => {
    const bytes = buildBatch([{ timestamp: TIME, key: Buffer.from('key'), value: Buffer.from('value') }]);
    const [only] = readRecords(new RecordBatch(bytes));
    expect(only!.key!.buffer).toBe(bytes.buffer);
    bytes.write('other', bytes.indexOf('value'));
    expect(only!.value!.toString()).toBe('other');
  });

  it('are current one at a time, with lengths for whoever needs no bytes', () => {
    const headers = [{ key: 'h', value: Buffer.from('x') }, { key: 'h' }];
    const bytes = buildBatch([
      { timestamp: TIME, key: Buffer.from('key'), value: null, headers },
      { timestamp: TIME + 1, key: null, value: Buffer.alloc(0) },
    ]);
    const reader = new RecordReader(new RecordBatch(bytes));
    expect(reader.remainingBytes).toBe(bytes.length - 61);
    expect(reader.next()).toBe(true);
    expect(reader).toMatchObject({ offset: 0, timestamp: TIME, keyLength: 3, valueLength: -1, headerCount: 2 });
    const first = reader.record();
    expect(reader.next()).toBe(true);
    expect(reader).toMatchObject({ offset: 1, timestamp: TIME + 1, keyLength: -1, valueLength: 0, headerCount: 0 });
    expect(first).toEqual({
      offset: 0,
      timestamp: TIME,
      key: Buffer.from('key'),
      value: null,
      headers: [
        { key: 'h', value: Buffer.from('x') },
        { key: 'h', value: null },
      ],
    });
    expect(reader.remainingBytes).toBe(0);
    expect(reader.next()).toBe(false);
    expect(reader.next()).toBe(false);
  });

  it('have their headers however often they are asked for', () => {
    const reader = new RecordReader(new RecordBatch(fixtureBytes('none: headers')));
    reader.next();
    const headers = reader.headers;
    expect(headers.map(({ key }) => key)).toEqual(['a', 'b', 'a', 'a']);
    expect(reader.headers).toEqual(headers);
    expect(reader.next()).toBe(true);
    expect(reader.headers.map(({ key }) => key)).toEqual(['null', 'empty', '', '']);
  });

  it('count their offsets from the base offset that was set', () => {
    const batch = new RecordBatch(fixtureBytes('gzip: 300 records'));
    batch.baseOffset = 2 ** 40;
    const offsets = Array.from(readRecords(batch), ({ offset }) => offset);
    expect(offsets).toEqual(Array.from({ length: 300 }, (_, index) => 2 ** 40 + index));
  });

  it('may have padded varints', () => {
    const padded = [0x80, 0x80, 0x00];
    expect(() => read(withLength([0, ...padded, ...padded, 0x81, 0, 0x81, 0, ...padded]), 1)).not.toThrow();
  });

  const time = (bytes: readonly number[]): number => {
    const content = [0, ...bytes, 0, 1, 1, 0];
    const batch = batchAround(withLength(content), { count: 1, baseTimestamp: 0n });
    return [...readRecords(new RecordBatch(batch))][0]!.timestamp;
  };

  it.each([
    [[0x00], 0],
    [[0x01], -1],
    [[0xff, 0xff, 0xff, 0x7f], -(2 ** 27)],
    [[0xfe, 0xff, 0xff, 0x7f], 2 ** 27 - 1],
    [[0x80, 0x80, 0x80, 0x80, 0x01], 2 ** 27],
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 0],
    [[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 52 - 1],
    [[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], 2 ** 53 - 1],
  ])('have a timestamp delta of %j: %d', (bytes, delta) => {
    expect(time(bytes)).toBe(delta);
  });

  it.each([
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20], '2^53'],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], '-2^63'],
  ])('refuse a timestamp delta of %j: %s', (bytes) => {
    expect(() => time(bytes)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
  });

  it.each([[[...Array<number>(9).fill(0x80), 0x02]], [[...Array<number>(10).fill(0x80), 0x00]]])(
    'refuse a timestamp delta of %j, wider than 64 bits',
    (bytes) => {
      expect(() => time(bytes)).toThrow(expect.objectContaining({ code: 'INVALID_VARINT' }));
    },
  );

  const malformed: readonly (readonly [string, RecordsErrorCode, readonly number[], number])[] = [
    ['more records than bytes', 'INVALID_COUNT', withLength(record(0)), 2],
    ['a negative count', 'INVALID_COUNT', withLength(record(0)), -1],
    ['bytes after the last record', 'TRAILING_BYTES', [...withLength(record(0)), 0], 1],
    ['a record that is longer than the batch', 'INVALID_LENGTH', [...varint(8), ...record(0), 0], 1],
    ['a record of negative length', 'INVALID_LENGTH', [...varint(-1), ...record(0)], 1],
    ['an empty record', 'TRUNCATED', [0, ...record(0)], 1],
    ['a record that ends in its timestamp', 'TRUNCATED', [...varint(2), 0, 0x80, 0, 0, 0, 0, 0], 1],
    ['a record that ends in a long timestamp', 'TRUNCATED', [...varint(6), 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0], 1],
    ['a record that is longer than its fields', 'INVALID_LENGTH', withLength([...record(0), 0]), 1],
    ['a length of 6 bytes', 'INVALID_VARINT', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00, ...record(0)], 1],
    ['a length of 33 bits', 'INVALID_VARINT', [0x80, 0x80, 0x80, 0x80, 0x10, ...record(0)], 1],
    ['an offset twice', 'INVALID_OFFSET', [...withLength(record(0)), ...withLength(record(0))], 2],
    ['an offset below 0', 'INVALID_OFFSET', withLength(record(-1)), 1],
    ['an offset after the last', 'INVALID_OFFSET', withLength(record(1)), 1],
    ['a key of length -2', 'INVALID_LENGTH', withLength([0, 0, 0, ...varint(-2), 1, 0]), 1],
    ['a key that is longer than the record', 'INVALID_LENGTH', withLength([0, 0, 0, ...varint(3), 1, 0]), 1],
    ['a value of length -2', 'INVALID_LENGTH', withLength([0, 0, 0, 1, ...varint(-2), 0]), 1],
    ['a value that is longer than the record', 'INVALID_LENGTH', withLength([0, 0, 0, 1, ...varint(2), 0]), 1],
    ['a negative count of headers', 'INVALID_COUNT', withLength([0, 0, 0, 1, 1, ...varint(-1)]), 1],
    ['more headers than bytes', 'INVALID_COUNT', withLength([0, 0, 0, 1, 1, ...varint(2), 0, 1, 0]), 1],
    ['a header without a name', 'INVALID_LENGTH', withLength([0, 0, 0, 1, 1, ...varint(1), ...varint(-1), 1]), 1],
    ['a name longer than the record', 'INVALID_LENGTH', withLength([0, 0, 0, 1, 1, ...varint(1), ...varint(2), 1]), 1],
    ['a header value longer than it', 'INVALID_LENGTH', withLength([0, 0, 0, 1, 1, ...varint(1), 0, ...varint(1)]), 1],
    ['a header that ends in its value', 'TRUNCATED', withLength([0, 0, 0, 1, 1, ...varint(1), ...varint(1), 97]), 1],
  ];

  it.each(malformed)('are refused with %s: %s', (_, code, bytes, count) => {
    expect(() => read([Buffer.from(bytes)], count, 0)).toThrow(expect.objectContaining({ name: 'RecordsError', code }));
  });
});
