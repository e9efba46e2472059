import { OptionError } from 'iggy-gateway-kafka';
import { createMemoryStore, type MemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { buildBatch, readBatches, readRecords } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import type { PartitionId, ReadResult } from '../../../adapters/broker/store/log-store.js';
import { StoreError } from '../../../adapters/broker/store/store-error.js';

const MIB = 1024 ** 2;
const TOPIC = { id: '00000000-0000-4000-8000-000000000001', name: 't', partitionCount: 1, configs: {} };
const partition: PartitionId = { topicId: TOPIC.id, topic: TOPIC.name, partition: 0 };

function storeWithTopic(options: Parameters<typeof createMemoryStore>[0] = {}): MemoryStore {
  const store = createMemoryStore(options);
  store.createTopic(TOPIC);
  return store;
}

interface Entry {
  readonly key?: string | null;
  readonly value?: string | null;
  readonly timestamp?: number;
}

function append(store: MemoryStore, records: readonly Entry[], where = partition) {
  const batches = buildBatch(
    records.map(({ key = 'k', value = 'v', timestamp = 1 }) => ({
      timestamp,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    })),
  );
  return store.append([
    {
      partition: where,
      batches,
      recordCount: records.length,
      maxTimestamp: -1,
      leaderEpoch: 3,
      attempt: 0,
      marker: null,
    },
  ])[0]!;
}

/** What is read is looked at before anything else happens: it can be released at once. */
function read(store: MemoryStore, offset: number, maxBytes = 100 * MIB, atLeastOneBatch = true) {
  const result = hold(store, offset, maxBytes, atLeastOneBatch);
  result.release?.();
  return result;
}

function hold(store: MemoryStore, offset: number, maxBytes = 100 * MIB, atLeastOneBatch = true) {
  const result = store.read([{ partition, offset, maxBytes, atLeastOneBatch }])[0]!;
  if (result.error !== undefined) throw result.error;
  return result;
}

function recordsOf({ chunks }: Extract<ReadResult, { error?: undefined }>): [number, string, string | null][] {
  return chunks.flatMap((chunk) =>
    [...readBatches(Buffer.from(chunk))].flatMap((batch) =>
      [...readRecords(batch)].map(({ offset, key, value }): [number, string, string | null] => [
        offset,
        String(key),
        value === null ? null : String(value),
      ]),
    ),
  );
}

const kindOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error);
  }
};

test.each([0, 65_535, 1.5, NaN])('refuses a limit of %d', (bytes) => {
  expect(() => createMemoryStore({ maxBytes: bytes })).toThrow(OptionError);
  expect(() => createMemoryStore({ maxStateBytes: bytes })).toThrow('maxStateBytes');
});

test('keeps topics until they are deleted', () => {
  const store = storeWithTopic();
  expect(kindOf(() => store.createTopic({ ...TOPIC, id: 'other' }))).toBe('EXISTS');
  expect(kindOf(() => store.createTopic({ ...TOPIC, name: 'other' }))).toBe('EXISTS');
  store.createPartitions(TOPIC.id, 3);
  store.alterTopicConfigs(TOPIC.id, { 'retention.ms': '1' });
  expect(store.listTopics()).toEqual([{ ...TOPIC, partitionCount: 3, configs: { 'retention.ms': '1' } }]);
  expect(append(store, [{}], { ...partition, partition: 2 })).toMatchObject({ baseOffset: 0 });
  append(store, [{}]);
  store.deleteTopic(TOPIC.id);
  expect(store.listTopics()).toEqual([]);
  const again = { ...TOPIC, id: 'another' };
  expect(store.createTopic(again)).toEqual(again);
  store.deleteTopic(again.id);
  expect(store.usedBytes).toBe(0);
  expect(append(store, [{}]).error?.code).toBe('NOT_FOUND');
  expect(store.read([{ partition, offset: 0, maxBytes: 1, atLeastOneBatch: true }])[0]?.error?.code).toBe('NOT_FOUND');
  for (const work of [
    () => store.logOffsets(partition),
    () => store.createPartitions(TOPIC.id, 4),
    () => store.alterTopicConfigs(TOPIC.id, {}),
    () => store.deleteTopic(TOPIC.id),
  ]) {
    expect(kindOf(work)).toBe('NOT_FOUND');
  }
});

