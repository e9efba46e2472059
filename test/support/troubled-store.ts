// A fake on purpose: an engine that fails or dawdles when told, over the memory store.
import type { LogStore, StateShard } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore, type MemoryStoreOptions } from 'iggy-gateway-kafka/adapters/memory';
import { isPromise } from '../../src/contract/index.js';

type MethodOf<T> = Exclude<
  { [Name in keyof T]: T[Name] extends ((...args: never[]) => unknown) | undefined ? Name : never }[keyof T],
  undefined
>;

/** Methods of the store, and those of the shards that it opens. */
export type TroubledMethod = MethodOf<LogStore> | Exclude<MethodOf<StateShard>, 'close'>;

/** What a call does instead; `run` is what it would have done with these arguments. */
export type Instead = (run: () => unknown, ...args: readonly unknown[]) => unknown;

export interface TroubledStore {
  readonly store: LogStore;
  /** What the next call of a method does. */
  next(method: TroubledMethod, instead: Instead): void;
}

const SHARD_METHODS: readonly string[] = ['load', 'put', 'check'] satisfies (keyof StateShard)[];

/** A memory store with methods of the test's own, whose next calls can be told to do something else. */
export function troubledStore(own: Partial<LogStore> = {}, options: MemoryStoreOptions = {}): TroubledStore {
  const memory: LogStore = createMemoryStore(options);
  const told = new Map<string, Instead[]>();
  const call = (name: string, run: () => unknown, args: readonly unknown[]): unknown => {
    const instead = told.get(name)?.shift();
    return instead === undefined ? run() : instead(run, ...args);
  };
  const troubled = (shard: StateShard): StateShard =>
    new Proxy(shard, {
      get(_, name) {
        const value = shard[name as keyof StateShard] as (...args: unknown[]) => unknown;
        if (!SHARD_METHODS.includes(String(name))) return value;
        return (...args: unknown[]) => call(String(name), () => value.apply(shard, args), args);
      },
    });
  const store = new Proxy(memory, {
    get(_, name) {
      const value: unknown = name in own ? own[name as keyof LogStore] : memory[name as keyof LogStore];
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const run = (): unknown => (value as (...args: unknown[]) => unknown).apply(memory, args);
        const result = call(String(name), run, args);
        if (name !== 'openShard') return result;
        const opened = result as ReturnType<LogStore['openShard']>;
        return isPromise(opened) ? opened.then(troubled) : troubled(opened);
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
