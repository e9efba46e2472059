import { DecodeError, Reader } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { targets } from '../support/arbitraries.js';

// The densest input there is: counts as large as they may be, and nothing but zeros and ones behind them.

const MIB = 1024 * 1024;

/** Counts what is read, so that the work is known and not only the result. */
function decode({ codec, direction, version }: (typeof targets)[number], input: Buffer, maxElements: number): number {
  const reader = new Reader(input, 0, input.length, maxElements);
  try {
    if (direction === 'request') codec.readRequest(reader, version);
    else codec.readResponse(reader, version);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
  }
  return reader.position;
}

describe('a mebibyte of the same byte ends, as a value or refused', () => {
  it.each([0x00, 0x01, 0x02, 0x7f, 0x80, 0x8f, 0xff])('0x%s', (byte) => {
    const input = Buffer.alloc(MIB, byte);
    for (const target of targets) expect(decode(target, input, 1_000_000)).toBeLessThanOrEqual(MIB);
  });
});

describe('a count of four thousand million ends at once', () => {
  it.each(targets)('in $title, wherever it stands', (target) => {
    const huge = [Buffer.from('ffffffff0f', 'hex'), Buffer.from('7fffffff', 'hex'), Buffer.from('fffffffe', 'hex')];
    for (const count of huge) {
      for (let at = 0; at < 40; at++) {
        const input = Buffer.alloc(200);
        count.copy(input, at);
        expect(decode(target, input, 1_000_000)).toBeLessThanOrEqual(input.length);
      }
    }
  });
});
