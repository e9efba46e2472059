import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { type Compression, compress, decompress, EncodeError, RecordsError } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';

const require = createRequire(import.meta.url);
const snappy = require('snappy') as { compressSync(bytes: Buffer): Buffer };

const compressed: readonly Compression[] = ['gzip', 'snappy', 'lz4', 'zstd'];

/** As a log of a service has it: like itself, and not the same over and over. */
function text(bytes: number): Buffer {
  let lines = '';
  for (let index = 0; lines.length < bytes; index++) lines += `line ${index} of ${(index * 7919) % 1000}\n`;
  return Buffer.from(lines.slice(0, bytes));
}

const hex = (bytes: string): Buffer => Buffer.from(bytes.replaceAll(' ', ''), 'hex');

const refusal = (code: string): unknown => expect.objectContaining({ name: 'RecordsError', code });

describe.each(compressed)('%s', (compression) => {
  it.each([0, 1, 100, 32_767, 32_768, 32_769, 70_000, 1_000_000, 5_000_000])('gives back %i bytes', (size) => {
    const bytes = text(size);
    const packed = compress(compression, bytes);
    if (size >= 1000) expect(packed.length).toBeLessThan(size * 0.6);
    expect(decompress(compression, packed).equals(bytes)).toBe(true);
  });

  it('gives back bytes that it cannot make smaller', () => {
    let seed = 1;
    const noise = Buffer.from(Array.from({ length: 300_000 }, () => (seed = (seed * 48_271) % 0x7fff_ffff) >>> 8));
    expect(decompress(compression, compress(compression, noise)).equals(noise)).toBe(true);
  });

  it('reads parts that stand one after another', () => {
    const parts = Array.from({ length: 50 }, (_, index) => text(index * 10));
    const packed = Buffer.concat(parts.map((part) => compress(compression, part)));
    expect(decompress(compression, packed).equals(Buffer.concat(parts))).toBe(true);
  });

  it('reads no part of what was cut off', () => {
    const packed = compress(compression, text(100_000));
    for (let length = 0; length < packed.length; length += length < 100 ? 1 : 37) {
      // Snappy in its framing can end after any block, and the header alone is no block.
      if (compression === 'snappy' && length >= 16) {
        let at = 16;
        while (at < length) at += 4 + packed.readInt32BE(at);
        if (at === length) continue;
      }
      expect(() => decompress(compression, packed.subarray(0, length)), String(length)).toThrow(
        refusal('CORRUPT_COMPRESSION'),
      );
    }
  });

  it('gives up to the limit and nothing above it', () => {
    const packed = compress(compression, Buffer.alloc(1_000_000, 'ab'));
    expect(decompress(compression, packed, { maxBytes: 1_000_000 })).toHaveLength(1_000_000);
    expect(() => decompress(compression, packed, { maxBytes: 999_999 })).toThrow(refusal('LIMIT_EXCEEDED'));
    expect(() => decompress(compression, packed, { maxBytes: 1 })).toThrow(
      'records that decompress to more than 1 bytes',
    );
    expect(decompress(compression, packed, { maxBytes: Infinity })).toHaveLength(1_000_000);
    const ratio = 1_000_000 / packed.length;
    expect(decompress(compression, packed, { maxRatio: ratio * 1.01 })).toHaveLength(1_000_000);
    expect(() => decompress(compression, packed, { maxRatio: ratio * 0.99 })).toThrow(refusal('LIMIT_EXCEEDED'));
  });

  it('gives no more than 128 MiB unless told otherwise', () => {
    const packed = Buffer.concat(
      Array.from({ length: 9 }, () => compress(compression, Buffer.alloc(16 * 1024 * 1024))),
    );
    expect(() => decompress(compression, packed)).toThrow(refusal('LIMIT_EXCEEDED'));
  });

  it.each(['maxBytes', 'maxRatio'] as const)('takes no limit %s of 0 or NaN', (path) => {
    for (const value of [0, -1, NaN]) {
      const read = (): unknown => decompress(compression, compress(compression, text(5)), { [path]: value });
      expect(read).toThrow(EncodeError);
      expect(read).toThrow(expect.objectContaining({ path }));
    }
  });
});

describe('none', () => {
  it('leaves bytes as they are', () => {
    const bytes = text(10);
    expect(compress('none', bytes)).toBe(bytes);
    expect(decompress('none', bytes)).toBe(bytes);
  });
});

it('no other compression is known', () => {
  for (const pack of [compress, decompress]) {
    expect(() => pack('brotli' as 'gzip', Buffer.alloc(1))).toThrow(expect.objectContaining({ path: 'compression' }));
  }
});

