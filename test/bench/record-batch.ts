import { int16, int32, int64, int8, varint } from './wire.js';

const batchHeaderBytes = 61;

/** One uncompressed record batch (magic 2) of exactly `totalBytes`, in records of about `recordBytes`, with its checksum. */
export function recordBatch(totalBytes: number, recordBytes: number): Buffer {
  const space = totalBytes - batchHeaderBytes;
  const count = Math.floor(space / recordBytes);
  const records: Buffer[] = [];
  for (let index = 0, left = space; index < count; index++) {
    const bytes = index === count - 1 ? left : recordBytes;
    records.push(recordOf(bytes, index));
    left -= bytes;
  }
  const timestamp = 1_700_000_000_000n;
  const checked = Buffer.concat([
    int16(0), // attributes
    int32(count - 1), // last offset delta
    int64(timestamp),
    int64(timestamp),
    int64(-1n), // producer id
    int16(-1), // producer epoch
    int32(-1), // base sequence
    int32(count),
    ...records,
  ]);
  const afterLength = Buffer.concat([int32(-1), int8(2), int32(crc32c(checked)), checked]);
  const batch = Buffer.concat([int64(0n), int32(afterLength.length), afterLength]);
  if (batch.length !== totalBytes) throw new Error(`a batch of ${batch.length} bytes instead of ${totalBytes}`);
  return batch;
}

function recordOf(totalBytes: number, offsetDelta: number): Buffer {
  const build = (valueBytes: number): Buffer => {
    const content = Buffer.concat([
      int8(0), // attributes
      varint(0), // timestamp delta
      varint(offsetDelta),
      varint(-1), // no key
      varint(valueBytes),
      Buffer.alloc(valueBytes, 'v'),
      varint(0), // no headers
    ]);
    return Buffer.concat([varint(content.length), content]);
  };
  // The lengths are varints: take away what a value of the whole size is too long by.
  const record = build(totalBytes - (build(totalBytes).length - totalBytes));
  if (record.length !== totalBytes) throw new Error(`no record has exactly ${totalBytes} bytes`);
  return record;
}

/** CRC-32C, which node:zlib does not have; a signed result, as int32 writes it. */
function crc32c(bytes: Buffer): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc;
}
