import { OPENING } from '../../support/stored-state.js';
import { type Mutant, NEVER, putting, shardWith, TOO_LARGE } from './mutant.js';

export const valueMutants: readonly Mutant[] = [
  {
    does: 'shows keys of its own',
    noticed: 'a shard is empty at first; then it holds what was put last under each key',
    says: 'load of the first owner: other values are there',
    store: shardWith((shard) => ({
      load: async (signal) => [...(await shard.load(signal)), ['version', new Uint8Array(1)] as const],
    })),
  },
  {
    does: 'returns text',
    noticed: 'a shard is empty at first; then it holds what was put last under each key',
    says: 'the value of "a" is no Uint8Array',
    store: shardWith((shard) => ({
      load: async (signal) => Array.from(await shard.load(signal), ([key]) => [key, 'text' as never] as const),
    })),
  },
  {
    does: 'forgets nothing',
    noticed: 'null forgets a key, which may be put again',
    says: 'load of the owner: other values are there',
    store: putting((changes) => changes.filter(([, value]) => value !== null)),
  },
  {
    does: 'forgets keys of a put after it has put the others',
    noticed: 'the changes of one put are made in their order',
    says: 'load of the owner: other values are there',
    store: putting((changes) => [
      ...changes.filter(([, value]) => value !== null),
      ...changes.filter(([, value]) => value === null),
    ]),
  },
  {
    does: 'lets puts overtake each other',
    noticed: 'puts that overlap are made in the order of their calls',
    says: 'load of the owner: other values are there',
    store: shardWith((shard) => {
      let turns = 100;
      return {
        async put(changes) {
          for (let turn = turns--; turn > 0; turn--) await Promise.resolve();
          await shard.put(changes);
        },
      };
    }),
  },
  {
    does: 'makes the changes of a put one by one',
    noticed: 'a put with a change that is refused makes none of its changes',
    says: 'load of the owner: other values are there',
    store: shardWith((shard) => ({
      async put(changes) {
        for (const change of changes) await shard.put([change]);
      },
    })),
  },
  {
    does: 'takes what it cannot hold',
    noticed: 'a put with a change that is refused makes none of its changes',
    says: 'put with refusedChange: has not failed; expected INVALID or FULL',
    store: putting((changes) => changes.filter((change) => change !== TOO_LARGE)),
  },
  {
    does: 'refuses with an error that is no StoreError',
    noticed: 'a put with a change that is refused makes none of its changes',
    says: 'put with refusedChange: failed with RangeError: too large; expected a StoreError',
    store: putting((changes) => {
      if (changes.includes(TOO_LARGE)) throw new RangeError('too large');
      return changes;
    }),
  },
  {
    does: 'forgets keys with an empty value',
    noticed: 'a value has from 0 bytes to 1 MiB',
    says: 'load of the owner: other values are there',
    store: putting((changes) => changes.map(([key, value]) => [key, value?.length === 0 ? null : value])),
  },
  {
    does: 'cuts values off',
    noticed: 'a value has from 0 bytes to 1 MiB',
    says: '1000000 bytes with SHA-256',
    store: putting((changes) => changes.map(([key, value]) => [key, value?.slice(0, 1_000_000) ?? null])),
  },
  {
    does: 'keeps the memory of values',
    noticed: 'the memory of a value may change once it was put',
    says: 'load of the owner: other values are there',
    store: shardWith((shard) => {
      const kept = new Map<string, Uint8Array>();
      return {
        put(changes) {
          for (const [key, value] of changes) kept.set(key, value!);
          return shard.put(changes);
        },
        load: () => kept,
      };
    }),
  },
  {
    does: 'loses everything when it is closed',
    noticed: 'a new store finds what was put, and not what was forgotten, also after a start without a put',
    says: 'load of the owner: other values are there',
    store: (store) => ({
      async close() {
        const shard = await store.openShard(OPENING, NEVER);
        await shard.put(Array.from(await shard.load(NEVER), ([key]) => [key, null] as const));
      },
    }),
  },
  {
    does: 'normalizes keys',
    noticed: 'a key has any characters of Unicode',
    says: 'load of the owner: other values are there',
    store: putting((changes) => changes.map(([key, value]) => [key.normalize('NFC'), value])),
  },
  {
    does: 'cuts keys off',
    noticed: 'a key has up to 33,000 bytes, and the last one counts',
    says: 'load of the owner: other values are there',
    store: putting((changes) => changes.map(([key, value]) => [key.slice(0, 16_500), value])),
  },
];
