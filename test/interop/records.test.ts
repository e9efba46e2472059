import fc from 'fast-check';
import {
  buildBatch,
  buildEndTransactionMarker,
  type Compression,
  RecordBatch,
  RecordBatchBuilder,
  type RecordInit,
  RecordReader,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { batchOptions, recordFields } from '../support/record-arbitraries.js';
import { type BatchDescription, describeRecords, recordsFixtures } from '../support/record-batches.js';
import { javaRecords } from './clients.js';
import { requireClient } from './scenario.js';

const TIME = 1_700_000_000_000;

/** What kafka-clients reads in each field of records; an error in its own words. */
async function readByKafka(fields: readonly Buffer[]): Promise<(BatchDescription[] | { readonly error: string })[]> {
  const input = fields.map((field) => `${field.toString('hex')}\n`).join('');
  const { exitCode, stdout, stderr } = await javaRecords.run(['--read'], { input });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as BatchDescription[]);
}

/** Enough for several blocks in each compression. */
const large: RecordInit[] = Array.from({ length: 600 }, (_, index) => ({
  timestamp: TIME + index,
  key: Buffer.from(`key ${index % 70}`),
  value: Buffer.from(`value ${(index * 7919) % 1000} `.repeat(index % 100)),
}));

const levels: readonly (readonly [Compression, number | undefined])[] = [
  ['none', undefined],
  ['gzip', undefined],
  ['gzip', 0],
  ['gzip', 9],
  ['snappy', undefined],
  ['lz4', undefined],
  ['zstd', undefined],
  ['zstd', -100],
  ['zstd', 19],
];

describe('java', () => {
  test('reads our batches as we do, in every compression and level', async (context) => {
    await requireClient(context, javaRecords);
    const fields = levels.flatMap(([compression, level]) => [
      buildBatch(large, { compression, level }),
      buildBatch([{ timestamp: TIME, value: Buffer.alloc(3_000_000, `${compression} `) }], { compression, level }),
      buildBatch([{ timestamp: TIME }], { compression, level }),
    ]);
    expect(await readByKafka(fields)).toEqual(fields.map((field) => describeRecords(field)));
  });

  test('reads any batch of ours as we do', async (context) => {
    await requireClient(context, javaRecords);
    const any = fc.tuple(fc.array(recordFields, { minLength: 1, maxLength: 20 }), batchOptions);
    const fields = fc.sample(any, { numRuns: 500, seed: 4 }).map(([records, options]) => buildBatch(records, options));
    expect(await readByKafka(fields)).toEqual(fields.map((field) => describeRecords(field)));
  });

  test('reads batches that we changed in place, copied from one to the other, or emptied', async (context) => {
    await requireClient(context, javaRecords);
    const fields = recordsFixtures.flatMap(({ bytes, batches }) => {
      if (batches.length > 1) return [];
      const moved = Buffer.from(bytes);
      const batch = new RecordBatch(moved);
      batch.baseOffset = 2 ** 40;
      batch.partitionLeaderEpoch = 12;
      const stamped = Buffer.from(moved);
      new RecordBatch(stamped).setMaxTimestamp('LogAppendTime', TIME + 7);
      const builder = RecordBatchBuilder.like(batch, { compression: 'snappy' });
      const reader = new RecordReader(batch);
      while (reader.next()) if (reader.offset % 2 === 0) builder.appendFrom(reader);
      return [moved, stamped, builder.build(batch.lastOffset)];
    });
    expect(await readByKafka(fields)).toEqual(fields.map((field) => describeRecords(field)));
  });

  test('reads the markers that end transactions', async (context) => {
    await requireClient(context, javaRecords);
    const marker = { producerId: 7, producerEpoch: 1, coordinatorEpoch: 3, timestamp: TIME };
    const fields = (['commit', 'abort'] as const).map((type) => buildEndTransactionMarker({ ...marker, type }));
    expect(await readByKafka(fields)).toEqual(fields.map((field) => describeRecords(field)));
  });

  test('refuses a changed byte, as we do', async (context) => {
    await requireClient(context, javaRecords);
    const changed = buildBatch(large);
    changed[changed.length - 1]! ^= 1;
    const [outcome] = await readByKafka([changed]);
    expect(outcome).toEqual({ error: expect.stringContaining('Record is corrupt') as unknown });
    expect(() => describeRecords(changed)).toThrow(expect.objectContaining({ code: 'CRC_MISMATCH' }));
  });
});
