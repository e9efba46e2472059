import fc from 'fast-check';

// Bytes with damage, and bytes from nowhere.

/** Runs of bytes that mean something: lengths, counts and varints at their edges. */
export const telling: fc.Arbitrary<string> = fc.constantFrom(
  ...['00', '01', '7f', '80', 'ff', '0000', 'ffff', '7fff', '8000', '00000000', '00000001', 'ffffffff', 'fffffffe'],
  ...['7fffffff', '80000000', '0000ffff', '8001', 'ff7f', '808001', 'ffffffff07', 'ffffffff0f', 'ffffffff1f'],
  ...['8080808000', '808080808000', 'ffffffffffffffff', '01000101', '010001ff', 'c080', 'f09f9880'],
);

/** Anything. */
export const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
  fc.array(telling, { maxLength: 60 }).map((parts) => Buffer.from(parts.join(''), 'hex')),
);

/** One piece of damage. */
export interface Mutation {
  readonly kind: 'flip' | 'overwrite' | 'insert' | 'delete' | 'copy';
  /** Where, from 0 for the beginning to 1 for the end. */
  readonly at: number;
  readonly length: number;
  readonly run: string;
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('flip', 'overwrite', 'insert', 'delete', 'copy'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 12 }),
  run: telling,
});

export function mutate(input: Buffer, { kind, at, length, run }: Mutation): Buffer {
  const start = Math.floor(at * input.length);
  const [before, there, after] = [
    input.subarray(0, start),
    input.subarray(start, start + length),
    input.subarray(start),
  ];
  const rest = input.subarray(start + length);
  const parts = {
    flip: [before, there.map((byte) => byte ^ (1 << (length & 7))), rest],
    overwrite: [before, Buffer.from(run, 'hex'), input.subarray(start + run.length / 2)],
    insert: [before, Buffer.from(run, 'hex'), after],
    delete: [before, rest],
    copy: [before, there, after],
  };
  return Buffer.concat(parts[kind]);
}