describe('levels', () => {
  it('make a difference in size', () => {
    const bytes = text(300_000);
    expect(compress('gzip', bytes, 9).length).toBeLessThan(compress('gzip', bytes, 1).length);
    expect(compress('zstd', bytes, 19).length).toBeLessThan(compress('zstd', bytes, -5).length);
    for (const level of [-131072, 1, 22]) {
      expect(decompress('zstd', compress('zstd', bytes, level)).equals(bytes)).toBe(true);
    }
  });
});

describe('snappy of others', () => {
  const header = '82534e4150505900 00000001 00000001';

  it('is read as a block without framing', () => {
    for (const size of [0, 1, 50_000]) {
      const bytes = text(size);
      expect(decompress('snappy', snappy.compressSync(bytes)).equals(bytes)).toBe(true);
    }
  });

  it('gives nothing for a header without blocks', () => {
    expect(decompress('snappy', hex(header))).toHaveLength(0);
  });

  it.each([
    ['nothing at all', ''],
    ['a size that never ends', 'ffffffffff00'],
    ['a size that the block cannot have', 'ffffff7f 00'],
    ['a block that is none', '05 ff ff'],
    ['a block of negative size', `${header} ffffffff`],
    ['a block that is not all there', `${header} 00000005 01`],
    ['a size that is not all there', `${header} 0000`],
    ['an empty block', `${header} 00000000`],
  ])('is refused with %s', (_, bytes) => {
    expect(() => decompress('snappy', hex(bytes))).toThrow(refusal('CORRUPT_COMPRESSION'));
  });
});

describe('gzip of others', () => {
  it('is refused with a wrong checksum', () => {
    const packed = gzipSync(text(100));
    packed[packed.length - 5]! ^= 1;
    expect(() => decompress('gzip', packed)).toThrow(refusal('CORRUPT_COMPRESSION'));
  });
});

describe('lz4 of others', () => {
  /** A frame with independent blocks of up to 64 KiB; the last byte is the checksum of the two before it. */
  const frame = '04224d18 6040 82';
  const end = '00000000';

  it('is read with a dictionary of frames to be skipped between', () => {
    const packed = Buffer.concat([
      hex('502a4d18 03000000 010203'),
      compress('lz4', text(100)),
      hex('5f2a4d18 00000000'),
    ]);
    expect(decompress('lz4', packed).equals(text(100))).toBe(true);
    expect(decompress('lz4', hex('502a4d18 00000000'))).toHaveLength(0);
  });

  it.each([
    ['checksums and size', '04224d18 7c40 0300000000000000 8c 03000080 616263 a9fc0a99 00000000 a9fc0a99'],
    ['blocks that refer to earlier ones', '04224d18 4040c0 03000080 616263 06000000 00 0300 50 62 63 00000000'],
  ])('is measured with %s', (_, bytes) => {
    // Neither is valid to its last bit, and both get as far as the library.
    expect(() => decompress('lz4', hex(bytes))).toThrow('lz4 that does not decompress');
  });

  it('is counted exactly where the sizes of its blocks leave doubt', () => {
    const bytes = Buffer.concat([text(20_000), Buffer.alloc(20_000, 'x')]);
    const packed = compress('lz4', bytes);
    expect(decompress('lz4', packed, { maxBytes: 40_000 }).equals(bytes)).toBe(true);
    expect(() => decompress('lz4', packed, { maxBytes: 39_999 })).toThrow(refusal('LIMIT_EXCEEDED'));
  });

  it('is refused where counting runs out of its block', () => {
    for (const block of ['02000000 f0ff', '05000000 10610100 ff', '06000000 1f6101 00ffff']) {
      expect(() => decompress('lz4', hex(`${frame} ${block} ${end}`), { maxBytes: 10 })).toThrow(RecordsError);
    }
  });

  it.each([
    ['no magic', '01020304 05060708'],
    ['two bytes', '0422'],
    ['a header that is not all there', '04224d18 60'],
    ['a skipped frame that is not all there', '502a4d18 03000000 01'],
    ['another version', `04224d18 a040 82 ${end}`],
    ['a bit without a meaning', `04224d18 6240 82 ${end}`],
    ['a dictionary', `04224d18 6140 00000000 82 ${end}`],
    ['blocks of a size that is not defined', `04224d18 6030 82 ${end}`],
    ['a wrong checksum of its header', `04224d18 6040 83 ${end}`],
    ['a block that is not all there', `${frame} 05000000 11`],
    ['no end', `${frame} 02000000 1061`],
    ['a checksum that is not all there', '04224d18 6440a7 00000000 01'],
    ['a match from before the beginning', `${frame} 05000000 1061 ffff 00 ${end}`],
    ['bytes after the frame', `${frame} ${end} 00`],
  ])('is refused with %s', (_, bytes) => {
    expect(() => decompress('lz4', hex(bytes))).toThrow(refusal('CORRUPT_COMPRESSION'));
  });
});

