import fc from 'fast-check';
import { DecodeError, Reader, readRequestHeader, readResponseHeader } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { type Target, targets, targetsByMessage } from '../support/arbitraries.js';
import { check, FUZZ_TIMEOUT_MS } from '../support/fuzz.js';
import { decodeBody, type Golden, goldens } from '../support/golden.js';
import { bytes, mutate, mutation } from '../support/mutations.js';

// Bytes from anywhere into every decoder: a value or DecodeError comes out, and nothing larger than what went in.

/**
 * What a decoded value may hold for each byte that was read: at most one element of an array, for each takes a byte at
 * least, and one character of text. Bytes and records are views of the input.
 */
const ELEMENTS_PER_BYTE = 1;
const CHARACTERS_PER_BYTE = 1;

interface Size {
  elements: number;
  characters: number;
  viewed: number;
}

function measure(value: unknown, input: Buffer, size: Size): void {
  if (typeof value === 'string') size.characters += isUuid(value) ? 0 : value.length;
  else if (value instanceof Uint8Array) {
    // An empty default has no memory of anyone's; all else lies within the input.
    if (value.length > 0) expect(value.buffer).toBe(input.buffer);
    size.viewed += value.length;
  } else if (Array.isArray(value)) {
    size.elements += value.length;
    for (const element of value) measure(element, input, size);
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) measure(inner, input, size);
  }
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

/** Decodes; what comes out is a bounded value, or DecodeError with a place in the input. */
function expectBounded({ codec, direction, version }: Target, input: Buffer, maxElements?: number): void {
  let value: unknown;
  try {
    value = decodeBody(codec, direction, version, input, maxElements);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    const { offset } = error as DecodeError;
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(offset).toBeLessThanOrEqual(input.length);
    return;
  }
  const size: Size = { elements: 0, characters: 0, viewed: 0 };
  measure(value, input, size);
  expect(size.elements).toBeLessThanOrEqual(Math.min(ELEMENTS_PER_BYTE * input.length, maxElements ?? Infinity));
  expect(size.characters).toBeLessThanOrEqual(CHARACTERS_PER_BYTE * input.length);
  expect(size.viewed).toBeLessThanOrEqual(input.length);
}

function mutated(golden: readonly Golden[]): fc.Arbitrary<[Golden, Buffer]> {
  return fc
    .tuple(fc.constantFrom(...golden), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([each, mutations]) => [each, mutations.reduce(mutate, each.bytes)]);
}

const messages = [...targetsByMessage];

describe('bytes from anywhere are a value or refused', () => {
  it.each(messages)(
    'as %s',
    (_message, versions) => {
      check(
        fc.property(fc.constantFrom(...versions), bytes, (target, input) => {
          expectBounded(target, input);
        }),
        1 / 10,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'as headers',
    () => {
      check(
        fc.property(bytes, fc.boolean(), fc.boolean(), (input, isRequest, flexible) => {
          const reader = new Reader(input);
          try {
            const header = isRequest ? readRequestHeader(reader, flexible) : readResponseHeader(reader, flexible);
            expect(header.correlationId).toBeTypeOf('number');
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
          expect(reader.position).toBeLessThanOrEqual(input.length);
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'as any message, within a budget of elements',
    () => {
      check(
        fc.property(fc.constantFrom(...targets), bytes, fc.nat({ max: 8 }), (target, input, budget) => {
          expectBounded(target, input, budget);
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});

describe('golden bytes with damage are a value or refused', () => {
  it.each(messages)(
    'as %s',
    (message, versions) => {
      const golden = goldens.filter((each) => each.message === message && each.bytes.length > 0);
      check(
        fc.property(mutated(golden), ([{ version }, input]) => {
          expectBounded(
            versions.find((target) => target.version === version)!,
            input,
          );
        }),
        1 / 10,
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'also when another version or another message reads them',
    () => {
      check(
        fc.property(fc.constantFrom(...targets), mutated(goldens), (target, [, input]) => {
          expectBounded(target, input);
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
