import { DecodeError, Reader, readRequestHeader, readResponseHeader } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { decodeSample, goldenHeaders, readSample, samplesByMessage } from '../../support/golden.js';
import { thrownBy } from '../../support/thrown-by.js';

describe.each([...samplesByMessage])('a golden %s', (_name, samples) => {
  it('cut short at any byte does not decode', () => {
    const wrong: unknown[] = [];
    for (const sample of samples) {
      for (let length = 0; length < sample.bytes.length; length++) {
        const error = thrownBy(() => decodeSample(sample, sample.bytes.subarray(0, length)));
        if (!(error instanceof DecodeError && error.code === 'TRUNCATED')) wrong.push([sample.title, length, error]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('cut short within a larger buffer is not read beyond its end', () => {
    const wrong: unknown[] = [];
    for (const sample of samples) {
      const between = Buffer.concat([Buffer.alloc(3, 0xff), sample.bytes, Buffer.alloc(64)]);
      for (let length = 0; length < sample.bytes.length; length += 7) {
        const reader = new Reader(between, 3, 3 + length);
        const error = thrownBy(() => readSample(sample, reader));
        if (!(error instanceof DecodeError && reader.position <= 3 + length)) wrong.push([sample.title, length, error]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('followed by anything is refused', () => {
    for (const sample of samples) {
      for (const more of [Buffer.of(0), Buffer.alloc(5, 0xff)]) {
        const error = thrownBy(() => decodeSample(sample, Buffer.concat([sample.bytes, more])));
        expect(error, sample.title).toBeInstanceOf(DecodeError);
        expect(error, sample.title).toMatchObject({ code: 'TRAILING_BYTES', offset: sample.bytes.length });
      }
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
      expect(thrownBy(() => read(reader, flexible))).toMatchObject({ name: 'DecodeError', code: 'TRUNCATED' });
    }
  });
});
