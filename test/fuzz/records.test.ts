import fc from 'fast-check';
import {
  buildBatch,
  type Compression,
  compress,
  decompress,
  type KafkaRecord,
  readBatches,
  readRecords,
  RecordBatch,
  RecordBatchBuilder,
  type RecordBatchOptions,
  RecordReader,
  RecordsError,
  validateBatch,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it } from 'vitest';
import { check, FUZZ_TIMEOUT_MS } from '../support/fuzz.js';
import { batchAround } from '../support/raw-batch.js';
import { recordsFixtures } from '../support/record-batches.js';
import { batchOptions, compressions, recordFields } from '../support/record-arbitraries.js';

/** Runs what reads random bytes: anything that it throws but the typed error is a failure. */
function quietly(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error;
  }
}

/** A record as text: comparing buffers byte by byte takes vitest long. */
function asText({ offset, timestamp, key, value, headers }: KafkaRecord): string {
  const text = (bytes: Buffer | null): string | undefined => bytes?.toString('latin1');
  return JSON.stringify([
    offset,
    timestamp,
    text(key),
    text(value),
    headers.map((each) => [each.key, text(each.value)]),
  ]);
}

describe('any records', () => {
  it(
    'come back from a batch in any compression, with all of its header',
    () => {
      check(
        fc.property(fc.array(recordFields, { minLength: 1, maxLength: 20 }), batchOptions, (records, options) => {
          const builder = new RecordBatchBuilder(options);
          for (const record of records) builder.append(record);
          const size = builder.sizeInBytes;
          const bytes = builder.build();
          const batch = new RecordBatch(bytes);
          if (options.compression === 'none') expect(bytes).toHaveLength(size);
          const { recordCount, uncompressedBytes, nullKeys } = validateBatch(batch);
          expect(recordCount).toBe(records.length);
          expect(uncompressedBytes).toBe(size - 61);
          expect(nullKeys).toBe(records.filter(({ key }) => key === null).length);
          expect(Array.from(readRecords(batch), asText)).toEqual(
            records.map((record, index) =>
              asText({
                ...record,
                offset: (options.baseOffset ?? 0) + index,
                timestamp: options.logAppendTime ?? record.timestamp,
              }),
            ),
          );
          expect(optionsOf(batch)).toEqual(options);
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'come back from batch after batch of a limited size, copied one by one into another compression',
    () => {
      const all = fc.array(recordFields, { minLength: 1, maxLength: 40 });
      check(
        fc.property(all, compressions, fc.integer({ min: 61, max: 2000 }), (records, compression, maxBytes) => {
          const source = new RecordReader(new RecordBatch(buildBatch(records)));
          const batches: Buffer[] = [];
          let builder = new RecordBatchBuilder({ compression, maxBytes });
          while (source.next()) {
            if (builder.appendFrom(source)) continue;
            expect(builder.sizeInBytes <= maxBytes || builder.recordCount === 1).toBe(true);
            batches.push(builder.build());
            builder = new RecordBatchBuilder({ compression, maxBytes });
            builder.appendFrom(source);
          }
          batches.push(builder.build());
          const back = Array.from(readBatches(Buffer.concat(batches)), (batch) => [...readRecords(batch)]).flat();
          expect(back.map(asText)).toEqual(records.map((record, offset) => asText({ ...record, offset })));
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});

describe('any bytes', () => {
  const readAll = (bytes: Buffer): void => {
    for (const batch of readBatches(bytes, { partial: 'skip' })) {
      quietly(() => validateBatch(batch, { maxBytes: 1_000_000 }));
      quietly(() => [...readRecords(batch, { maxBytes: 1_000_000 })]);
    }
  };

  it(
    'are a batch or throw the typed error, also when a real batch was changed somewhere',
    () => {
      const change = fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 }));
      check(
        fc.property(fc.constantFrom(...recordsFixtures), fc.array(change, { maxLength: 8 }), ({ bytes }, changes) => {
          const changed = Buffer.from(bytes);
          for (const [at, byte] of changes) changed[at % changed.length] = byte;
          quietly(() => readAll(changed));
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it(
    'are records or throw the typed error, in any compression',
    () => {
      check(
        fc.property(
          fc.uint8Array({ maxLength: 200 }),
          fc.integer({ min: -2, max: 30 }),
          fc.nat({ max: 0x7f }),
          (content, count, attributes) => quietly(() => readAll(batchAround(content, { count, attributes }))),
        ),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  const packed = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
  const limits = fc.record({ maxBytes: fc.integer({ min: 1, max: 70_000 }) });

  it.each(packed)(
    'are %s of no more than the limit, or throw the typed error',
    (compression) => {
      const samples = [Buffer.from('short'), Buffer.alloc(60_000, 'abc'), textOf(20_000)].map((bytes) =>
        compress(compression, bytes),
      );
      const change = fc.tuple(fc.nat({ max: 300 }), fc.nat({ max: 255 }));
      const parts = fc.array(fc.tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 3 })), {
        minLength: 1,
        maxLength: 3,
      });
      check(
        fc.property(parts, limits, ([...all], limit) => {
          const bytes = Buffer.concat(
            all.map(([sample, changes]) => {
              const changed = Buffer.from(sample);
              for (const [at, byte] of changes) changed[at % changed.length] = byte;
              return changed;
            }),
          );
          quietly(() => expect(decompress(compression, bytes, limit).length).toBeLessThanOrEqual(limit.maxBytes));
        }),
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  it.each(packed)(
    'of %s come back under a limit of just their size',
    (compression) => {
      check(
        fc.property(
          fc.uint8Array({ minLength: 1, maxLength: 5000 }),
          fc.integer({ min: 1, max: 30 }),
          (unit, times) => {
            const bytes = Buffer.concat(Array<Uint8Array>(times).fill(unit));
            const back = decompress(compression, compress(compression, bytes), { maxBytes: bytes.length });
            expect(back.equals(bytes)).toBe(true);
          },
        ),
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});

function textOf(bytes: number): Buffer {
  let lines = '';
  for (let index = 0; lines.length < bytes; index++) lines += `line ${index} of ${(index * 7919) % 1000}\n`;
  return Buffer.from(lines.slice(0, bytes));
}

/** The options that made a batch, as far as the batch tells them. */
function optionsOf(batch: RecordBatch): RecordBatchOptions & { readonly compression: Compression } {
  return {
    compression: batch.compression,
    baseOffset: batch.baseOffset,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    logAppendTime: batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    deleteHorizon: batch.deleteHorizon,
  };
}
