import { readFileSync } from 'node:fs';
import type { StateShard } from 'iggy-gateway-kafka/adapters/broker';
import { createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { describe, expect, test } from 'vitest';
import { EntryKind, readEntry } from '../../../../adapters/iggy/state/state-entry.js';
import {
  appendTo,
  dyingAt,
  earlierEntries,
  entriesOf,
  entryOf,
  stateTopics,
  writeTopic,
} from '../../../support/iggy-earlier-state.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import {
  kept,
  makeStore,
  NEVER,
  OPENING,
  openShard,
  openStore,
  put,
  sendingThrough,
} from '../../../support/iggy-store.js';

const KIT_STATE = new URL('../../../../fixtures/state/0.1.0.json', import.meta.url);

/** What the kit put with release 0.1.0, and the node ids, which were the adapter's then; in base64. */
function expected(): Record<string, string> {
  const { state } = JSON.parse(readFileSync(KIT_STATE, 'utf8')) as { state: [key: string, value: string][] };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    ...Object.fromEntries(state),
    // Put once more by the second gateway.
    'log/producer-ids/1': base64('1906652467'),
    'cluster/node/kafka-a:9092': base64('1'),
    'cluster/node/kafka-b:9092': base64('2'),
  };
}

async function held(shard: StateShard): Promise<Record<string, string>> {
  const values = await shard.load(NEVER);
  return Object.fromEntries(Array.from(values, ([key, value]) => [key, Buffer.from(value).toString('base64')]));
}

/** What the adapter itself keeps, as the newest topic has it. */
async function ownKeys(iggy: StandIn): Promise<string[]> {
  const entries = (await entriesOf(iggy, 'shard-0.1')).map(readEntry);
  return entries.flatMap((entry) => (entry?.key.startsWith('iggy/') ? [entry.key] : []));
}

async function earlier(): Promise<StandIn> {
  const iggy = createStandIn();
  await writeTopic(iggy, 1, earlierEntries());
  return iggy;
}

/** What a gateway of release 0.1 puts, which opened the state as the second one. */
const earlierPut = (count: number, key: string, value = 'value') =>
  entryOf(2, 100 + count, { kind: EntryKind.PUT, key, value: Buffer.from(value) });

