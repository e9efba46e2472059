import { type ShardOpening, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { describe, expect, test, vi } from 'vitest';
import { MemoryShards } from '../../../adapters/memory/memory-shards.js';
import { OPENING } from '../../support/stored-state.js';

const MAX_BYTES = 65_536;
/** What an entry counts for beside its key and value. */
const ENTRY_BYTES = 64;
const { signal } = new AbortController();

const FENCED = expect.objectContaining({ code: 'FENCED' }) as unknown;

function setUp() {
  const shards = new MemoryShards(MAX_BYTES);
  const open = (opening: Partial<ShardOpening> = {}) => {
    const shard = shards.open({ ...OPENING, ...opening });
    const values = (): string[] =>
      Array.from(
        shard.load(signal) as Iterable<readonly [string, Uint8Array]>,
        ([key, value]) => `${key}=${Buffer.from(value).toString()}`,
      );
    const put = (key: string, value: string | null): void =>
      void shard.put([[key, value === null ? null : Buffer.from(value)]]);
    return { shard, values, put };
  };
  return { shards, open };
}

test('numbers the openings of a shard from 0, and those of each shard alone', () => {
  const { open } = setUp();
  expect([open(), open(), open()].map(({ shard }) => shard.epoch)).toEqual([0, 1, 2]);
  expect(open({ shard: 1 }).shard.epoch).toBe(0);
});

test('keeps the values of a shard in the order of its keys, for the next owner as well', () => {
  const { open } = setUp();
  const { put, values } = open();
  for (const key of ['b', 'a', 'c']) put(key, key.toUpperCase());
  put('c', null);
  put('c', null);
  put('b', 'new');
  expect(values()).toEqual(['a=A', 'b=new']);
  expect(open().values()).toEqual(['a=A', 'b=new']);
  expect(open({ shard: 1 }).values()).toEqual([]);
});

describe('an owner that another one has replaced', () => {
  test('is fenced once, and nothing that it puts is kept', () => {
    const { open } = setUp();
    const fenced = vi.fn<(error: StoreError) => void>();
    const { shard, put } = open({ fenced });
    shard.check(signal);
    expect(fenced).not.toHaveBeenCalled();
    const { values, shard: second } = open();
    open({ shard: 1 });
    open();
    expect(fenced.mock.calls).toEqual([[FENCED]]);
    expect(() => put('a', 'late')).toThrow(StoreError);
    expect(() => put('a', 'late')).toThrow('another broker has opened shard 0 of this memory store');
    for (const each of [shard, second]) expect(() => each.check(signal)).toThrow(FENCED);
    expect(values()).toEqual([]);
  });

  test('is not told once it has closed the shard, which its successor still owns', () => {
    const { open } = setUp();
    const [first, second, third] = [vi.fn(), vi.fn(), vi.fn()];
    const { shard } = open({ fenced: first });
    open({ fenced: second });
    shard.close(signal);
    const { shard: last } = open({ fenced: third });
    expect(first).toHaveBeenCalledOnce();
    expect(second).toHaveBeenCalledOnce();
    last.close(signal);
    open();
    expect(third).not.toHaveBeenCalled();
  });
});

describe('an opening leaves the owner alone', () => {
  test('if it is to replace another one', () => {
    const { open } = setUp();
    expect(() => open({ expectedEpoch: 0 })).toThrow(FENCED);
    const fenced = vi.fn();
    const { shard, put } = open({ fenced });
    for (const expectedEpoch of [-1, 1]) expect(() => open({ expectedEpoch })).toThrow(FENCED);
    put('a', '1');
    expect(fenced).not.toHaveBeenCalled();
    expect(open({ expectedEpoch: shard.epoch }).shard.epoch).toBe(1);
    expect(fenced).toHaveBeenCalledOnce();
  });

  test('if it does not accept what the shard holds', () => {
    const { open } = setUp();
    const fenced = vi.fn();
    const { put, values } = open({ fenced });
    put('format', '2');
    const accept = vi.fn<ShardOpening['accept']>().mockImplementation((held) => {
      expect(Array.from(held, ([key]) => key)).toEqual(['format']);
      throw new StoreError('INVALID', 'unknown format');
    });
    expect(() => open({ accept })).toThrow('unknown format');
    put('a', '1');
    expect(values()).toEqual(['a=1', 'format=2']);
    expect(fenced).not.toHaveBeenCalled();
    expect(open().shard.epoch).toBe(1);
  });
});

test('has as many shards as its first opening said: another number is refused, and fences nobody', () => {
  const { open } = setUp();
  const refuse = (): never => {
    throw new StoreError('INVALID', 'unknown format');
  };
  // One that is not accepted decides nothing.
  expect(() => open({ shardCount: 16, accept: refuse })).toThrow('unknown format');
  const fenced = vi.fn();
  const { put, values } = open({ shardCount: 4, fenced });
  for (const [shard, shardCount] of [
    [0, 1],
    [7, 16],
  ] as const) {
    expect(() => open({ shard, shardCount })).toThrow(
      expect.objectContaining({
        code: 'INVALID',
        message: `the memory store: number of shards: "${String(shardCount)}"; expected 4, with which the state was created`,
      }),
    );
  }
  put('a', '1');
  expect(values()).toEqual(['a=1']);
  expect(fenced).not.toHaveBeenCalled();
  open({ shard: 3, shardCount: 4 });
});

test('of several changes of one key in a put the last one holds, and counts once', () => {
  const { open } = setUp();
  const { shard, put, values } = open();
  const most = Buffer.alloc(MAX_BYTES - ENTRY_BYTES - 1, 'x');
  for (let times = 0; times < 2; times++) {
    shard.put([
      ['a', most],
      ['a', null],
      ['a', most],
    ]);
    shard.put([
      ['a', most],
      ['a', Buffer.from('1')],
    ]);
    expect(values()).toEqual(['a=1']);
  }
  shard.put([
    ['a', most],
    ['a', null],
  ]);
  expect(values()).toEqual([]);
  // What was counted is right: this is just what there is room for.
  put('b', most.toString());
  expect(() => put('c', '')).toThrow(StoreError);
});

test('makes all changes of a put or none, and takes what shrinks even at the limit', () => {
  const { open } = setUp();
  const { shard, put, values } = open();
  const other = open({ shard: 1 });
  const half = 'x'.repeat(MAX_BYTES / 2 - ENTRY_BYTES - 1);
  put('a', half);
  other.put('b', half);
  const refused = expect.objectContaining({
    code: 'FULL',
    message: expect.stringContaining('maxStateBytes'),
  }) as unknown;
  const more = (): void =>
    void shard.put([
      ['a', Buffer.from('short')],
      ['c', null],
      ['d', Buffer.from(half)],
    ]);
  expect(more).toThrow(refused);
  expect(() => put('a', `${half}x`)).toThrow(refused);
  expect(values()).toEqual([`a=${half}`]);
  put('a', half.replaceAll('x', 'y'));
  put('a', 'short');
  other.put('b', null);
  more();
  expect(values()).toEqual(['a=short', `d=${half}`]);
});

test('holds values in memory of their own, and no more than they need', () => {
  const { open } = setUp();
  const { shard } = open();
  const value = Buffer.from('kept');
  shard.put([['before', value]]);
  value.fill(0);
  // A small Buffer is a piece of a larger allocation.
  for (const length of [1, 40, 200, 5000]) shard.put([[String(length), Buffer.from('x'.repeat(length))]]);
  const held = [...(shard.load(signal) as Iterable<readonly [string, Uint8Array]>)];
  expect(held.map(([, { buffer, length }]) => buffer.byteLength - length)).toEqual([0, 0, 0, 0, 0]);
  expect(Buffer.from(held.at(-1)![1]).toString()).toBe('kept');
});
