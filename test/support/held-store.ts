// A fake on purpose: an engine that takes its time and fails when told, over the memory store, to the tick.
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import type { AppendEntry, AppendResult, LogStore, StoreError } from 'iggy-gateway-kafka/adapters/broker';

export interface HeldStore {
  readonly store: LogStore;
  /** Appends that have begun and not ended, by number of entries. */
  readonly pending: number[];
  /** Lets the oldest append go on; with an error, it fails after it was done or before. */
  settle(error?: StoreError, done?: boolean): void;
}

/** A memory store that answers with promises, and appends when it is told. */
export function heldStore({ keeps = 'batches' }: Partial<Pick<LogStore, 'keeps'>> = {}): HeldStore {
  const memory = createMemoryStore();
  const pending: number[] = [];
  const steps: ((error: StoreError | undefined, done: boolean) => void)[] = [];
  const store: LogStore = {
    name: 'held',
    durability: 'none',
    keeps,
    listTopics: () => Promise.resolve(memory.listTopics()),
    createTopic: (topic) => Promise.resolve(memory.createTopic(topic)),
    async createPartitions(id, count) {
      memory.createPartitions(id, count);
    },
    async alterTopicConfigs(id, configs) {
      memory.alterTopicConfigs(id, configs);
    },
    async deleteTopic(id) {
      memory.deleteTopic(id);
    },
    append: (entries: readonly AppendEntry[]) =>
      new Promise<readonly AppendResult[]>((resolve) => {
        pending.push(entries.length);
        steps.push((error, done) => {
          const results = done ? memory.append(entries) : [];
          resolve(error === undefined ? results : entries.map(() => ({ error })));
        });
      }),
    read: (entries) => Promise.resolve(memory.read(entries)),
    logOffsets: (partition) => Promise.resolve(memory.logOffsets(partition)),
    offsetForTimestamp: (partition, timestamp) => Promise.resolve(memory.offsetForTimestamp(partition, timestamp)),
    maxTimestamp: (partition) => Promise.resolve(memory.maxTimestamp(partition)),
    deleteRecords: (partition, before) => Promise.resolve(memory.deleteRecords(partition, before)),
    applyRetention: (partition, retention) => Promise.resolve(memory.applyRetention(partition, retention)),
    compact: (partition, compaction) => memory.compact(partition, compaction),
    async openShard(opening) {
      const shard = memory.openShard(opening);
      return {
        epoch: shard.epoch,
        load: async (signal) => shard.load(signal),
        put: async (changes) => shard.put(changes),
        check: async (signal) => shard.check(signal),
        close: async (signal) => shard.close(signal),
      };
    },
  };
  return {
    store,
    pending,
    settle(error, done = error === undefined) {
      pending.shift();
      steps.shift()!(error, done);
    },
  };
}
