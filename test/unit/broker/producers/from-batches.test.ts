import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { expect, test, vi } from 'vitest';
import { batchOf } from '../../../support/log-requests.js';
import { producerBench } from '../../../support/producer-bench.js';
import { readState } from '../../../support/stored-state.js';

const LARGE = 'x'.repeat(200_000);

test('reads the batches of the log, and no snapshot is stored for each append', async () => {
  const { produce, stored, store } = await producerBench(createMemoryStore());
  await produce(0);
  await produce(1);
  expect(stored()).toBeUndefined();
  const restarted = await producerBench(store);
  expect(await restarted.manager.ready(restarted.log)).toMatchObject({
    coverage: 'current',
    states: { endOffset: 2 },
  });
  await expect(restarted.produce(2)).resolves.toBe(2);
});

test('stops reading once the broker is closed', async () => {
  const { manager, log, store, append, close } = await producerBench(createMemoryStore());
  for (let count = 0; count < 4; count++) append(batchOf([LARGE]));
  const read = vi.spyOn(store, 'read');
  const recovered = manager.ready(log);
  close();
  await expect(recovered).rejects.toThrow(StoreError);
  expect(read).toHaveBeenCalledTimes(1);
});

test('stores a snapshot after a long read, from which the next start goes on, and deletes it with the topic', async () => {
  const { manager, log, store, append } = await producerBench(createMemoryStore());
  for (let count = 0; count < 4; count++) append(batchOf([LARGE]));
  await manager.ready(log);
  await manager.saveAll();
  const restarted = await producerBench(store);
  const read = vi.spyOn(store, 'read');
  expect(await restarted.manager.ready(restarted.log)).toMatchObject({ states: { endOffset: 4 } });
  expect(read.mock.calls.map(([entries]) => entries[0]?.offset)).toEqual([4]);
  restarted.remove();
  expect(await readState(store)).toEqual([]);
});

test('deletes a snapshot that was never needed with its topic', async () => {
  const { produce, manager, store } = await producerBench(createMemoryStore());
  await produce(0);
  await manager.saveAll();
  const restarted = await producerBench(store);
  restarted.remove();
  expect(await readState(store)).toEqual([]);
});

test('stores nothing for a partition without producers', async () => {
  const { manager, log, shard, remove } = await producerBench(createMemoryStore());
  manager.begun(log, 1);
  const put = vi.spyOn(shard, 'put');
  await manager.saveAll();
  remove();
  expect(put).not.toHaveBeenCalled();
});

test('replaces the snapshot of a log that began anew', async () => {
  const { produce, manager, store } = await producerBench(createMemoryStore());
  await produce(0);
  await manager.saveAll();
  const restarted = await producerBench(store);
  restarted.manager.begun(restarted.log, 1);
  await restarted.manager.saveAll();
  expect(restarted.stored()).toMatchObject({ endOffset: 1, producers: [] });
});

test('reads the log again after an append of unknown outcome', async () => {
  const { produce, manager, log, append } = await producerBench(createMemoryStore());
  await produce(0);
  const known = manager.ready(log);
  expect(known).toBe(log.producers);
  append(batchOf(['x'], { producerId: 9, producerEpoch: 0, baseSequence: 1 }));
  manager.doubt(log);
  expect(log.producers).toMatchObject({ coverage: 'behind', states: { endOffset: 1 } });
  await manager.ready(log);
  expect(log.producers).toMatchObject({ coverage: 'current', states: { endOffset: 2 } });
});
