// zstd is made to fail in the middle: its bugs that can be had from outside are fixed.
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
