import type { StateShard } from 'iggy-gateway-kafka/adapters/broker';
import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { expect, test } from 'vitest';
import { EntryKind } from '../../../../adapters/iggy/state/state-entry.js';
import { entriesOf, entryOf, stateTopics, writeTopic } from '../../../support/iggy-earlier-state.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { kept, makeStore, OPENING, openShard, openStore, put, sendingThrough } from '../../../support/iggy-store.js';

const FIRST = '__kafka_gateway_state.shard-0.1';

const PUT = (epoch: number, count: number, key: string, value = 'value') =>
  entryOf(epoch, count, { kind: EntryKind.PUT, key, value: Buffer.from(value) });
const OPENED = (epoch: number, count: number) => entryOf(epoch, count, { kind: EntryKind.OPENED });
const COMPLETE = (epoch: number, count: number) => entryOf(epoch, count, { kind: EntryKind.COMPLETE });

/** Clients that do something before they create the first topic of shard 0. */
function creatingAfter(iggy: StandIn, first: () => Promise<void>): () => IggyClient {
  return () => {
    const client = iggy.connect();
    const create: IggyClient['topic']['create'] = async (args) => {
      if (args.name === FIRST) await first();
      return client.topic.create(args);
    };
    return { ...client, topic: { ...client.topic, create } };
  };
}

test('of two gateways that begin a shard, the one that made its topic has it', async () => {
  const iggy = createStandIn();
  let other: StateShard | null = null;
  const connect = creatingAfter(iggy, async () => {
    if (other !== null) return;
    other = (await openStore({}, iggy)).shard;
    await put(other, 'key', 'value');
  });
  const { shard } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
  expect(await kept(shard)).toEqual({ key: 'value' });
  await expect(put(other!, 'key', 'lost')).rejects.toMatchObject({ code: 'FENCED' });
});

test('a copy that came to its end only after another gateway had opened it does not count', async () => {
  const iggy = createStandIn();
  await writeTopic(iggy, 'shard-0.1', [OPENED(1, 1), COMPLETE(1, 2), PUT(1, 3, 'a'), PUT(1, 4, 'b'), OPENED(2, 1)]);
  await writeTopic(iggy, 'shard-0.2', [OPENED(1, 5), PUT(1, 6, 'a'), OPENED(2, 2), PUT(1, 7, 'b'), COMPLETE(1, 8)]);
  const { shard } = await openStore({}, iggy);
  expect(await kept(shard)).toEqual({ a: 'value', b: 'value' });
});

test('an opening that is to replace a certain one goes on after it was disturbed: it may replace its own', async () => {
  const { iggy, shard } = await openStore();
  let isFirst = true;
  const connect = sendingThrough(iggy, async (topic, go) => {
    if (topic === FIRST && isFirst) {
      isFirst = false;
      await writeTopic(iggy, 'shard-0.2', []);
    }
    return go();
  });
  const { store } = await makeStore({ connect, commandTimeoutMs: 5000 }, iggy);
  const { shard: next } = await openShard(store, { expectedEpoch: shard.epoch });
  expect(next.epoch).toBe(shard.epoch + 2);
  expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.3']);
});

test('an opening that nobody waits for any more opens no further topic', async () => {
  const { iggy, store } = await openStore();
  await store.close();
  await writeTopic(iggy, 'shard-0.2', []);
  const waiting = new AbortController();
  const { store: other } = await makeStore({}, iggy);
  iggy.fault = (name) => {
    if (name === 'message.send') waiting.abort();
    return undefined;
  };
  await expect(other.openShard(OPENING, waiting.signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const client = iggy.connect();
  for (let turn = 0; turn < 20; turn++) await client.system.ping();
  expect((await entriesOf(iggy, 'shard-0.1')).at(-1)![1]).toBe(EntryKind.OPENED);
  expect(await entriesOf(iggy, 'shard-0.2')).toEqual([]);
});
