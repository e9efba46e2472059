// A memory store that answers with promises, as an engine behind a network does: there is none such yet.
import type { LogStore, StoredTopic } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';

/** A store whose topics may change behind the broker's back. */
export interface SlowStore extends LogStore {
  /** Changes topics from elsewhere, and tells who watches. */
  elsewhere(change: (topics: StoredTopic[]) => void): void;
}

export function createSlowStore(): SlowStore {
  const memory = createMemoryStore();
  const watchers = new Set<() => void>();
  let foreign: StoredTopic[] = [];
  const more: Partial<SlowStore> = {
    name: 'slow',
    listTopics: () => Promise.resolve([...memory.listTopics(), ...foreign]),
    watchTopics(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    elsewhere(change) {
      foreign = foreign.slice();
      change(foreign);
      for (const changed of watchers) changed();
    },
  };
  return new Proxy(memory as unknown as SlowStore, {
    get(_, name) {
      const value: unknown = name in more ? more[name as keyof SlowStore] : memory[name as keyof typeof memory];
      if (typeof value !== 'function' || name in more) return value;
      // Two turns later, so that what is asked meanwhile overlaps.
      return async (...args: unknown[]) => {
        await new Promise((resolve) => setImmediate(resolve));
        return (value as (...args: unknown[]) => unknown).apply(memory, args);
      };
    },
  });
}
