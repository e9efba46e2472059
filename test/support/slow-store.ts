// A memory store that answers with promises, as an engine behind a network does: there is none such yet.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogStore, StateShard, StoredTopic } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';

/** A store whose topics may change behind the broker's back. */
export interface SlowStore extends LogStore {
  /** Changes topics from elsewhere, and tells who watches. */
  elsewhere(change: (topics: StoredTopic[]) => void): void;
}

/** Lets the methods of an object take two turns, so that what is asked meanwhile overlaps. */
function slow<T extends object>(target: T, own: Partial<T> = {}): T {
  return new Proxy(target, {
    get(_, name) {
      if (name in own) return own[name as keyof T];
      const value: unknown = target[name as keyof T];
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        await nextTurn();
        return (value as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

export function createSlowStore(): SlowStore {
  const memory = createMemoryStore();
  const watchers = new Set<() => void>();
  let foreign: StoredTopic[] = [];
  return slow<SlowStore>(memory as unknown as SlowStore, {
    name: 'slow',
    listTopics: () => Promise.resolve([...memory.listTopics(), ...foreign]),
    async openShard(opening): Promise<StateShard> {
      await nextTurn();
      return slow(memory.openShard(opening));
    },
    watchTopics(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    elsewhere(change) {
      foreign = foreign.slice();
      change(foreign);
      for (const changed of watchers) changed();
    },
  });
}
