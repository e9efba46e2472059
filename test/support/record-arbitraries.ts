import fc from 'fast-check';
import type { Compression, KafkaRecord, RecordBatchOptions } from 'iggy-gateway-kafka/protocol';

// Random records and batches, of any kind that a client of Kafka can send.

const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array)) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 9000 }).map((length) => Buffer.alloc(length, String(length))) },
);

const nullable = fc.option(bytes, { nil: null });

const name = fc.oneof(
  fc.constantFrom('', 'trace', 'trace', 'é', 'x'.repeat(40), '漢字'.repeat(20)),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

const timestamp = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0, 2 ** 53 - 1) },
  { weight: 1, arbitrary: fc.maxSafeInteger().map((value) => Math.abs(value)) },
);

/** A record as it is read, save its offset. */
export const recordFields: fc.Arbitrary<Omit<KafkaRecord, 'offset'>> = fc.record({
  timestamp,
  key: nullable,
  value: nullable,
  headers: fc.array(fc.record({ key: name, value: nullable }), { maxLength: 4 }),
});

export const compressions: fc.Arbitrary<Compression> = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd');

const int = (max: number): fc.Arbitrary<number> => fc.oneof(fc.nat({ max: Math.min(max, 100) }), fc.nat({ max }));

const producer = fc.oneof(
  fc.constant({ producerId: -1, producerEpoch: -1, baseSequence: -1, isTransactional: false }),
  fc.record({
    producerId: fc.maxSafeNat(),
    producerEpoch: int(0x7fff),
    baseSequence: int(0x7fff_ffff),
    isTransactional: fc.boolean(),
  }),
);

/** Every option of a batch but its size and the level of its compression. */
export const batchOptions: fc.Arbitrary<RecordBatchOptions> = fc
  .tuple(
    producer,
    fc.record({
      compression: compressions,
      baseOffset: fc.integer({ min: 0, max: 2 ** 53 - 2 ** 32 }),
      partitionLeaderEpoch: fc.oneof(fc.constant(-1), int(0x7fff_ffff)),
      logAppendTime: fc.option(fc.integer({ min: 0, max: 2 ** 45 }), { nil: undefined }),
      deleteHorizon: fc.option(fc.integer({ min: 0, max: 2 ** 45 }), { nil: null }),
    }),
  )
  .map(([who, rest]) => ({ ...who, ...rest, isControl: false }));
