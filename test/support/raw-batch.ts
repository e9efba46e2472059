import { RecordBatch } from 'iggy-gateway-kafka/protocol';

// Batches written byte by byte, also such as no builder makes.

/** A zigzag varint. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; zigzag >= 0x80; zigzag >>>= 7) bytes.push((zigzag & 0x7f) | 0x80);
  return [...bytes, zigzag];
}

export interface RawBatch {
  readonly count: number;
  readonly lastOffsetDelta?: number;
  readonly attributes?: number;
  readonly baseTimestamp?: bigint;
}

/** A batch around the bytes of its records, with the checksum that belongs to it. */
export function batchAround(
  records: Uint8Array | readonly (number | Uint8Array)[],
  { count, lastOffsetDelta = count - 1, attributes = 0, baseTimestamp = 0n }: RawBatch,
): Buffer {
  const parts =
    records instanceof Uint8Array
      ? [records]
      : records.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part));
  const content = Buffer.concat(parts);
  const bytes = Buffer.alloc(61 + content.length);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt8(2, 16);
  bytes.writeInt16BE(attributes, 21);
  bytes.writeInt32BE(lastOffsetDelta, 23);
  bytes.writeBigInt64BE(baseTimestamp, 27);
  bytes.writeBigInt64BE(baseTimestamp, 35);
  bytes.writeBigInt64BE(-1n, 43);
  bytes.writeInt16BE(-1, 51);
  bytes.writeInt32BE(-1, 53);
  bytes.writeInt32BE(count, 57);
  content.copy(bytes, 61);
  bytes.writeUInt32BE(new RecordBatch(bytes).computeCrc(), 17);
  return bytes;
}
