import {
  type LogStore,
  type ShardChange,
  type ShardEntry,
  type ShardOpening,
  type StateShard,
  StoreError,
} from 'iggy-gateway-kafka/adapters/broker';

export interface Mutant {
  /** What is wrong with it. */
  readonly does: string;
  /** The case that notices, and what it says. */
  readonly noticed: string;
  readonly says: string;
  /** What the broken store does otherwise than the one it is given. */
  readonly store: (store: LogStore) => Partial<LogStore>;
}

export type Break = Mutant['store'];

export const NEVER: AbortSignal = new AbortController().signal;
export const TOO_LARGE: ShardChange = ['too large', new Uint8Array(64 * 1024 ** 2)];

/** Opens shards that do something otherwise. */
export function shardWith(change: (shard: StateShard, opening: ShardOpening) => Partial<StateShard>): Break {
  return (store) => ({
    async openShard(opening, signal) {
      const shard = await store.openShard(opening, signal);
      return { ...shard, ...change(shard, opening) };
    },
  });
}

/** Opens shards with a put that changes what it is given. */
export function putting(change: (changes: readonly ShardChange[]) => readonly ShardChange[]): Break {
  return shardWith((shard) => ({ put: (changes) => shard.put(change(changes)) }));
}

/** Opens shards otherwise than it is told. */
export function openingWith(change: (opening: ShardOpening) => Partial<ShardOpening>): Break {
  return (store) => ({ openShard: (opening, signal) => store.openShard({ ...opening, ...change(opening) }, signal) });
}

/** Opens shards that do something otherwise once another owner has opened them. */
export function outdated(
  change: (shard: StateShard, newest: StateShard, opening: ShardOpening) => Partial<StateShard>,
): Break {
  return (store) => {
    const opened: StateShard[] = [];
    return {
      async openShard(opening, signal) {
        const shard = await store.openShard(opening, signal);
        opened.push(shard);
        const instead = (): Partial<StateShard> => {
          const newest = opened.at(-1)!;
          return newest === shard ? {} : change(shard, newest, opening);
        };
        return {
          ...shard,
          put: (changes) => (instead().put ?? shard.put)(changes),
          check: (checking) => (instead().check ?? shard.check)(checking),
        };
      },
    };
  };
}

/** Follows shards and visits otherwise. */
export function visiting(change: (entry: ShardEntry) => readonly ShardEntry[]): Break {
  return (store) => ({
    followShard: (shard, from, visit, signal) =>
      store.followShard!(shard, from, (entry) => change(entry).forEach(visit), signal),
  });
}

export const fencedError = (): StoreError => new StoreError('FENCED', 'fenced');
