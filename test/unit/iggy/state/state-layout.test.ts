import { describe, expect, test } from 'vitest';
import { EntryKind, readEntry } from '../../../../adapters/iggy/state/state-entry.js';
import { appendTo, entriesOf, entryOf, stateTopics, writeTopic } from '../../../support/iggy-earlier-state.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { kept, makeStore, openShard, openStore, put, sendingThrough } from '../../../support/iggy-store.js';

const LAYOUT = '__kafka_gateway_state.1';

/** A layout as a release writes it. */
const layoutOf = (layout: { version?: number; release?: string; shardCount: number }) =>
  entryOf(0, 0, {
    kind: EntryKind.LAYOUT,
    value: Buffer.from(JSON.stringify({ version: 2, release: '0.2.0', ...layout })),
  });

async function layouts(iggy: StandIn, number: number): Promise<unknown[]> {
  return (await entriesOf(iggy, number)).map((payload) =>
    JSON.parse(Buffer.from(readEntry(payload)!.value).toString()),
  );
}

describe('the layout of the state', () => {
  test('is written at the first start, into a topic of its own', async () => {
    const { iggy, store } = await openStore();
    expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.1']);
    expect(await layouts(iggy, 1)).toEqual([{ version: 2, release: '0.2.0', shardCount: 1 }]);
    await store.close();
    await openStore({}, iggy);
    expect(await layouts(iggy, 1)).toHaveLength(1);
  });

  test('has a topic for each shard that was opened, which hold their own', async () => {
    const { iggy, store } = await makeStore();
    const shards = await Promise.all([0, 3].map((shard) => openShard(store, { shard, shardCount: 4 })));
    for (const [index, { shard }] of shards.entries()) await put(shard, String(index), 'value');
    expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.1', 'shard-3.1']);
    await store.close();
    const { store: other } = await makeStore({}, iggy);
    const values = [0, 1, 3].map(async (shard) => kept((await openShard(other, { shard, shardCount: 4 })).shard));
    expect(await Promise.all(values)).toEqual([{ 0: 'value' }, {}, { 1: 'value' }]);
  });

  test('holds: another number of shards is refused before anything is fenced or created', async () => {
    const { iggy, shard, fenced } = await openStore();
    const { store } = await makeStore({}, iggy);
    for (const number of [0, 5]) {
      await expect(openShard(store, { shardCount: 16, shard: number })).rejects.toMatchObject({
        code: 'INVALID',
        message: `Iggy: number of shards: "16"; expected 1, with which topic '${LAYOUT}' of stream 'kafka' was created`,
      });
    }
    expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.1']);
    await put(shard, 'key', 'value');
    expect(fenced).toEqual([]);
  });

  test('of a later format is refused, with the release that reads it', async () => {
    const iggy = createStandIn();
    await writeTopic(iggy, 1, [layoutOf({ version: 3, release: '0.9.0', shardCount: 1 })]);
    await expect(openStore({}, iggy)).rejects.toMatchObject({
      code: 'INVALID',
      message: `Iggy: the state in topic '${LAYOUT}' of stream 'kafka' has format 3; expected format 2; use release 0.9.0 or later`,
    });
    expect(await stateTopics(iggy)).toEqual(['1']);
  });

  test('of a form that is not known is refused', async () => {
    const iggy = createStandIn();
    await writeTopic(iggy, 1, [Buffer.alloc(20, 9)]);
    await expect(openStore({}, iggy)).rejects.toThrow(`topic '${LAYOUT}' has an entry of version 9`);
    const decoded = readEntry(Buffer.from([2, EntryKind.PUT, ...Buffer.alloc(12)]));
    expect(decoded).toBeNull();
  });

  test('that was removed is written anew, for as many shards as there are at least', async () => {
    const { iggy, store } = await makeStore();
    await openShard(store, { shard: 2, shardCount: 4 });
    await iggy.connect().topic.delete({ streamId: 'kafka', topicId: LAYOUT, partitionsCount: 1 });
    await expect(openShard(store, { shardCount: 2 })).rejects.toMatchObject({
      code: 'INVALID',
      message: `Iggy: number of shards: "2"; expected at least 3 for topic '__kafka_gateway_state.shard-2.1' of stream 'kafka'`,
    });
    await openShard(store, { shardCount: 4 });
    expect(await layouts(iggy, 1)).toMatchObject([{ shardCount: 4 }]);
  });
});

describe('of two gateways that write the layout at once', () => {
  test('with the same number of shards, both go on', async () => {
    const iggy = createStandIn();
    const stores = await Promise.all([makeStore({}, iggy), makeStore({}, iggy)]);
    await Promise.all(stores.map(({ store }, shard) => openShard(store, { shard, shardCount: 4 })));
    expect((await stateTopics(iggy)).filter((name) => !name.includes('.'))).toEqual(['1']);
  });

  test('with different numbers, the first entry holds, and the other one is refused', async () => {
    const iggy = createStandIn();
    const { store: four } = await makeStore({}, iggy);
    let other: Promise<unknown> | null = null;
    // The topic is created by the one, and written to by the other.
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === LAYOUT) await (other ??= openShard(four, { shardCount: 4 }));
      return go();
    });
    const { store: one } = await makeStore({ connect, commandTimeoutMs: 5000 }, iggy);
    await expect(openShard(one)).rejects.toThrow('number of shards: "1"; expected 4');
    expect(await layouts(iggy, 1)).toMatchObject([{ shardCount: 4 }, { shardCount: 1 }]);
    expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.1']);
  });

  test('of which one is of release 0.1, and comes first, its state is taken over', async () => {
    const iggy = createStandIn();
    let isFirst = true;
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === LAYOUT && isFirst) {
        isFirst = false;
        const value = Buffer.from('value');
        const entries = [
          entryOf(1, 1, { kind: EntryKind.COMPLETE }),
          entryOf(1, 2, { kind: EntryKind.PUT, key: 'a', value }),
        ];
        await appendTo(iggy, 1, entries);
      }
      return go();
    });
    const { shard } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    expect(await kept(shard)).toEqual({ a: 'value' });
    expect(await stateTopics(iggy)).toEqual(['2', 'shard-0.1']);
  });

  test('it is tried again where the topic is created or dropped by others, and given up where that goes on', async () => {
    const iggy = createStandIn();
    const exists = (): Promise<never> => Promise.reject(Object.assign(new Error('exists'), { errorCode: 2013 }));
    let left = 2;
    const connect = () => {
      const client = iggy.connect();
      const create: typeof client.topic.create = (args) => (left-- > 0 ? exists() : client.topic.create(args));
      return { ...client, topic: { ...client.topic, create } };
    };
    await openStore({ connect }, iggy);
    expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.1']);
    const { store } = await makeStore({ connect, stateTopic: 'other' }, iggy);
    left = Infinity;
    await expect(openShard(store)).rejects.toThrow('the layout of the state cannot be written');
  });
});
