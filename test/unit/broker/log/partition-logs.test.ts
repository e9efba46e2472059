// A fake kit on purpose: what a broker does while it closes, and what it holds, is seen by no client.
import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { expect, test, vi } from 'vitest';
import { StoredState } from '../../../../adapters/broker/durable-state.js';
import type { Kit } from '../../../../adapters/broker/kit.js';
import { type PartitionLog, PartitionLogs } from '../../../../adapters/broker/log/partition-logs.js';
import type { Partition, Topic } from '../../../../adapters/broker/topic-registry.js';
import { batchOf } from '../../../support/log-requests.js';
import { TurnedClock } from '../../../support/turned-clock.js';

async function logsOver(store = createMemoryStore()) {
  const state = new StoredState(store);
  await state.open();
  const deleted: ((topic: Topic) => void)[] = [];
  const topics = { onDeleted: (listener: (topic: Topic) => void) => (deleted.push(listener), () => undefined) };
  const config = { get: () => 1000 };
  const kit = { store, state, topics, config, clock: new TurnedClock() } as unknown as Kit;
  const logs = new PartitionLogs(kit);
  logs.open();
  const [known] = store.listTopics();
  const { id: topicId } = known ?? store.createTopic({ id: 'id', name: 't', partitionCount: 1, configs: {} });
  const id = { topicId, topic: 't', partition: 0 };
  const topic = { exists: true, partitions: [] as Partition[] };
  topic.partitions.push({ id, topic, index: 0 } as unknown as Partition);
  const log = logs.of(topic.partitions[0]!);
  return { logs, log, store, remove: () => deleted.forEach((listener) => listener(topic as unknown as Topic)) };
}

function append({ store, log }: { store: ReturnType<typeof createMemoryStore>; log: PartitionLog }, bytes = 1): void {
  const batches = batchOf(['x'.repeat(bytes)]);
  const { id } = log.partition;
  const [result] = store.append([{ partition: id, batches, recordCount: 1, maxTimestamp: 1, leaderEpoch: 0 }]);
  expect(result?.error).toBeUndefined();
}

test('a long log is looked through no further once the broker is closed', async () => {
  const bench = await logsOver();
  const { logs, log, store } = bench;
  for (let count = 0; count < 4; count++) append(bench, 200_000);
  const read = vi.spyOn(store, 'read');
  const looking = logs.producers(log);
  logs.close();
  await expect(looking).rejects.toThrow(StoreError);
  expect(read).toHaveBeenCalledTimes(1);
});

test('what a log tells of producers is of no use any more once the broker is closed', async () => {
  const telling = Object.assign(createMemoryStore(), { producedFrom: () => undefined });
  const { logs, log, store } = await logsOver(telling);
  const put = vi.spyOn(store, 'put');
  const learning = logs.producers(log);
  logs.close();
  await expect(learning).rejects.toThrow(StoreError);
  expect(put).not.toHaveBeenCalled();
});

test('what was looked through is kept, so that the next start goes on from there, and goes with the topic', async () => {
  const bench = await logsOver();
  for (let count = 0; count < 4; count++) append(bench, 200_000);
  await bench.logs.producers(bench.log);
  await bench.logs.saveAll();
  const restarted = await logsOver(bench.store);
  const read = vi.spyOn(bench.store, 'read');
  expect(await restarted.logs.producers(restarted.log)).toMatchObject({ endOffset: 4 });
  expect(read.mock.calls.map(([entries]) => entries[0]?.offset)).toEqual([4]);
  restarted.remove();
  expect([...bench.store.load()]).toEqual([]);
});

test('a partition without producers has nothing kept, and nothing to forget', async () => {
  const { logs, log, store, remove } = await logsOver();
  logs.begun(log, 1);
  const put = vi.spyOn(store, 'put');
  await logs.saveAll();
  remove();
  expect(put).not.toHaveBeenCalled();
});
