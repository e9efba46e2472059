// zstd is made to fail in the middle: its bugs that can be had from outside are fixed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compress, decompress } from 'iggy-gateway-kafka/protocol';
import { expect, it, vi } from 'vitest';
import { zstdLibrary } from '../../../../src/protocol/records/compression/zstd-library.js';
import { loadLibrary, resolveLibrary } from '../../../../src/protocol/records/libraries.js';

it.each([loadLibrary, resolveLibrary])('a library that is not there is named, with the cause (%#)', (load) => {
  const expected = {
    name: 'RecordsError',
    code: 'LIBRARY_UNAVAILABLE',
    message: `the package 'no-such-package' does not load on ${process.platform} ${process.arch} (at byte 0)`,
    cause: expect.objectContaining({ code: 'MODULE_NOT_FOUND' }) as unknown,
  };
  expect(() => load('no-such-package')).toThrow(expect.objectContaining(expected));
});

it('a library that fails in the middle is loaded anew', () => {
  const packed = compress('zstd', Buffer.from('text'));
  const cause = new Error('unreachable');
  const broken = zstdLibrary();
  vi.spyOn(broken, '_ZSTD_decompress').mockImplementation(() => {
    throw cause;
  });
  expect(() => decompress('zstd', packed)).toThrow(expect.objectContaining({ code: 'CORRUPT_COMPRESSION', cause }));
  expect(zstdLibrary()).not.toBe(broken);
  expect(decompress('zstd', packed).toString()).toBe('text');
});

it('nothing is loaded before it is needed, and then no more than that', async () => {
  const program = `
    import { createRequire } from 'node:module';
    import { buildBatch, RecordBatch, validateBatch } from 'iggy-gateway-kafka/protocol';
    const packages = ['@node-rs/crc32', 'snappy', 'lz4-napi'];
    const loaded = () => Object.keys(createRequire(import.meta.url).cache)
      .flatMap((file) => packages.filter((name) => file.includes('/node_modules/' + name + '/')));
    const seen = [[...new Set(loaded())]];
    for (const compression of ['none', 'gzip', 'lz4', 'snappy']) {
      validateBatch(new RecordBatch(buildBatch([{ timestamp: 0 }], { compression })));
      seen.push([...new Set(loaded())]);
    }
    console.log(JSON.stringify(seen));`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toEqual([
    [],
    ['@node-rs/crc32'],
    ['@node-rs/crc32'],
    ['@node-rs/crc32', 'lz4-napi'],
    ['@node-rs/crc32', 'lz4-napi', 'snappy'],
  ]);
});
