import assert from 'node:assert/strict';
import type { ShardEntry } from '../../broker/index.js';
import type { StateCase } from './case.js';
import { fails, put, type Row, sameValues } from './rows.js';
import { ShardView } from './shard-view.js';
import { NEVER, type StateBench } from './state-bench.js';

/** Reads shard 0 from a position on. Returns the entries, and the next position. */
async function entriesFrom(bench: StateBench, from: number): Promise<{ entries: ShardEntry[]; position: number }> {
  const entries: ShardEntry[] = [];
  const position = await bench.follow(0, from, (entry) => entries.push(entry));
  return { entries, position };
}

/** Checks what a shard holds for those that follow it from its beginning. */
async function shows(bench: StateBench, expected: readonly Row[], shard = 0): Promise<ShardView> {
  const view = new ShardView();
  await bench.follow(shard, 0, view.add);
  sameValues(view.values, expected, `followShard of shard ${String(shard)} from 0`);
  return view;
}

export const followerCases: readonly StateCase[] = [
  {
    name: 'what is visited from 0 adds up to what the owner loads',
    needs: ['followShard'],
    async run(bench) {
      await shows(bench, []);
      const before = await bench.open();
      await put(before, ['a', '1'], ['b', '1'], ['c', '1']);
      await put(before, ['b', null], ['c', '2']);
      const owner = await bench.open();
      await fails(() => put(before, ['a', '3'], ['d', '3']), 'put of the owner before', 'FENCED');
      await put(owner, ['e', '4']);
      const rows = [
        ['a', '1'],
        ['c', '2'],
        ['e', '4'],
      ] as const;
      sameValues(await owner.shard.load(NEVER), rows, 'load of the owner');
      await shows(bench, rows);
    },
  },
  {
    name: 'following a shard leaves its owner alone',
    needs: ['followShard'],
    async run(bench) {
      const owner = await bench.open();
      await put(owner, ['a', '1']);
      await shows(bench, [['a', '1']]);
      await owner.shard.check(NEVER);
      await put(owner, ['b', '2']);
      assert.equal(owner.fenced.length, 0, 'following a shard has fenced its owner');
    },
  },
  {
    name: 'from a position on only what is new is visited, or a reset and all that the shard holds',
    needs: ['followShard'],
    async run(bench) {
      const owner = await bench.open();
      await put(owner, ['a', '1'], ['b', '1']);
      const { position } = await entriesFrom(bench, 0);
      await put(owner, ['b', '2']);
      await put(owner, ['c', '2']);
      const { entries } = await entriesFrom(bench, position);
      const view = new ShardView();
      for (const entry of entries) view.add(entry);
      const added: Row[] = [
        ['b', '2'],
        ['c', '2'],
      ];
      const isReset = entries.some(({ kind }) => kind === 'reset');
      sameValues(view.values, isReset ? [['a', '1'], ...added] : added, 'followShard from a position');
      assert(isReset || entries.every(({ kind }) => kind === 'put'), 'the opening was visited again');
    },
  },
  {
    name: 'an opening is visited, with what its owner says of itself',
    needs: ['followShard'],
    async run(bench) {
      const view = new ShardView();
      const open = async (owner: string, from: number): Promise<number> => {
        const { shard } = await bench.open({ owner: Buffer.from(owner) });
        const position = await bench.follow(0, from, view.add);
        assert.deepEqual([view.epoch, view.owner], [shard.epoch, owner], 'followers see another owner or epoch');
        return position;
      };
      const position = await open('the first owner', 0);
      await open('the second owner', position);
      const fromStart = await shows(bench, []);
      assert.equal(fromStart.owner, 'the second owner', 'who follows from 0 sees another owner');
      assert.equal(fromStart.epoch, view.epoch, 'who follows from 0 sees another epoch');
    },
  },
  {
    name: 'a key that was forgotten is gone, from 0 and from a position on',
    needs: ['followShard'],
    async run(bench) {
      const owner = await bench.open();
      await put(owner, ['a', '1'], ['b', '1']);
      const view = new ShardView();
      const position = await bench.follow(0, 0, view.add);
      await put(owner, ['a', null]);
      await bench.follow(0, position, view.add);
      sameValues(view.values, [['b', '1']], 'followShard from a position');
      await shows(bench, [['b', '1']]);
    },
  },
  {
    name: 'the position differs after a change, and is the same if nothing happened',
    needs: ['followShard'],
    async run(bench) {
      const positions = [0];
      const goOn = async (): Promise<void> => {
        const before = await bench.follow(0, positions.at(-1) ?? 0, () => undefined);
        const { entries, position } = await entriesFrom(bench, before);
        assert.equal(position, before, 'the position differs, though nothing happened');
        assert.deepEqual(entries, [], 'something was visited, though nothing happened');
        positions.push(position);
      };
      await goOn();
      assert.equal(positions.at(-1), 0, 'the position of a shard that was never opened is not 0');
      const owner = await bench.open();
      await goOn();
      await put(owner, ['a', '1']);
      await goOn();
      await put(owner, ['a', '1']);
      await goOn();
      await put(owner, ['a', null]);
      await goOn();
      await bench.open();
      await goOn();
      // The first two are those of a shard that was never opened.
      assert.equal(new Set(positions).size, positions.length - 1, `the positions are ${positions.join(', ')}`);
    },
  },
  {
    name: 'what is visited belongs to the shard',
    needs: ['followShard', 'shards'],
    async run(bench) {
      for (const shard of [0, 1]) {
        const owner = Buffer.from(`owner of ${String(shard)}`);
        await put(await bench.open({ shard, shardCount: 2, owner }), [`in ${String(shard)}`, '1']);
      }
      for (const shard of [0, 1]) {
        const { owner } = await shows(bench, [[`in ${String(shard)}`, '1']], shard);
        assert.equal(owner, `owner of ${String(shard)}`, 'followers see the owner of another shard');
      }
    },
  },
];
