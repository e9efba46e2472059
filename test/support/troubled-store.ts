// A fake on purpose: an engine that fails or dawdles when told, over the memory store.
import type { LogStore } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore, type MemoryStoreOptions } from 'iggy-gateway-kafka/adapters/memory';

type Method = Exclude<
  {
    [Name in keyof LogStore]: LogStore[Name] extends ((...args: never[]) => unknown) | undefined ? Name : never;
  }[keyof LogStore],
  undefined
>;

/** What a call does instead; `run` is what it would have done with these arguments. */
export type Instead = (run: () => unknown, ...args: readonly unknown[]) => unknown;

export interface TroubledStore {
  readonly store: LogStore;
  /** What the next call of a method does. */
  next(method: Method, instead: Instead): void;
}

/** A memory store with methods of the test's own, whose next calls can be told to do something else. */
export function troubledStore(own: Partial<LogStore> = {}, options: MemoryStoreOptions = {}): TroubledStore {
  const memory: LogStore = createMemoryStore(options);
  const told = new Map<string, Instead[]>();
  const store = new Proxy(memory, {
    get(_, name) {
      const value: unknown = name in own ? own[name as keyof LogStore] : memory[name as keyof LogStore];
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const run = (): unknown => (value as (...args: unknown[]) => unknown).apply(memory, args);
        const instead = told.get(String(name))?.shift();
        return instead === undefined ? run() : instead(run, ...args);
      };
    },
  });
  return {
    store,
    next(method, instead) {
      told.set(method, [...(told.get(method) ?? []), instead]);
    },
  };
}

/** The two ways in which a call fails. */
export const FAILING: readonly (readonly [how: string, fail: (error: Error) => Instead])[] = [
  [
    'throws',
    (error) => () => {
      throw error;
    },
  ],
  ['rejects', (error) => () => Promise.reject(error)],
];