describe('zstd of others', () => {
  /** A frame without a size in its header, and a window of 1 KiB. */
  const frame = '28b52ffd 0000';

  it('is read with blocks of every kind, whatever its header says of its size', () => {
    expect(decompress('zstd', hex(`${frame} 190000 616263`)).toString()).toBe('abc');
    expect(decompress('zstd', hex(`${frame} 180000 616263 230000 78`)).toString()).toBe('abcxxxx');
    expect(decompress('zstd', hex('28b52ffd 2003 190000 616263')).toString()).toBe('abc');
    expect(decompress('zstd', hex('28b52ffd 6000 00 030800 78'))).toHaveLength(256);
    expect(decompress('zstd', hex('502a4d18 02000000 ffff 28b52ffd 2003 190000 616263')).toString()).toBe('abc');
    expect(decompress('zstd', hex('502a4d18 00000000'))).toHaveLength(0);
  });

  it('is cut off at the limit where the header tells no size', () => {
    const repeated = hex(`${frame} 022000 78 032000 78`);
    expect(decompress('zstd', repeated)).toHaveLength(2048);
    expect(() => decompress('zstd', repeated, { maxBytes: 2047 })).toThrow(refusal('LIMIT_EXCEEDED'));
  });

  it('is refused where it needs more memory than its library can have, whatever the limit', () => {
    const repeated = hex(`28b52ffd 0000 ${'020010 78'.repeat(17_000)} 010000`);
    expect(() => decompress('zstd', repeated, { maxBytes: Infinity })).toThrow('zstd needs 2228292009 bytes');
  });

  it('goes on after a block that needs more memory than the library keeps', () => {
    const large = compress('zstd', Buffer.alloc(40 * 1024 * 1024, 'abc'));
    for (let round = 0; round < 2; round++) {
      expect(decompress('zstd', large)).toHaveLength(40 * 1024 * 1024);
      expect(decompress('zstd', compress('zstd', text(500))).equals(text(500))).toBe(true);
    }
  });

  it.each([
    ['no magic', '01020304 05060708'],
    ['two bytes', '28b5'],
    ['a header that is not all there', '28b52ffd'],
    ['a size that is not all there', '28b52ffd c0000102'],
    ['a block header that is not all there', `${frame} 1900`],
    ['a block that is not all there', `${frame} 190000 6162`],
    ['no last block', `${frame} 180000 616263`],
    ['a reserved kind of block', `${frame} 1f0000 616263`],
    ['a block over 128 KiB', `${frame} 0b0010 78`],
    ['a checksum that is not all there', '28b52ffd 0400 190000 616263 0102'],
    ['a wrong checksum', '28b52ffd 0400 190000 616263 01020304'],
    ['a size beyond what its blocks can give', '28b52ffd 2004 190000 616263'],
    ['a size below what its blocks give', '28b52ffd 2002 190000 616263'],
    ['a dictionary', '28b52ffd 2107 03 190000 616263'],
    ['a skipped frame that is not all there', '502a4d18 03000000 01'],
    ['bytes after the frame', `${frame} 190000 616263 00`],
    ['a compressed block that is none', `${frame} 1d0000 ffffff`],
  ])('is refused with %s', (_, bytes) => {
    expect(() => decompress('zstd', hex(bytes))).toThrow(refusal('CORRUPT_COMPRESSION'));
  });
});

describe('a great many tiny parts', () => {
  it.each([
    ['snappy', '82534e4150505900 00000001 00000001', '00000003 010061'],
    ['lz4', '', '04224d18 604082 01000080 61 00000000'],
    ['zstd', '', '28b52ffd 2001 090000 61'],
  ] as const)('are refused in %s, where each is a call', (compression, header, part) => {
    const some = Buffer.concat([hex(header), ...Array<Buffer>(4000).fill(hex(part))]);
    expect(decompress(compression, some)).toHaveLength(4000);
    const many = Buffer.concat([hex(header), ...Array<Buffer>(5000).fill(hex(part))]);
    expect(() => decompress(compression, many)).toThrow(refusal('LIMIT_EXCEEDED'));
  });

  it('are read in gzip, which does it in one call', () => {
    const member = gzipSync('a');
    expect(decompress('gzip', Buffer.concat(Array<Buffer>(5000).fill(member)))).toHaveLength(5000);
  });
});
