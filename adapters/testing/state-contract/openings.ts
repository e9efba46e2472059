import assert from 'node:assert/strict';
import type { LogStore, ShardValue } from '../../broker/index.js';
import type { StateCase } from './case.js';
import { fails, put, sameValues } from './rows.js';
import { NEVER, type Owner, type StateBench } from './state-bench.js';

/** Leader epochs have 32 bits. */
const MAX_EPOCH = 2 ** 31 - 1;

/** Checks that an opening that failed has left the owner of the shard as it was, which holds `a`. */
async function isStillOwner(bench: StateBench, owner: Owner): Promise<void> {
  assert.equal(owner.fenced.length, 0, 'an opening that failed has fenced the owner');
  await owner.shard.check(NEVER);
  await put(owner, ['b', '2']);
  assert.equal(owner.fenced.length, 0, 'an opening that failed has fenced the owner');
  await bench.holds(owner, [
    ['a', '1'],
    ['b', '2'],
  ]);
}

/** Opens a shard several times at once. Returns those that succeeded. */
async function openAtOnce(bench: StateBench, expectedEpoch: number | null): Promise<Owner[]> {
  const stores: LogStore[] = [];
  while (stores.length < 4) stores.push(await bench.nextStore());
  const openings = await Promise.allSettled(stores.map((store) => bench.open({ expectedEpoch }, store)));
  return openings.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

export const openingCases: readonly StateCase[] = [
  {
    name: 'each opening has a higher epoch',
    async run(bench) {
      const epochs: number[] = [];
      const open = async (): Promise<Owner> => {
        const owner = await bench.open();
        const { epoch } = owner.shard;
        const isEpoch = Number.isInteger(epoch) && epoch >= 0 && epoch <= MAX_EPOCH;
        assert(isEpoch, `the epoch is ${String(epoch)}; expected an integer from 0 to ${String(MAX_EPOCH)}`);
        epochs.push(epoch);
        return owner;
      };
      await open();
      await put(await open(), ['a', '1']);
      await bench.closeShard(await open());
      await open();
      if (bench.has('durable')) {
        await bench.closeStores();
        await open();
      }
      const isGrowing = epochs.every((epoch, index) => index === 0 || epoch > epochs[index - 1]!);
      assert(isGrowing, `the epochs of openings are ${epochs.join(', ')}; each must be higher than those before`);
    },
  },
  {
    name: 'accept is called with what the shard holds before its owner is fenced',
    async run(bench) {
      const owner = await bench.open();
      await put(owner, ['a', '1'], ['b', '1']);
      await put(owner, ['b', null]);
      const fencedBefore: number[] = [];
      const next = await bench.open({ accept: () => fencedBefore.push(owner.fenced.length) });
      sameValues(next.accepted, [['a', '1']], 'accept');
      assert.equal(fencedBefore[0], 0, 'the owner was fenced before accept was called');
    },
  },
  {
    name: 'what accept throws rejects the opening, and the owner goes on',
    async run(bench) {
      const owner = await bench.open();
      await put(owner, ['a', '1']);
      const refusal = new Error('refused by accept');
      let seen: readonly ShardValue[] = [];
      const opening = bench.open({
        accept(values) {
          seen = [...values];
          throw refusal;
        },
      });
      const failure: unknown = await opening.then(
        () => null,
        (error: unknown) => error,
      );
      assert.equal(failure, refusal, 'the opening has not failed with what accept threw');
      sameValues(seen, [['a', '1']], 'accept');
      await isStillOwner(bench, owner);
    },
  },
  {
    name: 'an opening with expectedEpoch replaces the opening with that epoch, and no other one',
    async run(bench) {
      const owner = await bench.open();
      const { epoch } = owner.shard;
      await put(owner, ['a', '1']);
      const openExpecting = (expectedEpoch: number) => () => bench.open({ expectedEpoch });
      await fails(openExpecting(epoch + 1), 'an opening that expects a higher epoch', 'FENCED');
      await put(owner, ['a', '1']);
      const next = await bench.open({ expectedEpoch: epoch });
      sameValues(next.accepted, [['a', '1']], 'accept');
      await fails(openExpecting(epoch), 'an opening that expects the epoch before', 'FENCED');
      await bench.closeShard(next);
      const last = await bench.open({ expectedEpoch: next.shard.epoch });
      await fails(openExpecting(next.shard.epoch), 'an opening that expects the epoch before', 'FENCED');
      await isStillOwner(bench, last);
    },
  },
  {
    name: 'of openings that overlap, and expect one epoch, at most one succeeds',
    needs: ['shared'],
    async run(bench) {
      const before = await bench.open();
      await put(before, ['a', '1']);
      const opened = await openAtOnce(bench, before.shard.epoch);
      assert(opened.length <= 1, `${String(opened.length)} openings with one expectedEpoch have succeeded`);
      const [owner] = opened;
      if (owner === undefined) return;
      await fails(() => put(before, ['a', '2']), 'put of the owner before', 'FENCED');
      await isStillOwner(bench, owner);
    },
  },
  {
    name: 'of openings that overlap, the one with the highest epoch owns the shard',
    needs: ['shared'],
    async run(bench) {
      await put(await bench.open(), ['a', '1']);
      const opened = await openAtOnce(bench, null);
      const epochs = opened.map(({ shard }) => shard.epoch);
      assert.equal(new Set(epochs).size, epochs.length, `openings have the epochs ${epochs.join(', ')}`);
      const puts = await Promise.allSettled(opened.map((owner) => put(owner, ['b', String(owner.shard.epoch)])));
      const acknowledged = opened.filter((_, index) => puts[index]?.status === 'fulfilled');
      assert(acknowledged.length <= 1, `${String(acknowledged.length)} openings own the shard`);
      const [owner] = acknowledged;
      if (owner === undefined) return;
      const { epoch } = owner.shard;
      assert.equal(
        epoch,
        Math.max(...epochs),
        `epoch ${String(epoch)} owns the shard; opened were ${epochs.join(', ')}`,
      );
      await bench.holds(owner, [
        ['a', '1'],
        ['b', String(epoch)],
      ]);
    },
  },
  {
    name: 'a shard is not opened with another number of shards than before',
    async run(bench) {
      const owner = await bench.open({ shardCount: 1 });
      await put(owner, ['a', '1']);
      const openOfTwo = (): Promise<Owner> => bench.open({ shardCount: 2 });
      await fails(openOfTwo, 'an opening with shardCount 2 after 1', 'INVALID');
      await isStillOwner(bench, owner);
      await fails(openOfTwo, 'an opening with shardCount 2 after 1', 'INVALID');
    },
  },
  {
    name: 'shards share neither keys nor owners',
    needs: ['shards'],
    async run(bench) {
      const [first, second] = [
        { shard: 0, shardCount: 2 },
        { shard: 1, shardCount: 2 },
      ];
      const before = await bench.open(second);
      await put(before, ['a', '2'], ['b', '2']);
      const owner = await bench.open(first);
      sameValues(owner.accepted, [], 'accept of shard 0');
      await put(owner, ['a', '1'], ['b', null]);
      await put(before, ['c', '2']);
      const next = await bench.open(second);
      await put(owner, ['d', '1']);
      assert.equal(owner.fenced.length, 0, 'an opening of shard 1 has fenced the owner of shard 0');
      const rows = [
        ['a', '1'],
        ['d', '1'],
      ] as const;
      sameValues(await owner.shard.load(NEVER), rows, 'load of shard 0');
      await bench.holds(
        next,
        [
          ['a', '2'],
          ['b', '2'],
          ['c', '2'],
        ],
        second,
      );
    },
  },
];