describe('a log', () => {
  test('gives offsets in order, and finds each of them again, over many segments', () => {
    const store = storeWithTopic({ maxBytes: 4 * MIB });
    const value = 'x'.repeat(500);
    for (let count = 0; count < 2000; count++) {
      expect(append(store, [{ value }, { value }])).toEqual({ baseOffset: 2 * count, logStartOffset: 0 });
    }
    expect(store.logOffsets(partition)).toMatchObject({ logStartOffset: 0, logEndOffset: 4000 });
    for (const offset of [0, 1, 2, 777, 1998, 3999]) {
      const one = read(store, offset, 1);
      const first = offset - (offset % 2);
      expect(recordsOf(one).map(([at]) => at)).toEqual([first, first + 1]);
      const some = read(store, offset, 200_000);
      expect(some.bytes).toBeLessThanOrEqual(200_000);
      expect(some.bytes).toBeGreaterThan(Math.min(198_000, (3998 - first) * 500));
      expect(recordsOf(some).map(([at]) => at)).toEqual(recordsOf(some).map((_, index) => first + index));
    }
    const whole = read(store, 0);
    expect(whole.bytes).toBe(store.logOffsets(partition).bytes);
    expect(recordsOf(whole)).toHaveLength(4000);
    const [batch] = readBatches(Buffer.from(whole.chunks[0]!));
    expect(batch!.partitionLeaderEpoch).toBe(3);
    batch!.checkCrc();
    expect(read(store, 4000)).toEqual({ chunks: [], bytes: 0, logStartOffset: 0, logEndOffset: 4000 });
    expect(read(store, 0, 1, false).bytes).toBe(0);
    for (const offset of [-1, 4001]) expect(kindOf(() => read(store, offset))).toBe('OUT_OF_RANGE');
  });

  test('takes several batches in one append', () => {
    const store = storeWithTopic();
    const batches = Buffer.concat([1, 2].map((timestamp) => buildBatch([{ timestamp }, { timestamp }])));
    const entry = { partition, batches, recordCount: 4, maxTimestamp: 2, leaderEpoch: 0, attempt: 0, marker: null };
    expect(store.append([entry, entry])).toMatchObject([{ baseOffset: 0 }, { baseOffset: 4 }]);
    expect(recordsOf(read(store, 0)).map(([offset]) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('finds records by their time', () => {
    const store = storeWithTopic({ maxBytes: 4 * MIB });
    expect(store.maxTimestamp(partition)).toBeNull();
    expect(store.offsetForTimestamp(partition, 0)).toBeNull();
    const value = 'x'.repeat(1000);
    for (let count = 0; count < 1000; count++) {
      // Every tenth is late.
      const timestamp = 10_000 + 10 * count - (count % 10 === 0 ? 5000 : 0);
      append(store, [
        { value, timestamp },
        { value, timestamp: timestamp + 5 },
      ]);
    }
    expect(store.offsetForTimestamp(partition, 0)).toEqual({ offset: 0, timestamp: 5000 });
    expect(store.offsetForTimestamp(partition, 10_016)).toEqual({ offset: 4, timestamp: 10_020 });
    expect(store.offsetForTimestamp(partition, 10_015)).toEqual({ offset: 3, timestamp: 10_015 });
    expect(store.offsetForTimestamp(partition, 19_995)).toEqual({ offset: 1999, timestamp: 19_995 });
    expect(store.offsetForTimestamp(partition, 19_996)).toBeNull();
    expect(store.maxTimestamp(partition)).toEqual({ offset: 1999, timestamp: 19_995 });
    expect(store.deleteRecords(partition, 5)).toBe(5);
    expect(store.offsetForTimestamp(partition, 0)).toEqual({ offset: 5, timestamp: 10_025 });
  });

  test('finds the highest timestamp among the records that are left', () => {
    const store = storeWithTopic();
    append(store, [{ timestamp: 1 }, { timestamp: 9 }]);
    append(store, [{ timestamp: 9 }, { timestamp: 5 }, { timestamp: 7 }]);
    append(store, [{ timestamp: 6 }, { timestamp: 7 }]);
    append(store, [{}]);
    const latestFrom = (offset: number) => {
      store.deleteRecords(partition, offset);
      return store.maxTimestamp(partition);
    };
    expect(store.maxTimestamp(partition)).toEqual({ offset: 1, timestamp: 9 });
    expect(latestFrom(2)).toEqual({ offset: 2, timestamp: 9 });
    expect(latestFrom(3)).toEqual({ offset: 4, timestamp: 7 });
    expect(latestFrom(5)).toEqual({ offset: 6, timestamp: 7 });
    expect(latestFrom(8)).toBeNull();
  });

  test('drops what is deleted, and only ever more', () => {
    const store = storeWithTopic();
    for (let count = 0; count < 10; count++) append(store, [{ value: 'x'.repeat(10_000) }]);
    expect(store.deleteRecords(partition, 4)).toBe(4);
    expect(store.deleteRecords(partition, 2)).toBe(4);
    expect(kindOf(() => store.deleteRecords(partition, 11))).toBe('OUT_OF_RANGE');
    expect(kindOf(() => read(store, 3))).toBe('OUT_OF_RANGE');
    expect(recordsOf(read(store, 4))[0]![0]).toBe(4);
    expect(store.deleteRecords(partition, 10)).toBe(10);
    expect(store.logOffsets(partition)).toMatchObject({ logStartOffset: 10, logEndOffset: 10, bytes: 0 });
    expect(store.usedBytes).toBe(0);
    expect(append(store, [{}])).toEqual({ baseOffset: 10, logStartOffset: 10 });
  });
});

describe('the limit on bytes', () => {
  const value = 'x'.repeat(60_000);

  test('holds over all topics, and what is freed can be taken again', () => {
    const store = storeWithTopic({ maxBytes: MIB });
    let result = append(store, [{ value }]);
    let appended = 0;
    for (; result.error === undefined; appended++) result = append(store, [{ value }]);
    expect(result.error).toMatchObject({ code: 'FULL' });
    expect(result.error.message).toContain('maxBytes');
    expect(appended * 60_000).toBeGreaterThan(0.8 * MIB);
    expect(store.usedBytes).toBeLessThanOrEqual(MIB);
    store.applyRetention(partition, { olderThan: -1, maxBytes: 0 });
    expect(store.usedBytes).toBe(0);
    for (let count = 0; count < appended; count++) expect(append(store, [{ value }]).error).toBeUndefined();
  });

  test('counts what is still being read, and never gives it to others', () => {
    const store = storeWithTopic({ maxBytes: MIB });
    append(store, [{ value }]);
    const reading = hold(store, 0);
    const before = Buffer.concat(reading.chunks);
    store.applyRetention(partition, { olderThan: -1, maxBytes: 0 });
    expect(store.usedBytes).toBeGreaterThan(0);
    for (let count = 0; count < 50; count++) {
      append(store, [{ value: 'y'.repeat(16_000) }]);
      store.applyRetention(partition, { olderThan: -1, maxBytes: 0 });
    }
    expect(Buffer.concat(reading.chunks)).toEqual(before);
    reading.release!();
    expect(store.usedBytes).toBe(0);
  });
});

describe('retention', () => {
  test('by size keeps at least so many bytes', () => {
    const store = storeWithTopic({ maxBytes: 8 * MIB });
    for (let count = 0; count < 100; count++) append(store, [{ value: 'x'.repeat(10_000) }]);
    const start = store.applyRetention(partition, { olderThan: -1, maxBytes: 300_000 });
    expect(start).toBeGreaterThan(40);
    expect(store.logOffsets(partition)).toMatchObject({ logStartOffset: start, logEndOffset: 100 });
    expect(store.logOffsets(partition).bytes).toBeGreaterThanOrEqual(300_000);
    expect(recordsOf(read(store, start))[0]![0]).toBe(start);
  });

  test('by time drops segments all of whose records are too old', () => {
    const store = storeWithTopic({ maxBytes: 8 * MIB });
    for (let count = 0; count < 100; count++) append(store, [{ value: 'x'.repeat(10_000), timestamp: count }]);
    const start = store.applyRetention(partition, { olderThan: 50, maxBytes: -1 });
    expect(start).toBeGreaterThan(0);
    expect(start).toBeLessThanOrEqual(50);
    expect(store.applyRetention(partition, { olderThan: 1000, maxBytes: -1 })).toBe(100);
    // Without timestamps, a segment is as old as it is.
    append(store, [{ timestamp: -1 }]);
    expect(store.applyRetention(partition, { olderThan: Date.now() - 60_000, maxBytes: -1 })).toBe(100);
    expect(store.applyRetention(partition, { olderThan: Date.now() + 60_000, maxBytes: -1 })).toBe(101);
  });

  test('leaves the first offset where it is as long as nothing is dropped, whatever compaction took', async () => {
    const store = storeWithTopic({ maxBytes: 8 * MIB });
    for (let count = 0; count < 5; count++) append(store, [{ timestamp: 100 }]);
    await store.compact(partition, { beforeOffset: 5, dropTombstonesOlderThan: 0 });
    expect(store.applyRetention(partition, { olderThan: 50, maxBytes: -1 })).toBe(0);
    expect(recordsOf(read(store, 1)).map(([offset]) => offset)).toEqual([4]);
    append(store, [{ timestamp: 200, value: 'x'.repeat(20_000) }]);
    expect(store.applyRetention(partition, { olderThan: 150, maxBytes: -1 })).toBe(5);
  });

  test('a log that was long once reserves no more than it needs: others have room', () => {
    const partitionCount = 100;
    const store = createMemoryStore({ maxBytes: 64 * MIB });
    store.createTopic({ ...TOPIC, partitionCount });
    const partitions = Array.from({ length: partitionCount }, (_, index) => ({ ...partition, partition: index }));
    const value = 'x'.repeat(100_000);
    for (const where of partitions) {
      for (let count = 0; count < 40; count++) append(store, [{ value }], where);
      store.applyRetention(where, { olderThan: 1000, maxBytes: -1 });
      expect(store.usedBytes).toBe(0);
    }
    for (const where of partitions) append(store, [{}], where);
    expect(store.usedBytes).toBeLessThan(2 * MIB);
  });
});

describe('compaction', () => {
  const all = { beforeOffset: Infinity, dropTombstonesOlderThan: 0 };

  test('keeps the last record of each key at its offset', async () => {
    const store = storeWithTopic({ maxBytes: 8 * MIB });
    for (let round = 0; round < 50; round++) {
      append(
        store,
        [0, 1, 2].map((key) => ({ key: `k${String(key)}`, value: String(round).repeat(2000) })),
      );
    }
    append(store, [{ key: 'only', value: 'one' }]);
    const { bytes } = store.logOffsets(partition);
    const freed = await store.compact(partition, all);
    expect(store.logOffsets(partition)).toEqual(expect.objectContaining({ logStartOffset: 0, logEndOffset: 151 }));
    expect(store.logOffsets(partition).bytes).toBe(bytes - freed);
    expect(recordsOf(read(store, 0)).map(([offset, key]) => [offset, key])).toEqual([
      [147, 'k0'],
      [148, 'k1'],
      [149, 'k2'],
      [150, 'only'],
    ]);
    expect(await store.compact(partition, all)).toBe(0);
    expect(append(store, [{ key: 'k0' }])).toMatchObject({ baseOffset: 151 });
    expect(recordsOf(read(store, 148)).map(([offset]) => offset)).toEqual([147, 148, 149, 150, 151]);
    expect(recordsOf(read(store, 151)).map(([offset]) => offset)).toEqual([151]);
  });

  test('takes old tombstones away, and records without a key', async () => {
    const store = storeWithTopic();
    append(store, [{ key: 'a' }, { key: 'b' }, { key: null }, { key: 'a', value: null, timestamp: 5 }]);
    append(store, [{ key: 'b', value: null, timestamp: 50 }]);
    await store.compact(partition, { beforeOffset: 5, dropTombstonesOlderThan: 5 });
    expect(recordsOf(read(store, 0))).toEqual([
      [3, 'a', null],
      [4, 'b', null],
    ]);
    await store.compact(partition, { beforeOffset: 5, dropTombstonesOlderThan: 50 });
    expect(recordsOf(read(store, 0))).toEqual([[4, 'b', null]]);
  });

  test('leaves alone what comes after its offset, control batches, and a log that changed meanwhile', async () => {
    const store = storeWithTopic({ maxBytes: 8 * MIB });
    for (let count = 0; count < 20; count++) append(store, [{ value: 'x'.repeat(10_000) }]);
    expect(await store.compact(partition, { ...all, beforeOffset: 0 })).toBe(0);
    const control = buildBatch([{ timestamp: 1, key: Buffer.from('k') }], {
      isControl: true,
      isTransactional: true,
      producerId: 1,
      producerEpoch: 0,
    });
    store.append([
      { partition, batches: control, recordCount: 1, maxTimestamp: 1, leaderEpoch: 0, attempt: 0, marker: null },
    ]);
    const running = store.compact(partition, all);
    store.applyRetention(partition, { olderThan: -1, maxBytes: 100_000 });
    expect(await running).toBe(0);
    expect(await store.compact(partition, all)).toBeGreaterThan(0);
    expect(recordsOf(read(store, store.logOffsets(partition).logStartOffset)).map(([offset]) => offset)).toEqual([
      19, 20,
    ]);
    store.deleteTopic(TOPIC.id);
    expect(store.usedBytes).toBe(0);
  });

  test('drops batches of idempotent producers without records, which kafkajs cannot pass', async () => {
    const store = storeWithTopic();
    for (const [producerId, value] of [
      [1, 'old'],
      [2, 'new'],
    ] as const) {
      const record = { timestamp: 1, key: Buffer.from('k'), value: Buffer.from(value) };
      const batches = buildBatch([record], { producerId, producerEpoch: 0, baseSequence: 0 });
      const entry = { partition, batches, recordCount: 1, maxTimestamp: 1, leaderEpoch: 0, attempt: 0, marker: null };
      store.append([entry]);
    }
    await store.compact(partition, all);
    const batches = read(store, 0).chunks.flatMap((chunk) => [...readBatches(Buffer.from(chunk))]);
    expect(batches.map(({ baseOffset }) => baseOffset)).toEqual([1]);
  });

  test('what is appended meanwhile stays, whatever of it has the same key', async () => {
    const store = storeWithTopic();
    append(store, [{ value: 'old' }]);
    append(store, [{ value: 'older'.repeat(100) }]);
    const running = store.compact(partition, all);
    append(store, [{ value: 'during' }]);
    await new Promise((resolve) => setImmediate(resolve));
    append(store, [{ key: 'other', value: 'later' }]);
    await running;
    const kept = recordsOf(read(store, 0));
    expect(kept).toContainEqual([2, 'k', 'during']);
    expect(kept).toContainEqual([3, 'other', 'later']);
    expect(store.logOffsets(partition)).toMatchObject({ logStartOffset: 0, logEndOffset: 4 });
  });

  test('leaves a log of which nothing could go as it is, and its memory in use', async () => {
    const store = storeWithTopic();
    append(store, [{ key: 'a' }]);
    const { usedBytes } = store;
    expect(await store.compact(partition, all)).toBe(0);
    append(store, [{ key: 'b' }]);
    expect(store.usedBytes).toBe(usedBytes);
  });

  test('keeps the last record, be it an old tombstone: consumers get to the end', async () => {
    const store = storeWithTopic();
    append(store, [{ key: 'a' }]);
    append(store, [{ key: 'a', value: null, timestamp: 5 }]);
    await store.compact(partition, { beforeOffset: 2, dropTombstonesOlderThan: 100 });
    expect(recordsOf(read(store, 1))).toEqual([[1, 'a', null]]);
    append(store, [{ key: 'b' }]);
    await store.compact(partition, { beforeOffset: 3, dropTombstonesOlderThan: 100 });
    expect(recordsOf(read(store, 0))).toEqual([[2, 'b', 'v']]);
  });

  test('goes over what it began with, even where it is dropped and its memory would serve again', async () => {
    const store = storeWithTopic({ maxBytes: 8 * MIB });
    for (let count = 0; count < 30; count++) append(store, [{ value: 'x'.repeat(30_000) }]);
    const running = store.compact(partition, all);
    store.deleteRecords(partition, 30);
    for (let count = 0; count < 30; count++) append(store, [{ key: String(count), value: 'y'.repeat(25_000) }]);
    expect(await running).toBe(0);
    expect(recordsOf(read(store, 30))).toHaveLength(30);
  });

  test('gives back what it took when the store is full', async () => {
    const store = storeWithTopic({ maxBytes: 65_536 });
    const values = Array.from({ length: 10 }, (_, key) => ({ key: String(key), value: 'x'.repeat(1000) }));
    append(store, values);
    let count = 0;
    while (append(store, values).error === undefined) count++;
    expect(count).toBeGreaterThan(0);
    const { usedBytes } = store;
    await expect(store.compact(partition, all)).rejects.toMatchObject({ code: 'FULL' });
    expect(store.usedBytes).toBe(usedBytes);
  });
});
