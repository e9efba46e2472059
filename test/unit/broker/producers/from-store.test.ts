import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { readBatches } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { batchOf } from '../../../support/log-requests.js';
import { producerBench, storeOfProducers } from '../../../support/producer-bench.js';

const UNAVAILABLE = new StoreError('UNAVAILABLE', 'no');

test('marks the snapshot incomplete before the first append, and replays from there', async () => {
  const { produce, stored, store, log } = await producerBench(storeOfProducers());
  await produce(0);
  await produce(1);
  expect(stored()).toMatchObject({ endOffset: 0, open: true });
  expect(log.producers).toMatchObject({ coverage: 'current', snapshot: 'incomplete' });
  const restarted = await producerBench(store);
  expect(await restarted.manager.ready(restarted.log)).toMatchObject({ states: { endOffset: 2 } });
  expect(store.asked).toEqual([0]);
  expect(restarted.stored()).toMatchObject({ endOffset: 2, open: true });
});

test('stores a complete snapshot while no append is under way, after which nothing is replayed', async () => {
  const { produce, stored, store, manager, log } = await producerBench(storeOfProducers());
  await produce(0);
  log.busy = true;
  await manager.saveAll();
  expect(stored()).toMatchObject({ endOffset: 1, open: true });
  log.busy = false;
  await manager.saveAll();
  expect(stored()).toEqual(expect.not.objectContaining({ open: true }));
  const restarted = await producerBench(store);
  await restarted.manager.ready(restarted.log);
  expect(store.asked).toEqual([]);
});

test('takes no snapshot while the log is behind, or about to be announced', async () => {
  const { produce, stored, manager, log } = await producerBench(storeOfProducers());
  await produce(0);
  await manager.saveAll();
  log.busy = true;
  await manager.saveAll();
  manager.doubt(log);
  log.busy = false;
  await manager.saveAll();
  expect(stored()).toEqual(expect.not.objectContaining({ open: true }));
});

test('replays batches that others appended, even after a complete snapshot', async () => {
  const { produce, store, manager, log, append } = await producerBench(storeOfProducers());
  await produce(0);
  await manager.saveAll();
  append(batchOf(['x'], { producerId: 9, producerEpoch: 0, baseSequence: 1 }));
  manager.doubt(log);
  await manager.ready(log);
  expect(store.asked).toEqual([1]);
  await expect(produce(2)).resolves.toBe(2);
});

test('announces again after a snapshot that failed, before anything is appended', async () => {
  const { produce, stored, shard, manager, log } = await producerBench(storeOfProducers());
  const put = vi.spyOn(shard, 'put').mockImplementationOnce(() => {
    throw UNAVAILABLE;
  });
  await expect(produce(0)).rejects.toThrow(UNAVAILABLE);
  expect(log.producers).toMatchObject({ snapshot: 'uncertain' });
  await produce(0);
  put.mockImplementationOnce(() => Promise.reject(UNAVAILABLE));
  await expect(manager.saveAll()).rejects.toThrow(UNAVAILABLE);
  expect(log.producers).toMatchObject({ snapshot: 'uncertain' });
  await produce(1);
  expect(stored()).toMatchObject({ endOffset: 1, open: true });
});

test('acknowledges an append that was announced, though the snapshot of another partition could not be written', async () => {
  const { produce, manager, log, shard } = await producerBench(storeOfProducers());
  await produce(0);
  log.busy = true;
  const producers = await manager.ready(log);
  const put = vi.spyOn(shard, 'put').mockImplementationOnce(() => Promise.reject(UNAVAILABLE));
  await expect(manager.saveAll()).rejects.toThrow(UNAVAILABLE);
  expect(producers.snapshot).toBe('uncertain');
  await manager.save(producers);
  expect(put).toHaveBeenCalledOnce();
});

test('waits for a snapshot where the log lost its end and was written on', async () => {
  const { produce, stored, shard, manager, log } = await producerBench(storeOfProducers());
  await produce(0);
  log.busy = true;
  await manager.saveAll();
  const producers = await manager.ready(log);
  // Another batch took the offset 0.
  const batch = [...readBatches(batchOf(['x'], { producerId: 8, producerEpoch: 0, baseSequence: 0 }))][0]!;
  manager.appended(producers, batch, 0, 1);
  expect(producers.snapshot).toBe('outdated');
  expect(await manager.ready(log)).toBe(producers);
  vi.spyOn(shard, 'put').mockImplementationOnce(() => Promise.reject(UNAVAILABLE));
  await expect(manager.save(producers)).rejects.toThrow(UNAVAILABLE);
  await manager.save(producers);
  expect(producers.snapshot).toBe('incomplete');
  manager.appended(producers, batch, 0, 1);
  await manager.save(producers);
  expect(producers.snapshot).toBe('incomplete');
  expect(stored()?.producers).toHaveLength(2);
});

test.each([
  [
    'throws',
    (): never => {
      throw UNAVAILABLE;
    },
  ],
  ['rejects', () => Promise.reject(UNAVAILABLE)],
])('acknowledges an append whose snapshot only bounds the replay and %s', async (_, put) => {
  const { produce, shard, log } = await producerBench(storeOfProducers());
  await produce(0);
  vi.spyOn(shard, 'put').mockImplementationOnce(() => put());
  log.producers!.unsavedBytes = 16 * 1024 * 1024;
  await expect(produce(1)).resolves.toBe(1);
  await expect.poll(() => log.producers?.snapshot).toBe('uncertain');
  await produce(2);
  expect(log.producers).toMatchObject({ snapshot: 'incomplete' });
});

test('ends a replay once the broker is closed', async () => {
  const { manager, log, shard, close } = await producerBench(storeOfProducers(createMemoryStore()));
  const put = vi.spyOn(shard, 'put');
  const recovered = manager.ready(log);
  close();
  await expect(recovered).rejects.toThrow(StoreError);
  expect(put).not.toHaveBeenCalled();
});

test('a replay of producers that were dropped meanwhile changes nothing', async () => {
  const { manager, log, shard } = await producerBench(storeOfProducers());
  const put = vi.spyOn(shard, 'put');
  const recovered = manager.ready(log);
  manager.drop();
  expect(await recovered).toMatchObject({ coverage: 'behind' });
  expect(log.producers).toBeNull();
  expect(put).not.toHaveBeenCalled();
});
