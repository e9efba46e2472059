import assert from 'node:assert/strict';
import type { ShardChange } from '../../broker/index.js';
import type { StateCase } from './case.js';
import { bytesOf, fails, put, sameValues } from './rows.js';
import { NEVER } from './state-bench.js';

const MIB = 1024 ** 2;

export const valueCases: readonly StateCase[] = [
  {
    name: 'a shard is empty at first; then it holds what was put last under each key',
    async run(bench) {
      const owner = await bench.open();
      sameValues(owner.accepted, [], 'accept of the first owner');
      sameValues(await owner.shard.load(NEVER), [], 'load of the first owner');
      await put(owner, ['a', '1'], ['b', '1']);
      await put(owner, ['a', '2']);
      await put(owner, ['c', '3']);
      await bench.holds(owner, [
        ['a', '2'],
        ['b', '1'],
        ['c', '3'],
      ]);
    },
  },
  {
    name: 'null forgets a key, which may be put again',
    async run(bench) {
      const owner = await bench.open();
      await put(owner, ['a', '1'], ['b', '2'], ['c', '3']);
      await put(owner, ['a', null], ['b', null], ['never put', null]);
      await put(owner, ['b', '4']);
      await bench.holds(owner, [
        ['b', '4'],
        ['c', '3'],
      ]);
    },
  },
  {
    name: 'the changes of one put are made in their order',
    async run(bench) {
      const owner = await bench.open();
      await put(owner, ['forgotten before it is put', '1']);
      await put(
        owner,
        ['put, then forgotten', '1'],
        ['put, then forgotten', null],
        ['forgotten before it is put', null],
        ['forgotten before it is put', '2'],
        ['put twice', '1'],
        ['put twice', '2'],
      );
      await bench.holds(owner, [
        ['forgotten before it is put', '2'],
        ['put twice', '2'],
      ]);
    },
  },
  {
    name: 'puts that overlap are made in the order of their calls',
    async run(bench) {
      const owner = await bench.open();
      const numbers = Array.from({ length: 10 }, (_, index) => String(index));
      await Promise.all(numbers.map((number) => put(owner, ['last', number], [`of ${number}`, number])));
      await bench.holds(owner, [['last', '9'], ...numbers.map((number) => [`of ${number}`, number] as const)]);
    },
  },
  {
    name: 'a put with a change that is refused makes none of its changes',
    needs: ['refusedChange'],
    async run(bench) {
      const owner = await bench.open();
      await put(owner, ['a', '1'], ['b', '1']);
      const changes: ShardChange[] = [['a', bytesOf('2')], ['b', null], bench.refusedChange, ['c', bytesOf('2')]];
      await fails(() => owner.shard.put(changes), 'put with refusedChange', 'INVALID', 'FULL');
      assert.equal(owner.fenced.length, 0, 'a put that is refused has fenced its owner');
      await put(owner, ['d', '3']);
      await bench.holds(owner, [
        ['a', '1'],
        ['b', '1'],
        ['d', '3'],
      ]);
    },
  },
  {
    name: 'a value has from 0 bytes to 1 MiB',
    async run(bench) {
      const owner = await bench.open();
      // No two parts of it are the same.
      const words = Uint32Array.from({ length: MIB / 4 }, (_, index) => Math.imul(index, 2_654_435_761));
      const large = new Uint8Array(words.buffer);
      const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
      const rows = [
        ['empty', new Uint8Array(0)],
        ['every byte', everyByte],
        ['large', large],
      ] as const;
      await put(owner, ...rows);
      await bench.holds(owner, rows);
    },
  },
  {
    name: 'the memory of a value may change once it was put',
    async run(bench) {
      const owner = await bench.open();
      const memory = bytesOf('before value behind');
      const changes: ShardChange[] = [['key', memory.subarray(7, 12)]];
      await owner.shard.put(changes);
      memory.fill(0);
      changes.length = 0;
      await bench.holds(owner, [['key', 'value']]);
    },
  },
  {
    name: 'a new store finds what was put, and not what was forgotten, also after a start without a put',
    needs: ['durable'],
    async run(bench) {
      await put(await bench.open(), ['a', '1'], ['b', '1'], ['c', '1']);
      await bench.closeStores();
      const owner = await bench.open();
      await put(owner, ['a', null], ['b', '2']);
      await bench.closeStores();
      await bench.open();
      await bench.closeStores();
      await bench.holds(await bench.open(), [
        ['b', '2'],
        ['c', '1'],
      ]);
    },
  },
];
