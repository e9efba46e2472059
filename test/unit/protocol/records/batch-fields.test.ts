import {
  baseOffsetAt,
  batchSizeAt,
  buildBatch,
  lastOffsetDeltaAt,
  magicAt,
  maxTimestampAt,
  nextSequence,
  readBatches,
  stampBatches,
} from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';

const first = buildBatch([
  { value: Buffer.from('a'), timestamp: 1_700_000_000_000 },
  { value: Buffer.from('b'), timestamp: 5 },
]);
const second = buildBatch([{ value: Buffer.from('c'), timestamp: 7 }]);

test('stampBatches gives consecutive batches their offsets and the leader epoch', () => {
  const batches = Buffer.concat([first, second]);
  const baseOffset = 2 ** 40 + 1;
  expect(stampBatches(batches, baseOffset, 9)).toBe(baseOffset + 3);
  expect(Array.from(readBatches(batches), (batch) => [batch.baseOffset, batch.partitionLeaderEpoch])).toEqual([
    [baseOffset, 9],
    [baseOffset + 2, 9],
  ]);
  expect(Array.from(readBatches(batches), (batch) => batch.checkCrc())).toEqual([undefined, undefined]);
});

test('fields are read at the position of their batch', () => {
  const batches = Buffer.concat([first, second]);
  stampBatches(batches, 5, 0);
  expect(batchSizeAt(batches, 0)).toBe(first.length);
  expect(batchSizeAt(batches, first.length)).toBe(second.length);
  expect(magicAt(batches, first.length)).toBe(2);
  expect(baseOffsetAt(batches, first.length)).toBe(7);
  expect(lastOffsetDeltaAt(batches, 0)).toBe(1);
  expect(maxTimestampAt(batches, 0)).toBe(1_700_000_000_000);
});

test('sequence 0 follows the largest sequence', () => {
  expect(nextSequence(0)).toBe(1);
  expect(nextSequence(2 ** 31 - 1)).toBe(0);
});
