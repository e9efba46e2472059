import { DecodeError, Reader, readRequestHeader, readResponseHeader } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { codecOf, decodeBody, goldenHeaders, goldens } from '../../support/golden.js';

/** What decoding a damaged message throws. */
function failure(decode: () => unknown): unknown {
  try {
    decode();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a golden message', () => {
  it.each(goldens)('$title: cut short at any byte does not decode', (golden) => {
    const { direction, version, bytes } = golden;
    const wrong: unknown[] = [];
    for (let length = 0; length < bytes.length; length++) {
      const error = failure(() => decodeBody(codecOf(golden), direction, version, bytes.subarray(0, length)));
      if (!(error instanceof DecodeError && error.code === 'TRUNCATED')) wrong.push([length, error]);
    }
    expect(wrong).toEqual([]);
  });

  it.each(goldens)('$title: cut short within a larger buffer is not read beyond its end', (golden) => {
    const { direction, version, bytes } = golden;
    const codec = codecOf(golden);
    const read = direction === 'request' ? codec.readRequest : codec.readResponse;
    const between = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(64)]);
    const wrong: unknown[] = [];
    for (let length = 0; length < bytes.length; length += 7) {
      const reader = new Reader(between, 3, 3 + length);
      const error = failure(() => read(reader, version));
      if (!(error instanceof DecodeError && reader.position <= 3 + length)) wrong.push([length, error]);
    }
    expect(wrong).toEqual([]);
  });

  it.each(goldens)('$title: followed by anything is refused', (golden) => {
    const { direction, version, bytes } = golden;
    for (const more of [Buffer.of(0), Buffer.alloc(5, 0xff)]) {
      const error = failure(() => decodeBody(codecOf(golden), direction, version, Buffer.concat([bytes, more])));
      expect(error).toBeInstanceOf(DecodeError);
      expect(error).toMatchObject({ code: 'TRAILING_BYTES', offset: bytes.length });
    }
  });
});

describe('a golden header', () => {
  it.each(goldenHeaders)('$message v$version $kind: cut short at any byte does not decode', (line) => {
    const bytes = Buffer.from(line.hex, 'hex');
    const isRequest = line.message === 'RequestHeader';
    const flexible = line.version === (isRequest ? 2 : 1);
    for (let length = 0; length < bytes.length; length++) {
      const reader = new Reader(bytes, 0, length);
      const read = isRequest ? readRequestHeader : readResponseHeader;
      expect(failure(() => read(reader, flexible))).toMatchObject({ name: 'DecodeError', code: 'TRUNCATED' });
    }
  });
});
