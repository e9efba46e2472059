import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { expect, test, vi } from 'vitest';
import { producerBench, storeWithoutBatches } from '../../../support/producer-bench.js';
import { readState } from '../../../support/stored-state.js';

test('stores a snapshot after each append, and recovers from it alone', async () => {
  const { produce, stored, store } = await producerBench(storeWithoutBatches());
  await produce(0);
  expect(stored()).toMatchObject({ endOffset: 1, producers: [[9, 0, expect.anything(), expect.anything()]] });
  await produce(1);
  expect(stored()).toMatchObject({ endOffset: 2 });
  const restarted = await producerBench(store);
  const read = vi.spyOn(store, 'read');
  expect(restarted.manager.ready(restarted.log)).toMatchObject({ states: { endOffset: 2 }, snapshot: 'complete' });
  expect(read).not.toHaveBeenCalled();
});

test('stores a snapshot that failed with the next one, or with those that are taken now and then', async () => {
  const { produce, stored, shard, manager, log } = await producerBench(storeWithoutBatches());
  const put = vi.spyOn(shard, 'put').mockImplementationOnce(() => {
    throw new StoreError('UNAVAILABLE', 'no');
  });
  await expect(produce(0)).rejects.toThrow(StoreError);
  expect(log.producers).toMatchObject({ snapshot: 'uncertain' });
  await manager.saveAll();
  expect(stored()).toMatchObject({ endOffset: 1 });
  await manager.saveAll();
  expect(put).toHaveBeenCalledTimes(2);
});

test('an append of unknown outcome leaves producers as they are', async () => {
  const { produce, manager, log } = await producerBench(storeWithoutBatches());
  manager.doubt(log);
  await produce(0);
  manager.doubt(log);
  expect(manager.ready(log)).toMatchObject({ coverage: 'current', snapshot: 'complete' });
});

test('does not store producers of a deleted topic, and deletes what was stored of them', async () => {
  const { produce, store, manager, log, remove } = await producerBench(storeWithoutBatches());
  await produce(0);
  remove();
  expect(await readState(store)).toEqual([]);
  await produce(1);
  await manager.saveAll();
  expect(log.producers).toMatchObject({ states: { dirty: true } });
  expect(await readState(store)).toEqual([]);
});
