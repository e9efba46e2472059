import type { ShardEntry } from 'iggy-gateway-kafka/adapters/broker';
import { OPENING } from '../../support/stored-state.js';
import { fencedError, type Mutant, openingWith, outdated, shardWith, visiting } from './mutant.js';

export const followerMutants: readonly Mutant[] = [
  {
    does: 'cannot be followed',
    noticed: 'what is visited from 0 adds up to what the owner loads',
    says: 'the store has no followShard',
    store: () => ({ followShard: undefined as never }),
  },
  {
    does: 'shows followers the last owner alone',
    noticed: 'what is visited from 0 adds up to what the owner loads',
    says: 'followShard of shard 0 from 0: other values are there',
    store: visiting((entry) => (entry.kind === 'opened' ? [{ kind: 'reset' }, entry] : [entry])),
  },
  {
    does: 'shows followers what a fenced owner puts',
    noticed: 'what is visited from 0 adds up to what the owner loads',
    says: 'followShard of shard 0 from 0: other values are there',
    store: (store) => {
      const refused: ShardEntry[] = [];
      const refuse = outdated((_, { epoch }) => ({
        put(changes) {
          refused.push(...changes.map(([key, value]) => ({ kind: 'put', epoch, key, value }) as const));
          throw fencedError();
        },
      }));
      return {
        ...refuse(store),
        async followShard(shard, from, visit, signal) {
          const position = await store.followShard!(shard, from, visit, signal);
          refused.forEach(visit);
          return position;
        },
      };
    },
  },
  {
    does: 'opens a shard to follow it',
    noticed: 'following a shard leaves its owner alone',
    says: 'another broker has opened shard 0',
    store: (store) => ({
      async followShard(shard, from, visit, signal) {
        await store.openShard(OPENING, signal);
        return store.followShard!(shard, from, visit, signal);
      },
    }),
  },
  {
    does: 'visits everything each time',
    noticed: 'from a position on only what is new is visited, or a reset and all that the shard holds',
    says: 'followShard from a position: other values are there',
    store: (store) => ({
      followShard: (shard, _, visit, signal) => store.followShard!(shard, 0, visit, signal),
    }),
  },
  {
    does: 'visits the owner each time',
    noticed: 'from a position on only what is new is visited, or a reset and all that the shard holds',
    says: 'the opening was visited again',
    store: (store) => ({
      followShard(shard, from, visit, signal) {
        visit({ kind: 'opened', epoch: 0, owner: Buffer.from('owner') });
        return store.followShard!(shard, from, visit, signal);
      },
    }),
  },
  {
    does: 'does not say who the owner is',
    noticed: 'an opening is visited, with what its owner says of itself',
    says: 'followers see another owner or epoch',
    store: openingWith(() => ({ owner: new Uint8Array(0) })),
  },
  {
    does: 'hides from followers that a key was forgotten',
    noticed: 'a key that was forgotten is gone, from 0 and from a position on',
    says: 'followShard from a position: other values are there',
    store: visiting((entry) => (entry.kind === 'reset' ? [] : [entry])),
  },
  {
    does: 'moves the position at each call',
    noticed: 'the position differs after a change, and is the same if nothing happened',
    says: 'the position differs, though nothing happened',
    store: (store) => ({
      followShard: async (shard, from, visit, signal) =>
        Math.max(from + 1, await store.followShard!(shard, from, visit, signal)),
    }),
  },
  {
    does: 'has no positions after the first two',
    noticed: 'the position differs after a change, and is the same if nothing happened',
    says: 'something was visited, though nothing happened',
    store: (store) => ({
      followShard: async (shard, from, visit, signal) =>
        Math.min(2, await store.followShard!(shard, from, visit, signal)),
    }),
  },
  {
    // A heartbeat of the owner is a put of the same value.
    does: 'leaves out puts that change nothing',
    noticed: 'the position differs after a change, and is the same if nothing happened',
    says: 'the positions are 0, 0, 1, 2, 2, 3, 4',
    store: shardWith((shard) => {
      const known = new Map<string, string>();
      return {
        async put(changes) {
          const isNew = changes.some(([key, value]) => known.get(key) !== String(value));
          for (const [key, value] of changes) known.set(key, String(value));
          if (isNew) await shard.put(changes);
        },
      };
    }),
  },
  {
    does: 'follows shard 0 whatever it is asked for',
    noticed: 'what is visited belongs to the shard',
    says: 'followShard of shard 1 from 0: other values are there',
    store: (store) => ({
      followShard: (_, from, visit, signal) => store.followShard!(0, from, visit, signal),
    }),
  },
];
