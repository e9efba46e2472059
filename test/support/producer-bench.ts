// A fake kit on purpose: what a manager of producers reads and stores is seen by no client.
import { readBatches } from '../../src/protocol/index.js';
import type { Kit } from '../../adapters/broker/kit.js';
import type { LogStore, ReplayedBatch } from '../../adapters/broker/store/log-store.js';
import type { ShardValue } from '../../adapters/broker/store/state-shard.js';
import type { ProducerLog } from '../../adapters/broker/producers/partition-producers.js';
import { ProducerStateManager } from '../../adapters/broker/producers/producer-state-manager.js';
import type { Partition, Topic } from '../../adapters/broker/topic-registry.js';
import { createMemoryStore } from '../../adapters/memory/index.js';
import { batchOf } from './log-requests.js';
import { openState } from './stored-state.js';
import { TurnedClock } from './turned-clock.js';

type MemoryStore = ReturnType<typeof createMemoryStore>;

/** A memory store that keeps no batches, as its property says. */
export function storeWithoutBatches(memory = createMemoryStore()): MemoryStore {
  return Object.assign(memory, { keeps: 'records' as never });
}

/** A memory store that keeps no batches, but who produced them. `asked` has the offset of each replay. */
export function storeOfProducers(memory = createMemoryStore()): MemoryStore & { readonly asked: number[] } {
  const asked: number[] = [];
  const replayProducers: LogStore['replayProducers'] = (partition, offset, found: (batch: ReplayedBatch) => void) => {
    asked.push(offset);
    const [result] = memory.read([{ partition, offset, maxBytes: 1_000_000, atLeastOneBatch: true }]);
    if (result === undefined || result.error !== undefined) throw new Error('cannot be read');
    for (const chunk of result.chunks) {
      for (const batch of readBatches(Buffer.from(chunk))) if (batch.producerId >= 0) found(batch);
    }
  };
  return Object.assign(storeWithoutBatches(memory), { replayProducers, asked });
}

/** Starts a manager over the store, with one partition. Started again over the same store, it is the next broker. */
export async function producerBench<Store extends MemoryStore>(store: Store) {
  const { state, shard } = await openState(store);
  const deleted: ((topic: Topic) => void)[] = [];
  const topics = {
    onDeleted: (listener: (topic: Topic) => void) => (deleted.push(listener), () => undefined),
    byId: () => topic,
  };
  const clock = new TurnedClock();
  const kit = { store, state, topics, config: { get: () => 1000 }, clock } as unknown as Kit;
  let isOpen = true;
  const manager = new ProducerStateManager(kit, () => (isOpen ? log : undefined));
  const [known] = store.listTopics();
  const { id: topicId } = known ?? store.createTopic({ id: 'id', name: 't', partitionCount: 1, configs: {} });
  const topic = { exists: true, partitions: [] as Partition[] };
  const id = { topicId, topic: 't', partition: 0 };
  topic.partitions.push({ id, topic, index: 0 } as unknown as Partition);
  const log: ProducerLog & { busy: boolean } = { partition: topic.partitions[0]!, busy: false, producers: null };
  manager.open();
  return {
    manager,
    log,
    store,
    /** The state of the store, which this manager owns until the next one is started. */
    shard,
    clock,
    /** Appends a batch of an idempotent producer and reports it to the manager. */
    async produce(baseSequence: number, value = 'x'): Promise<number> {
      const producers = await manager.ready(log);
      const batches = batchOf([value], { producerId: 9, producerEpoch: 0, baseSequence });
      const [batch] = readBatches(batches);
      const baseOffset = append(batches);
      if (producers.coverage === 'current') producers.states.endOffset = baseOffset + 1;
      manager.appended(producers, batch!, baseOffset, clock.now());
      if (manager.savesAppends) await manager.save(producers);
      return baseOffset;
    },
    /** Appends a batch without telling the manager. */
    append,
    /** The stored snapshot. */
    stored(): { readonly endOffset: number; readonly open?: boolean; readonly producers: unknown[] } | undefined {
      const held = shard.load(new AbortController().signal) as Iterable<ShardValue>;
      const entry = [...held].find(([key]) => key.startsWith('log/producers/'));
      return entry === undefined ? undefined : (JSON.parse(Buffer.from(entry[1]).toString()) as never);
    },
    remove(): void {
      topic.exists = false;
      for (const listener of deleted) listener(topic as unknown as Topic);
    },
    close(): void {
      isOpen = false;
      manager.close();
    },
  };

  function append(batches: Buffer): number {
    const [result] = store.append([
      { partition: id, batches, recordCount: 1, maxTimestamp: 1, leaderEpoch: 0, attempt: 0, marker: null },
    ]);
    if (result === undefined || result.error !== undefined) throw new Error('cannot be appended');
    return result.baseOffset;
  }
}
