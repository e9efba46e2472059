import { setImmediate as immediate } from 'node:timers/promises';
import { type StateShard, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { OPENING } from '../../support/stored-state.js';
import { fencedError, type Mutant, NEVER, openingWith, outdated, shardWith } from './mutant.js';

export const ownerMutants: readonly Mutant[] = [
  {
    does: 'acknowledges what a fenced owner puts',
    noticed: 'put and check of the owner before fail, and nothing that it puts is kept',
    says: 'put of the owner before: has not failed; expected FENCED',
    store: outdated(() => ({ put: () => undefined })),
  },
  {
    does: 'keeps what a fenced owner puts',
    noticed: 'put and check of the owner before fail, and nothing that it puts is kept',
    says: 'load of the owner: other values are there',
    store: outdated((_, newest) => ({
      async put(changes) {
        await newest.put(changes);
        throw fencedError();
      },
    })),
  },
  {
    does: 'finds out by a put alone that a shard was lost',
    noticed: 'check fails for a shard that was lost, also before a put does',
    says: 'check of the owner before: has not failed; expected FENCED',
    store: outdated(() => ({ check: () => undefined })),
  },
  {
    does: 'looks who owns the shard long before it puts',
    noticed: 'of puts that overlap an opening, those are acknowledged that the new owner loads',
    says: '1 acknowledged puts are missing in load of the new owner',
    store: (store) => {
      let newest: StateShard;
      return {
        async openShard(opening, signal) {
          const shard = await store.openShard(opening, signal);
          newest = shard;
          return {
            ...shard,
            async put(changes) {
              await shard.check(signal);
              await immediate();
              await newest.put(changes);
            },
          };
        },
      };
    },
  },
  {
    does: 'tells no owner that it is fenced',
    noticed: 'the owner before is told once that it is fenced',
    says: 'fenced was not called',
    store: openingWith(() => ({ fenced: () => undefined })),
  },
  {
    does: 'tells a fenced owner at each put',
    noticed: 'the owner before is told once that it is fenced',
    says: 'fenced was called 3 times',
    store: outdated((shard, _, { fenced }) => ({
      put(changes) {
        fenced(fencedError());
        return shard.put(changes);
      },
    })),
  },
  {
    does: 'tells a fenced owner another error',
    noticed: 'the owner before is told once that it is fenced',
    says: 'fenced was called with StoreError: away',
    store: openingWith(({ fenced }) => ({ fenced: () => fenced(new StoreError('UNAVAILABLE', 'away')) })),
  },
  {
    does: 'forgets a shard that is closed',
    noticed: 'a shard that was closed keeps what it held',
    says: 'load of the owner: other values are there',
    store: shardWith((shard) => ({
      async close(signal) {
        await shard.put(Array.from(await shard.load(signal), ([key]) => [key, null] as const));
      },
    })),
  },
  {
    does: 'takes a shard from its owner when another one closes it',
    noticed: 'a store opens a shard again that it had lost, and closing the openings before leaves the new one alone',
    says: 'another broker has opened shard 0',
    store: (store) => {
      const openAnew = async (): Promise<void> => {
        await store.openShard(OPENING, NEVER);
      };
      return shardWith(() => ({ close: openAnew }))(store);
    },
  },
];
