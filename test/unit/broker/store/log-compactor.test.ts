import { LogCompactor } from 'iggy-gateway-kafka/adapters/broker';
import { buildBatch, readBatches, readRecords, type RecordBatchOptions } from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';

const NEVER = { beforeOffset: Infinity, dropTombstonesOlderThan: 0 };

type Records = readonly (readonly [key: string | null, value: string | null, timestamp?: number])[];

function batch(baseOffset: number, records: Records, options: RecordBatchOptions = {}): Buffer {
  const inits = records.map(([key, value, timestamp = 1]) => ({
    timestamp,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
  }));
  return buildBatch(inits, { ...options, baseOffset });
}

/** What compaction keeps of batches: offsets of the records, by batch. */
function kept(batches: readonly Buffer[], compaction = NEVER): number[][] {
  return compacted(batches, compaction).map((each) => [...readRecords(each)].map(({ offset }) => offset));
}

function compacted(batches: readonly Buffer[], compaction = NEVER) {
  const compactor = new LogCompactor(compaction);
  for (const bytes of batches) compactor.scan(bytes);
  return batches.flatMap((bytes) => [...compactor.clean(bytes)]).map((bytes) => [...readBatches(bytes)][0]!);
}

test('keeps the last record of each key at its offset, and drops records without a key', () => {
  const log = [
    batch(0, [
      ['a', '1'],
      ['b', '1'],
      [null, '1'],
    ]),
    batch(3, [['a', '2']]),
    batch(4, [['c', '1']]),
  ];
  expect(kept(log)).toEqual([[1], [3], [4]]);
});

test('returns a batch that stays whole in the memory that it came in', () => {
  const bytes = batch(0, [['a', '1']]);
  const compactor = new LogCompactor(NEVER);
  compactor.scan(bytes);
  expect([...compactor.clean(bytes)][0]!.buffer).toBe(bytes.buffer);
});

test('keeps tombstones until they are old enough, and the last record of all whatever it is', () => {
  const log = [
    batch(0, [
      ['a', null, 5],
      ['b', null, 50],
    ]),
    batch(2, [[null, 'end']]),
  ];
  expect(kept(log, { ...NEVER, dropTombstonesOlderThan: 5 })).toEqual([[0, 1], [2]]);
  expect(kept(log, { ...NEVER, dropTombstonesOlderThan: 51 })).toEqual([[2]]);
});

test('leaves records from beforeOffset on as they are, and does not count their keys', () => {
  const log = [
    batch(0, [
      ['a', '1'],
      ['a', '2'],
      ['a', '3'],
      ['a', '4'],
    ]),
    batch(4, [
      ['a', '5'],
      ['a', '6'],
    ]),
  ];
  expect(kept(log, { ...NEVER, beforeOffset: 2 })).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test('keeps control batches', () => {
  const producer = { producerId: 1, producerEpoch: 0, isTransactional: true, isControl: true };
  expect(kept([batch(0, [['a', '1']], producer), batch(1, [['a', '1']]), batch(2, [['a', '2']])])).toEqual([[0], [2]]);
});

test('keeps the last batch of an idempotent producer, without records if need be', () => {
  const by = (producerId: number, baseSequence: number) => ({ producerId, producerEpoch: 3, baseSequence });
  const log = [
    batch(0, [['a', '1']], by(7, 0)),
    batch(
      1,
      [
        ['a', '2'],
        ['a', '3'],
      ],
      by(7, 1),
    ),
    batch(3, [['a', '4']], by(8, 0)),
  ];
  const [empty, last] = compacted(log);
  expect(empty).toMatchObject({ baseOffset: 1, lastOffset: 2, recordCount: 0, producerId: 7, producerEpoch: 3 });
  expect(empty).toMatchObject({ baseSequence: 1, lastSequence: 2 });
  expect(last).toMatchObject({ baseOffset: 3, recordCount: 1 });
  expect(compacted([empty!.bytes, last!.bytes])).toHaveLength(2);
  const next = batch(4, [['b', '1']], by(7, 3));
  expect(kept([empty!.bytes, last!.bytes, next])).toEqual([[3], [4]]);
});
