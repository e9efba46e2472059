import assert from 'node:assert/strict';
import { setImmediate as immediate } from 'node:timers/promises';
import { type ShardValue, StoreError } from '../../broker/index.js';
import { later } from '../contract/bench.js';
import type { StateCase } from './case.js';
import { copied, fails, put, type Row, sameValues } from './rows.js';
import { NEVER, type Owner } from './state-bench.js';

/** Puts that are made at most while another broker opens the shard. */
const MAX_PUTS = 1000;

export const ownerCases: readonly StateCase[] = [
  {
    name: 'put and check of the owner before fail, and nothing that it puts is kept',
    needs: ['shared'],
    async run(bench) {
      const before = await bench.open();
      await put(before, ['a', '1'], ['b', '1']);
      const owner = await bench.open();
      await fails(() => put(before, ['a', '2'], ['b', null], ['c', '2']), 'put of the owner before', 'FENCED');
      await fails(() => before.shard.check(NEVER), 'check of the owner before', 'FENCED');
      await put(owner, ['d', '3']);
      await owner.shard.check(NEVER);
      assert.equal(owner.fenced.length, 0, 'the new owner is fenced');
      await bench.holds(owner, [
        ['a', '1'],
        ['b', '1'],
        ['d', '3'],
      ]);
    },
  },
  {
    name: 'check fails for a shard that was lost, also before a put does',
    needs: ['shared'],
    async run(bench) {
      const before = await bench.open();
      await before.shard.check(NEVER);
      await bench.open();
      await fails(() => before.shard.check(NEVER), 'check of the owner before', 'FENCED');
    },
  },
  {
    name: 'of puts that overlap an opening, those are acknowledged that the new owner loads',
    needs: ['shared'],
    async run(bench) {
      const before = await bench.open();
      const store = await bench.nextStore();
      const puts: PromiseSettledResult<void>[] = [];
      const putNext = async (): Promise<void> => {
        puts.push(...(await Promise.allSettled([put(before, [`key ${String(puts.length)}`, '1'])])));
      };
      const firstPut = putNext();
      const state = { isOpening: true as boolean };
      const openAndLoad = async (): Promise<{ owner: Owner; loaded: readonly ShardValue[] }> => {
        const owner = await bench.open({}, store);
        state.isOpening = false;
        return { owner, loaded: copied(await owner.shard.load(NEVER)) };
      };
      const opening = later(openAndLoad());
      await firstPut;
      while (state.isOpening && puts.at(-1)?.status === 'fulfilled' && puts.length < MAX_PUTS) {
        await putNext();
        await immediate();
      }
      const { owner, loaded } = await opening;
      const rows: Row[] = [];
      for (const [index, result] of puts.entries()) {
        if (result.status === 'fulfilled') rows.push([`key ${String(index)}`, '1']);
        else await fails(() => Promise.reject(result.reason as Error), 'a put that overlaps an opening', 'FENCED');
      }
      const keys = new Set(loaded.map(([key]) => key));
      const missing = rows.filter(([key]) => !keys.has(key)).length;
      assert.equal(missing, 0, `${String(missing)} acknowledged puts are missing in load of the new owner`);
      sameValues(loaded, rows, 'load of the new owner');
      await bench.holds(owner, rows);
    },
  },
  {
    name: 'the owner before is told once that it is fenced',
    needs: ['shared'],
    async run(bench) {
      const before = await bench.open();
      await bench.open();
      await fails(() => put(before, ['a', '1']), 'put of the owner before', 'FENCED');
      await bench.eventually(() => assert(before.fenced.length > 0, 'fenced was not called'));
      await fails(() => before.shard.check(NEVER), 'check of the owner before', 'FENCED');
      await fails(() => put(before, ['a', '1']), 'put of the owner before', 'FENCED');
      await bench.open();
      assert.equal(before.fenced.length, 1, `fenced was called ${String(before.fenced.length)} times`);
      const [error] = before.fenced;
      assert(error instanceof StoreError && error.code === 'FENCED', `fenced was called with ${String(error)}`);
    },
  },
  {
    name: 'a shard that was closed keeps what it held',
    async run(bench) {
      const before = await bench.open();
      await put(before, ['a', '1'], ['b', '1']);
      await bench.closeShard(before);
      await bench.holds(await bench.open(), [
        ['a', '1'],
        ['b', '1'],
      ]);
    },
  },
  {
    name: 'a store opens a shard again that it had lost, and closing the openings before leaves the new one alone',
    needs: ['shared'],
    async run(bench) {
      const first = await bench.open();
      await put(first, ['a', '1']);
      const second = await bench.open();
      await put(second, ['b', '2']);
      const owner = await bench.open({}, first.store);
      await bench.closeShard(first);
      await put(owner, ['c', '3']);
      await bench.closeShard(second);
      await put(owner, ['d', '4']);
      await owner.shard.check(NEVER);
      assert.equal(owner.fenced.length, 0, 'closing a fenced shard has fenced its owner');
      await bench.holds(owner, [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
        ['d', '4'],
      ]);
    },
  },
];
