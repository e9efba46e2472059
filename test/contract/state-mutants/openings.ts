import { setImmediate as immediate } from 'node:timers/promises';
import { type StateShard, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { type Break, fencedError, type Mutant, openingWith, outdated, shardWith } from './mutant.js';

/** Fences the owner before it asks the new one what it accepts. */
const acceptsLate: Break = (store) => ({
  async openShard(opening, signal) {
    const shard = await store.openShard({ ...opening, accept: () => undefined }, signal);
    opening.accept(await shard.load(signal));
    return shard;
  },
});

export const openingMutants: readonly Mutant[] = [
  {
    does: 'gives every opening one epoch',
    noticed: 'each opening has a higher epoch',
    says: 'the epochs of openings are 7, 7',
    store: shardWith(() => ({ epoch: 7 })),
  },
  {
    does: 'numbers openings by the clock',
    noticed: 'each opening has a higher epoch',
    says: 'the epoch is 1700000000000; expected an integer from 0 to 2147483647',
    store: shardWith((shard) => ({ epoch: 1_700_000_000_000 + shard.epoch })),
  },
  {
    does: 'fences the owner before it calls accept',
    noticed: 'accept is called with what the shard holds before its owner is fenced',
    says: 'the owner was fenced before accept was called',
    store: acceptsLate,
  },
  {
    does: 'calls accept with nothing',
    noticed: 'accept is called with what the shard holds before its owner is fenced',
    says: 'accept: other values are there',
    store: openingWith(({ accept }) => ({ accept: () => accept([]) })),
  },
  {
    does: 'never calls accept',
    noticed: 'accept is called with what the shard holds before its owner is fenced',
    says: 'openShard has not called accept',
    store: openingWith(() => ({ accept: () => undefined })),
  },
  {
    does: 'fences the owner though accept throws',
    noticed: 'what accept throws rejects the opening, and the owner goes on',
    says: 'an opening that failed has fenced the owner',
    store: acceptsLate,
  },
  {
    does: 'opens a shard though accept throws',
    noticed: 'what accept throws rejects the opening, and the owner goes on',
    says: 'the opening has not failed with what accept threw',
    store: openingWith(({ accept }) => ({
      accept(values) {
        try {
          accept(values);
        } catch {
          // It is opened all the same.
        }
      },
    })),
  },
  {
    does: 'replaces the error of accept',
    noticed: 'what accept throws rejects the opening, and the owner goes on',
    says: 'the opening has not failed with what accept threw',
    store: openingWith(({ accept }) => ({
      accept(values) {
        try {
          accept(values);
        } catch (cause) {
          throw new StoreError('INVALID', 'not accepted', { cause });
        }
      },
    })),
  },
  {
    does: 'ignores expectedEpoch',
    noticed: 'an opening with expectedEpoch replaces the opening with that epoch, and no other one',
    says: 'an opening that expects a higher epoch: has not failed; expected FENCED',
    store: openingWith(() => ({ expectedEpoch: null })),
  },
  {
    does: 'fails with another code than FENCED',
    noticed: 'an opening with expectedEpoch replaces the opening with that epoch, and no other one',
    says: 'an opening that expects a higher epoch: failed with INVALID (as expected); expected FENCED',
    store: (store) => ({
      openShard(opening, signal) {
        if (opening.expectedEpoch !== null) throw new StoreError('INVALID', 'as expected');
        return store.openShard(opening, signal);
      },
    }),
  },
  {
    does: 'compares expectedEpoch long before it opens',
    noticed: 'of openings that overlap, and expect one epoch, at most one succeeds',
    says: '4 openings with one expectedEpoch have succeeded',
    store: (store) => {
      let epoch = -1;
      return {
        async openShard(opening, signal) {
          if (opening.expectedEpoch !== null && opening.expectedEpoch !== epoch) throw fencedError();
          await immediate();
          const shard = await store.openShard({ ...opening, expectedEpoch: null }, signal);
          epoch = shard.epoch;
          return shard;
        },
      };
    },
  },
  {
    does: 'gives openings that overlap one epoch',
    noticed: 'of openings that overlap, the one with the highest epoch owns the shard',
    says: 'openings have the epochs 1, 1, 1, 1',
    store: (store) => {
      let opened: Promise<StateShard> | null = null;
      return {
        async openShard(opening, signal) {
          opening.accept([]);
          opened ??= immediate().then(() => store.openShard(opening, signal));
          const shard = await opened;
          opened = null;
          return shard;
        },
      };
    },
  },
  {
    does: 'lets all owners put',
    noticed: 'of openings that overlap, the one with the highest epoch owns the shard',
    says: '4 openings own the shard',
    store: outdated((_, newest) => newest),
  },
  {
    does: 'leaves the shard to the first of several owners',
    noticed: 'of openings that overlap, the one with the highest epoch owns the shard',
    says: 'epoch 0 owns the shard; opened were 1, 2, 3, 0',
    store: shardWith(({ epoch }) => ({ epoch: epoch % 4 })),
  },
  {
    does: 'takes any number of shards',
    noticed: 'a shard is not opened with another number of shards than before',
    says: 'an opening with shardCount 2 after 1: has not failed; expected INVALID',
    store: openingWith(() => ({ shardCount: 1 })),
  },
  {
    does: 'has one shard whatever it is asked for',
    noticed: 'shards share neither keys nor owners',
    says: 'accept of shard 0: other values are there',
    store: openingWith(() => ({ shard: 0 })),
  },
];
