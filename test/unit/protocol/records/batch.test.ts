import { buildBatch, readBatches, RecordBatch, RecordsError } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { describeBatch, fixtureBytes } from '../../../support/record-batches.js';

const TIME = 1_700_000_000_000;

const batchOf = (bytes: Buffer, start?: number): RecordBatch => new RecordBatch(bytes, start);

/** A batch of three records with every field off its default. */
const idempotent = (): Buffer => fixtureBytes('idempotent');

describe('a view of a batch', () => {
  it('reads a batch in the middle of a buffer and says where it ends', () => {
    const bytes = idempotent();
    const batch = batchOf(Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(7, 0xff)]), 5);
    expect(batch.end).toBe(5 + bytes.length);
    expect(batch.sizeInBytes).toBe(bytes.length);
    expect(describeBatch(batch)).toEqual(describeBatch(batchOf(bytes)));
  });

  it('sets base offset and leader epoch in place, and the checksum still holds', () => {
    const bytes = idempotent();
    const before = batchOf(Buffer.from(bytes));
    const batch = batchOf(bytes);
    for (const offset of [0, 1, 0xffff_ffff, 2 ** 32, 2 ** 53 - 1]) {
      batch.baseOffset = offset;
      batch.partitionLeaderEpoch = 17;
      expect(bytes.readBigInt64BE(0)).toBe(BigInt(offset));
      expect(batch.baseOffset).toBe(offset);
    }
    expect(batch.partitionLeaderEpoch).toBe(17);
    batch.partitionLeaderEpoch = -1;
    expect(batch.crc).toBe(before.crc);
    batch.checkCrc();
    expect(bytes.subarray(16)).toEqual(before.bytes.subarray(16));
  });

  it('sets the time of an append with a new checksum, and the records have it', () => {
    const batch = batchOf(idempotent());
    batch.setMaxTimestamp('LogAppendTime', TIME + 99);
    const described = describeBatch(batch);
    expect(described).toMatchObject({ timestampType: 'LogAppendTime', maxTimestamp: TIME + 99, baseTimestamp: TIME });
    expect(described.records.map(({ timestamp }) => timestamp)).toEqual([TIME + 99, TIME + 99, TIME + 99]);
    batch.setMaxTimestamp('CreateTime', TIME + 5);
    expect(batch.bytes).toEqual(idempotent());
  });

  it('leaves the bytes alone when the time is what it was', () => {
    const bytes = idempotent();
    bytes.writeUInt32BE(1, 17);
    batchOf(bytes).setMaxTimestamp('CreateTime', TIME + 5);
    expect(bytes.readUInt32BE(17)).toBe(1);
  });

  it.each([
    ['baseOffset', -1],
    ['baseOffset', 2 ** 53],
    ['baseOffset', 1.5],
    ['partitionLeaderEpoch', -2],
    ['partitionLeaderEpoch', 2 ** 31],
  ] as const)('takes no %s of %d', (field, value) => {
    const batch = batchOf(idempotent());
    expect(() => (batch[field] = value)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', path: field }));
    expect(() => batch.setMaxTimestamp('LogAppendTime', -2)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE', path: 'timestamp' }),
    );
  });

  it.each([
    ['baseOffset', 0],
    ['baseTimestamp', 27],
    ['maxTimestamp', 35],
    ['producerId', 43],
  ] as const)('refuses a %s that no number holds exactly', (field, at) => {
    const bytes = idempotent();
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      bytes.writeBigInt64BE(value, at);
      expect(() => batchOf(bytes)[field]).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', offset: at }));
    }
    bytes.writeBigInt64BE(-(2n ** 53n) + 1n, at);
    expect(batchOf(bytes)[field]).toBe(-(2 ** 53) + 1);
  });

  it.each([5, 6, 7])('refuses compression %i, which Kafka does not define', (id) => {
    const bytes = idempotent();
    bytes[22] = id;
    expect(() => batchOf(bytes).compression).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_COMPRESSION' }));
  });

  it.each([3, 127, -1])('refuses magic %i', (magic) => {
    const bytes = idempotent();
    bytes.writeInt8(magic, 16);
    expect(() => batchOf(bytes)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_MAGIC', message: `magic ${magic} instead of 2 (at byte 16)` }),
    );
  });

  it.each([48, 0, -1, -2147483648])('refuses a batch length of %i, which holds no header', (length) => {
    const bytes = idempotent();
    bytes.writeInt32BE(length, 8);
    expect(() => batchOf(bytes)).toThrow(expect.objectContaining({ code: 'INVALID_LENGTH', offset: 8 }));
  });

  it('refuses a batch that is not all there, wherever it was cut', () => {
    const bytes = idempotent();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => batchOf(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'TRUNCATED' }));
    }
    bytes.writeInt32BE(2 ** 31 - 1, 8);
    expect(() => batchOf(bytes)).toThrow(expect.objectContaining({ code: 'TRUNCATED' }));
  });

  it('finds every changed byte that the checksum covers', () => {
    const bytes = idempotent();
    for (let at = 21; at < bytes.length; at++) {
      bytes[at]! ^= 0x10;
      const { crc } = batchOf(bytes);
      expect(() => batchOf(bytes).checkCrc()).toThrow(
        expect.objectContaining({
          code: 'CRC_MISMATCH',
          offset: 17,
          message: `a checksum of ${crc} for bytes with ${batchOf(bytes).computeCrc()} (at byte 17)`,
        }),
      );
      bytes[at]! ^= 0x10;
    }
    batchOf(bytes).checkCrc();
  });

  it('has no last sequence without a first', () => {
    const bytes = buildBatch([{ timestamp: TIME }]);
    expect(batchOf(bytes)).toMatchObject({ baseSequence: -1, lastSequence: -1, producerId: -1, producerEpoch: -1 });
  });
});

describe('a field of records', () => {
  const two = (): Buffer => fixtureBytes('none: two batches');
  const first = (): number => [...readBatches(two())][0]!.end;

  it('has as many batches as were written', () => {
    expect(Array.from(readBatches(two()), ({ baseOffset, recordCount }) => [baseOffset, recordCount])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect([...readBatches(Buffer.alloc(0))]).toEqual([]);
  });

  it('may end in the middle of a batch where that is said, and otherwise may not', () => {
    const bytes = two();
    for (let length = first() + 1; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      expect([...readBatches(cut, { partial: 'skip' })]).toHaveLength(1);
      expect(() => [...readBatches(cut)]).toThrow(expect.objectContaining({ code: 'TRUNCATED', offset: first() }));
    }
    for (let length = 0; length < first(); length++) {
      expect([...readBatches(bytes.subarray(0, length), { partial: 'skip' })]).toEqual([]);
    }
  });

  it('refuses a batch that no further bytes would make right, cut or not', () => {
    const bytes = two();
    bytes.writeInt32BE(20, first() + 8);
    for (const partial of ['skip', 'refuse'] as const) {
      expect(() => [...readBatches(bytes, { partial })]).toThrow(RecordsError);
    }
  });
});
