import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { expect, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, fetchFrom, offsetFor, produce, valuesOf } from '../support/log-requests.js';
import { TurnedClock } from '../support/turned-clock.js';

const INTERVAL_MS = 1000;
const config = { 'log.retention.check.interval.ms': INTERVAL_MS, 'log.cleaner.backoff.ms': INTERVAL_MS };

async function started(configs: Readonly<Record<string, string>>) {
  const clock = new TurnedClock();
  const store = createMemoryStore();
  const { connect } = await startBroker({ store, clock, config });
  const client = await connect();
  await createTopic(client, 't', { configs });
  /** So many records of 10 kB, as old as told. */
  const fill = async (count: number, age = 0): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const timestamp = clock.now() - age;
      await produce(client, 't', batchOf(['x'.repeat(10_000)], {}, { key: `k${String(index % 3)}`, timestamp }));
    }
  };
  const start = async (): Promise<number> => Number((await offsetFor(client, 't', -2)).offset);
  return { clock, client, store, fill, start };
}

test('records older than retention.ms go with the next look', async () => {
  const { clock, fill, start } = await started({ 'retention.ms': '60000' });
  await fill(50, 59_500);
  await fill(1);
  expect(await start()).toBe(0);
  clock.turn(INTERVAL_MS);
  await vi.waitFor(async () => expect(await start()).toBeGreaterThan(30));
  clock.turn(60_000);
  await vi.waitFor(async () => expect(await start()).toBe(51));
});

test('a partition with retention.bytes is held to it as it grows', async () => {
  const { store, fill, start } = await started({ 'retention.bytes': '1000000' });
  await fill(500);
  expect(await start()).toBeGreaterThan(100);
  expect(store.usedBytes).toBeLessThan(8_000_000);
});

test('many partitions, each with little to keep, do not fill a store that has room for that', async () => {
  const partitions = 50;
  const store = createMemoryStore({ maxBytes: partitions * 128 * 1024 });
  const client = await (await startBroker({ store })).connect();
  await createTopic(client, 't', { numPartitions: partitions, configs: { 'retention.bytes': '32768' } });
  const batch = batchOf(['x'.repeat(10_000)]);
  for (let count = 0; count < 30; count++) {
    for (let partition = 0; partition < partitions; partition++) {
      expect(await produce(client, 't', batch, { partition })).toMatchObject({ errorCode: 0 });
    }
  }
});

test('-1 keeps everything, and so does a compacted topic', async () => {
  const { clock, fill, start } = await started({ 'retention.ms': '-1' });
  await fill(5, 10 ** 9);
  clock.turn(INTERVAL_MS);
  clock.turn(INTERVAL_MS);
  expect(await start()).toBe(0);
});

test('a compacted topic keeps the last of each key, once enough of it is new', async () => {
  const { clock, client, fill } = await started({ 'cleanup.policy': 'compact', 'min.compaction.lag.ms': '500' });
  const offsets = async (): Promise<number[]> =>
    valuesOf((await fetchFrom(client, 't')).records).map(([offset]) => offset);
  await fill(9);
  clock.turn(INTERVAL_MS);
  await vi.waitFor(async () => expect(await offsets()).toEqual([6, 7, 8]));
  // Younger than the lag when they are looked at.
  clock.turn(INTERVAL_MS - 100);
  await fill(6);
  clock.turn(100);
  clock.turn(INTERVAL_MS);
  await vi.waitFor(async () => expect(await offsets()).toEqual([12, 13, 14]));
});

test('a topic that is both compacted and cut is compacted again, however much shorter it was when it was cut', async () => {
  const { clock, client, store, fill, start } = await started({
    'cleanup.policy': 'compact,delete',
    'retention.ms': '60000',
    'min.cleanable.dirty.ratio': '0.5',
  });
  const compact = vi.spyOn(store, 'compact');
  // Nothing of it can go: each record has a key of its own.
  const timestamp = clock.now();
  for (let index = 0; index < 100; index++) {
    const key = `first${String(index)}`;
    await produce(client, 't', batchOf(['x'.repeat(10_000)], {}, { key, timestamp }));
  }
  clock.turn(INTERVAL_MS);
  await vi.waitFor(() => expect(compact).toHaveBeenCalledTimes(1));
  clock.turn(120_000);
  await vi.waitFor(async () => expect(await start()).toBe(100));
  await fill(50);
  clock.turn(INTERVAL_MS);
  await vi.waitFor(async () => {
    const { records } = await fetchFrom(client, 't', { offset: 100 });
    expect(valuesOf(records).map(([offset]) => offset)).toEqual([147, 148, 149]);
  });
});

test('what was too young for compaction is compacted once it is old enough, though nothing comes after it', async () => {
  const { clock, client, store, fill } = await started({
    'cleanup.policy': 'compact',
    'min.compaction.lag.ms': String(INTERVAL_MS + 500),
  });
  const looked = vi.spyOn(store, 'offsetForTimestamp');
  await fill(9);
  clock.turn(INTERVAL_MS);
  await vi.waitFor(() => expect(looked).toHaveBeenCalled());
  await vi.waitFor(async () => {
    clock.turn(INTERVAL_MS);
    const { records } = await fetchFrom(client, 't');
    expect(valuesOf(records).map(([offset]) => offset)).toEqual([6, 7, 8]);
  });
});