describe('the state of release 0.1', () => {
  test('is taken over with all that it holds, and its topic is dropped', async () => {
    const iggy = await earlier();
    const { shard, store } = await openStore({}, iggy);
    expect(await held(shard)).toEqual(expected());
    expect(shard.epoch).toBe(3);
    expect(await stateTopics(iggy)).toEqual(['2', 'shard-0.1']);
    const topic = 'iggy/topic/9aeff033-4765-859c-9f8d-e6780bbae113';
    expect(await ownKeys(iggy)).toEqual(['iggy/message-tag', topic]);
    await put(shard, 'group/members', null);
    await store.close();
    const { shard: again } = await openStore({}, iggy);
    expect(Object.keys(await held(again))).toHaveLength(Object.keys(expected()).length - 1);
    expect(await stateTopics(iggy)).toEqual(['2', 'shard-0.1']);
  });

  test('is followed by none of its gateways: the first entry of the layout has a version that it refuses', async () => {
    const iggy = await earlier();
    await openStore({}, iggy);
    const [first] = await entriesOf(iggy, 2);
    expect(first![0]).toBe(2);
    // Nothing else has a name that such a gateway lists.
    expect((await stateTopics(iggy)).filter((name) => /^\d+$/.test(name))).toEqual(['2']);
  });

  test('is fenced for the gateway that has it: what that put before counts, what it puts later does not', async () => {
    const iggy = await earlier();
    let before: Promise<void> | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === '__kafka_gateway_state.1') await (before ??= appendTo(iggy, 1, [earlierPut(1, 'before')]));
      const answer = await go();
      if (topic === '__kafka_gateway_state.shard-0.1') await appendTo(iggy, 1, [earlierPut(2, 'after')]);
      return answer;
    });
    const { shard } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    const { before: found, after } = await held(shard);
    expect([found, after]).toEqual([Buffer.from('value').toString('base64'), undefined]);
  });

  test.each([true, false])(
    'is taken from the topic that its gateway writes anew meanwhile (ours that was begun can be dropped: %s)',
    async (canDrop) => {
      const iggy = await earlier();
      let rewriting: Promise<void> | null = null;
      const rewrite = async (): Promise<void> => {
        await writeTopic(iggy, 3, [earlierPut(1, 'copied'), entryOf(2, 102, { kind: EntryKind.COMPLETE })]);
        await appendTo(iggy, 1, [entryOf(2, 103, { kind: EntryKind.OPENED })]);
        await appendTo(iggy, 3, [earlierPut(4, 'acknowledged')]);
      };
      iggy.fault = (name) => (!canDrop && name === 'topic.delete' ? 'before' : undefined);
      const connect = sendingThrough(iggy, async (topic, go) => {
        if (topic === '__kafka_gateway_state.1') await (rewriting ??= rewrite());
        return go();
      });
      const { shard } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
      expect(await kept(shard)).toEqual({ copied: 'value', acknowledged: 'value' });
    },
  );

  test('is that of one gateway, also where names of its topics begin like those of others', async () => {
    const iggy = createStandIn();
    const prefixes = ['', '0.', '2.'];
    for (const prefix of prefixes) {
      await writeTopic(iggy, `${prefix}1`, [
        earlierPut(1, `of ${prefix}`),
        entryOf(2, 102, { kind: EntryKind.COMPLETE }),
      ]);
    }
    for (let round = 1; round <= 2; round++) {
      for (const prefix of prefixes) {
        const stateTopic = `__kafka_gateway_state.${prefix}`.slice(0, -1);
        const { store } = await makeStore({ stateTopic }, iggy);
        const { shard, fenced } = await openShard(store);
        expect(await kept(shard)).toEqual({ [`of ${prefix}`]: 'value' });
        await store.close();
        expect(fenced).toEqual([]);
      }
    }
    expect(await stateTopics(iggy)).toEqual(prefixes.flatMap((prefix) => [`${prefix}2`, `${prefix}shard-0.1`]).sort());
  });

  test('may be in several topics, of which some were begun only', async () => {
    const iggy = await earlier();
    await writeTopic(iggy, 2, [earlierPut(1, 'half')]);
    await writeTopic(iggy, 3, []);
    const { shard } = await openStore({}, iggy);
    expect(await held(shard)).toEqual(expected());
    // The empty one has become the layout.
    expect(await stateTopics(iggy)).toEqual(['3', 'shard-0.1']);
  });

  test('is refused with another number of shards, and left as it is', async () => {
    const iggy = await earlier();
    const { store } = await makeStore({}, iggy);
    await expect(openShard(store, { shardCount: 16, shard: 3 })).rejects.toMatchObject({
      code: 'INVALID',
      message:
        `Iggy: number of shards: "16"; expected 1 for the state of release 0.1 in topic '__kafka_gateway_state.1' ` +
        "of stream 'kafka': open it once with one shard",
    });
    expect(await stateTopics(iggy)).toEqual(['1']);
    expect(await entriesOf(iggy, 1)).toHaveLength(earlierEntries().length);
  });

  test('is left alone where the kit does not accept it: release 0.1 can still be started', async () => {
    const iggy = await earlier();
    const { store } = await makeStore({}, iggy);
    const seen: string[] = [];
    const accept = (values: Iterable<readonly [string, Uint8Array]>): never => {
      for (const [key] of values) seen.push(key);
      throw new Error('not this one');
    };
    await expect(openShard(store, { accept })).rejects.toThrow('not this one');
    expect(seen.sort()).toEqual(Object.keys(expected()).sort());
    expect(await stateTopics(iggy)).toEqual(['1']);
    expect(await entriesOf(iggy, 1)).toHaveLength(earlierEntries().length);
  });

  test('is converted by one of two gateways that are started at once', async () => {
    const iggy = await earlier();
    const stores = await Promise.all([makeStore({}, iggy), makeStore({}, iggy)]);
    await Promise.allSettled(stores.map(({ store }) => openShard(store)));
    const { shard } = await openStore({}, iggy);
    expect(await held(shard)).toEqual(expected());
    expect((await stateTopics(iggy)).filter((name) => !name.startsWith('shard-0.'))).toEqual(['2']);
  });

  test.each(['before', 'after'] as const)('is converted as a whole after a crash %s any command', async (when) => {
    const kinds = new Set<string>();
    for (let last = 0, isDone = false; !isDone; last++) {
      const iggy = await earlier();
      const dying = dyingAt(iggy, last, when, () => void store.close());
      const options = { connect: dying.connect, stream: 'kafka', connectTimeoutMs: 100, commandTimeoutMs: 5000 };
      const store = createIggyStore(options, () => undefined);
      try {
        await store.open();
        const shard = await store.openShard(OPENING, NEVER);
        await put(shard, 'late', 'value');
      } catch {
        // It is dead.
      }
      isDone = !dying.isDead();
      await store.close();
      const label = `${when} command ${String(last)} of ${dying.commands.join(', ')}`;
      kinds.add(dying.commands.at(-1)!);
      const { store: next, shard } = await openStore({ commandTimeoutMs: 5000 }, iggy);
      const { late, ...others } = await held(shard);
      expect(others, label).toEqual(expected());
      if (isDone) expect(late).toBe(Buffer.from('value').toString('base64'));
      await put(shard, 'next', 'value');
      await next.close();
      const { shard: third, store: last3 } = await openStore({ commandTimeoutMs: 5000 }, iggy);
      expect(await held(third), label).toMatchObject({ ...expected(), next: expect.any(String) });
      expect(
        (await stateTopics(iggy)).filter((name) => !name.startsWith('shard-0.')),
        label,
      ).toEqual(['2']);
      await last3.close();
    }
    expect([...kinds].sort()).toEqual(
      ['message.poll', 'message.send', 'stream.get', 'topic.create', 'topic.delete', 'topic.get', 'topic.list'].sort(),
    );
  });
});
