import fc from 'fast-check';
import { Reader, Writer } from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { ResponseBuffer } from '../../src/listener/response-buffer.js';
import { check, FUZZ_TIMEOUT_MS } from '../support/fuzz.js';

// Any sequence of writes, frames, frames given up and pieces handed out, against a model that concatenates buffers.

type Step =
  | { readonly do: 'int32' | 'uvarint' | 'fill'; readonly n: number }
  | { readonly do: 'string'; readonly text: string; readonly flexible: boolean }
  | { readonly do: 'run'; readonly length: number }
  | { readonly do: 'records'; readonly lengths: readonly number[] }
  | { readonly do: 'tags'; readonly sizes: readonly number[] };

/** What one frame holds, and what becomes of it. */
interface Frame {
  readonly steps: readonly Step[];
  readonly abandoned: boolean;
  /** Whether what was written is taken after this frame, and then given back or still needed. */
  readonly take: 'no' | 'given back' | 'needed';
}

const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4090, max: 4100 }) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 70_000 }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('int32', 'uvarint'), n: fc.nat({ max: 0x7fff_ffff }) }),
  fc.record({ do: fc.constant('fill' as const), n: size }),
  fc.record({
    do: fc.constant('string' as const),
    text: fc.string({ unit: 'binary', maxLength: 60 }),
    flexible: fc.boolean(),
  }),
  fc.record({ do: fc.constant('run' as const), length: size }),
  fc.record({ do: fc.constant('records' as const), lengths: fc.array(size, { maxLength: 4 }) }),
  fc.record({ do: fc.constant('tags' as const), sizes: fc.array(size, { maxLength: 3 }) }),
);

const frames: fc.Arbitrary<Frame[]> = fc.array(
  fc.record({
    steps: fc.array(step, { maxLength: 8 }),
    abandoned: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    take: fc.constantFrom('no', 'given back', 'needed'),
  }),
  { maxLength: 12 },
);

function uvarint(value: number): Buffer<ArrayBuffer> {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

function int(value: number, size: 2 | 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeIntBE(value, 0, size);
  return bytes;
}

/** Writes a step, and returns its bytes as the model has them. */
function perform(writer: Writer, step: Step, mark: number, released: () => void): Buffer {
  switch (step.do) {
    case 'int32':
      writer.int32(step.n);
      return int(step.n, 4);
    case 'uvarint':
      writer.uvarint(step.n);
      return uvarint(step.n);
    case 'fill':
      for (let left = step.n; left > 0; left--) writer.int8(mark);
      return Buffer.alloc(step.n, mark);
    case 'string': {
      writer.string(step.text, step.flexible);
      const bytes = Buffer.from(step.text);
      return Buffer.concat([step.flexible ? uvarint(bytes.length + 1) : int(bytes.length, 2), bytes]);
    }
    case 'run': {
      const run = Buffer.alloc(step.length, mark);
      writer.bytes(run, true);
      return Buffer.concat([uvarint(run.length + 1), run]);
    }
    case 'records': {
      const chunks = step.lengths.map((length, index) => Buffer.alloc(length, mark + index));
      writer.records({ chunks, release: released }, false);
      const all = Buffer.concat(chunks);
      return Buffer.concat([int(all.length, 4), all]);
    }
    case 'tags': {
      const section = writer.openTaggedFields();
      const parts = [Buffer.of(step.sizes.length)];
      step.sizes.forEach((length, tag) => {
        const content = Buffer.alloc(length, mark + tag);
        const field = writer.openTaggedField(section, tag);
        writer.bytes(content, true);
        writer.closeTaggedField(field);
        const withLength = Buffer.concat([uvarint(length + 1), content]);
        parts.push(Buffer.of(tag), uvarint(withLength.length), withLength);
      });
      return Buffer.concat(parts);
    }
  }
}

describe('a response buffer', () => {
  it(
    'holds the frames that were ended, and never touches memory that is still needed',
    () => {
      check(
        fc.property(frames, (sequence) => {
          const responses = new ResponseBuffer();
          const { writer } = responses;
          let expected: Buffer[] = [];
          let owners = 0;
          const needed: { piece: Uint8Array; copy: Buffer }[] = [];
          sequence.forEach(({ steps, abandoned, take }, index) => {
            responses.beginFrame();
            const body = Buffer.concat(steps.map((each) => perform(writer, each, (index * 16) & 0x7f, () => owners--)));
            if (abandoned) responses.abandonFrame();
            else {
              expect(responses.endFrame()).toBe(4 + body.length);
              expected.push(int(body.length, 4), body);
              owners += steps.filter((each) => each.do === 'records').length;
            }
            expect(responses.length).toBe(expected.reduce((sum, { length }) => sum + length, 0));
            if (take === 'no') return;
            const taken = responses.take();
            const pieces = Array.isArray(taken) ? taken : [taken];
            expect(Buffer.concat(pieces).equals(Buffer.concat(expected))).toBe(true);
            expected = [];
            for (const release of responses.takeReleases() ?? []) release();
            expect(owners).toBe(0);
            if (take === 'needed') needed.push(...pieces.map((piece) => ({ piece, copy: Buffer.from(piece) })));
            responses.recycle(take === 'given back');
          });
          expect(needed.filter(({ piece, copy }) => !copy.equals(piece))).toEqual([]);
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});

describe('a writer', () => {
  it(
    'writes varints that are read as what they were',
    () => {
      check(
        fc.property(fc.array(fc.integer({ min: 0, max: 0xffff_ffff })), (values) => {
          const writer = new Writer();
          for (const value of values) writer.uvarint(value);
          const taken = writer.take() as Buffer;
          expect(taken.equals(Buffer.concat(values.map(uvarint)))).toBe(true);
          const reader = new Reader(taken);
          expect(values.map(() => reader.uvarint())).toEqual(values);
          reader.expectEnd();
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
