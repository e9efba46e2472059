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
export function heldStore({ keepsBatches = true } = {}): HeldStore {
  const memory = createMemoryStore();
  const pending: number[] = [];
  const steps: ((error: StoreError | undefined, done: boolean) => void)[] = [];
  const store: LogStore = {
    name: 'held',
    capabilities: { ...memory.capabilities, keepsBatches },
    listTopics: () => Promise.resolve(memory.listTopics()),
    createTopic: (topic) => Promise.resolve(memory.createTopic(topic)),
    async growTopic(...args) {
      memory.growTopic(...args);
    },
    async configureTopic(...args) {
      memory.configureTopic(...args);
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
    bounds: (partition) => Promise.resolve(memory.bounds(partition)),
    offsetForTimestamp: (...args) => Promise.resolve(memory.offsetForTimestamp(...args)),
    maxTimestamp: (partition) => Promise.resolve(memory.maxTimestamp(partition)),
    deleteRecords: (...args) => Promise.resolve(memory.deleteRecords(...args)),
    trim: (...args) => Promise.resolve(memory.trim(...args)),
    compact: (...args) => memory.compact(...args),
    async put(...args) {
      memory.put(...args);
    },
    load: () => Promise.resolve(memory.load()),
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
