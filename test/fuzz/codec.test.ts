import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { EncodeError, Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { ResponseBuffer } from '../../src/listener/response-buffer.js';
import { decoded, type Target, targetsByMessage } from '../support/arbitraries.js';
import { check, FUZZ_TIMEOUT_MS } from '../support/fuzz.js';
import { decodeBody, encodeBody, goldens, written } from '../support/golden.js';
import { pathsIn, replacedAt } from '../support/paths.js';

const messages = [...targetsByMessage];

/** One version of a message, with a random value for it. */
function versionAndValue(targets: readonly Target[]): fc.Arbitrary<[Target, Record<string, unknown>]> {
  return fc.constantFrom(...targets).chain((target) => fc.tuple(fc.constant(target), decoded(target)));
}

describe('any value of any version', () => {
  it.each(messages)(
    'of %s comes back from its bytes, and the bytes from the value',
    (_message, targets) => {
      for (const target of targets) {
        const { codec, direction, version } = target;
        check(
          fc.property(decoded(target), (value) => {
            const bytes = encodeBody(codec, direction, version, value);
            const back = decodeBody(codec, direction, version, bytes);
            // Faster than an expectation, which comes only where it fails.
            if (!isDeepStrictEqual(back, value)) expect(back).toStrictEqual(value);
            expect(encodeBody(codec, direction, version, back).equals(bytes)).toBe(true);
          }),
          1 / 40,
        );
      }
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'comes back from a frame among others',
    () => {
      const all = messages.flatMap(([, targets]) => targets);
      check(
        fc.property(fc.array(versionAndValue(all), { minLength: 1, maxLength: 6 }), (frames) => {
          const responses = new ResponseBuffer();
          const { writer } = responses;
          for (const [{ codec, direction, version }, value] of frames) {
            responses.beginFrame();
            if (direction === 'request') codec.writeRequest(writer, value, version);
            else codec.writeResponse(writer, value, version);
            responses.endFrame();
          }
          let bytes = written(writer);
          for (const [{ codec, direction, version }, value] of frames) {
            const end = 4 + bytes.readInt32BE();
            expect(decodeBody(codec, direction, version, bytes.subarray(4, end))).toStrictEqual(value);
            bytes = bytes.subarray(end);
          }
          expect(bytes).toHaveLength(0);
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});

describe('a value with anything anywhere', () => {
  const rich = goldens.filter(({ kind, value }) => kind === 'rich' && pathsIn(value).length > 0);
  const anything = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
    fc.constantFrom<unknown[]>(null, undefined, NaN, -1, 2 ** 31, 2n ** 63n, Symbol('s'), () => 1, [null], [[]], {}),
  );

  it.each(['plain', 'with defaults'])(
    'is encoded or refused with EncodeError, never anything else: %s',
    (mode) => {
      check(
        fc.property(
          fc
            .constantFrom(...rich)
            .chain((golden) => fc.tuple(fc.constant(golden), fc.constantFrom(...pathsIn(golden.value)))),
          anything,
          ([golden, path], junk) => {
            const { codec } = messages.find(([name]) => name === golden.message)![1][0]!;
            const { direction, version } = golden;
            const writer = new Writer({ defaults: mode !== 'plain' });
            let bytes: Buffer;
            try {
              bytes = encodeBody(codec, direction, version, replacedAt(golden.value, path, junk), writer);
            } catch (error) {
              expect(error).toBeInstanceOf(EncodeError);
              return;
            }
            // What was written can be read.
            expect(decodeBody(codec, direction, version, bytes)).toBeTypeOf('object');
          },
        ),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
