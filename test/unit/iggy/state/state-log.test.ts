import type { IggyClient, IggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { describe, expect, test, vi } from 'vitest';
import { encodeEntry, EntryKind } from '../../../../adapters/iggy/state/state-entry.js';
import { StateLog } from '../../../../adapters/iggy/state/state-log.js';
import { makePool } from '../../../support/iggy-pool.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { kept, openStore, refusal, sendingThrough } from '../../../support/iggy-store.js';

const MEGABYTE = 1_000_000;

/** Values of one key that make the log so long that it is written anew. */
async function grow(store: IggyStore, megabytes: number): Promise<void> {
  const value = Buffer.alloc(MEGABYTE, 'x');
  for (let count = 0; count < megabytes; count++) await store.put('big', value);
}

async function topics(iggy: StandIn): Promise<string[]> {
  const list = await iggy.connect().topic.list({ streamId: 'kafka' });
  return list.map(({ name }) => name).sort();
}

describe('a log that is written anew', () => {
  test('and is broken off once all was copied: what was put since then is there after a restart', async () => {
    const iggy = createStandIn();
    let breaks = true;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      // Done, and the server cannot say so.
      if (breaks && topic === '__kafka_gateway_state.2') throw refusal(59, 101);
      return answer;
    });
    const { store } = await openStore({ connect }, iggy);
    await store.put('producer-ids', Buffer.from('01000'));
    await grow(store, 17);
    await vi.waitFor(async () => expect(await topics(iggy)).toContain('__kafka_gateway_state.2'));
    await store.put('producer-ids', Buffer.from('02000'));
    await store.close();
    breaks = false;
    const { store: again } = await openStore({}, iggy);
    expect(kept(again)['producer-ids']).toBe('02000');
    expect(await topics(iggy)).toEqual(['__kafka_gateway_state.3']);
  });

  test('and is broken off half-way: what was forgotten since then does not come back', async () => {
    const iggy = createStandIn();
    let refused = 0;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic !== '__kafka_gateway_state.2' || refused++ > 0) return answer;
      throw refusal(4010, 101);
    });
    const { store } = await openStore({ connect }, iggy);
    await store.put('gone', Buffer.from('value'));
    await grow(store, 17);
    await vi.waitFor(() => expect(refused).toBe(1));
    await store.put('gone', null);
    await grow(store, 20);
    await store.close();
    const { store: again } = await openStore({}, iggy);
    expect(Object.keys(kept(again))).toEqual(['big']);
  });
});

test('values that are too long for one answer together are replayed', { timeout: 60_000 }, async () => {
  const { iggy, store } = await openStore({ commandTimeoutMs: 5000 });
  const value = Buffer.alloc(MEGABYTE, 'x');
  for (let key = 0; key < 80; key++) await store.put(String(key), value);
  await store.close();
  const { store: again } = await openStore({ commandTimeoutMs: 5000 }, iggy);
  expect(Object.keys(kept(again))).toHaveLength(80);
});

test('what nobody waits for any more is given up when the store is closed', async () => {
  const { iggy, store } = await openStore();
  iggy.fault = (name) => (name === 'message.send' ? 'before' : undefined);
  const put = store.put('key', Buffer.from('value')).catch((error: unknown) => error);
  await vi.waitFor(() => expect(iggy.counts.get('message.send')).toBeGreaterThan(2));
  await store.close();
  const sent = iggy.counts.get('message.send');
  expect(await put).toMatchObject({ code: 'UNAVAILABLE' });
  expect(iggy.counts.get('message.send')).toBe(sent);
});

describe('of two gateways over one stream and stateTopic', () => {
  test('the one that opened it last has the state: the other is refused, and its operator told once', async () => {
    const { iggy, store: first, warnings } = await openStore();
    await first.put('group', Buffer.from('old'));
    const { store: second, warnings: others } = await openStore({}, iggy);
    expect(kept(second)).toEqual({ group: 'old' });
    await expect(first.put('group', Buffer.from('lost'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(first.put('other', Buffer.from('lost'))).rejects.toThrow(/another gateway has opened stream 'kafka'/);
    expect(warnings).toEqual([expect.stringMatching(/another gateway has opened stream 'kafka' with stateTopic/)]);
    await second.put('group', Buffer.from('new'));
    expect(others).toEqual([]);
    await second.close();
    const { store: third } = await openStore({}, iggy);
    expect(kept(third)).toEqual({ group: 'new' });
  });

  test('what was put between the replay of one and its beginning is not lost', async () => {
    const iggy = createStandIn();
    const { store: first } = await openStore({}, iggy);
    let between: Promise<void> | null = null;
    const connect = sendingThrough(iggy, async (_, go) => {
      between ??= first.put('group', Buffer.from('late'));
      await between;
      return go();
    });
    const { store: second } = await openStore({ connect }, iggy);
    expect(kept(second)).toEqual({ group: 'late' });
    await expect(first.put('group', Buffer.from('lost'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await second.put('group', Buffer.from('new'));
  });

  test('one that was overtaken while it wrote the log anew leaves it as it is', async () => {
    const iggy = createStandIn();
    let other: IggyStore | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic === '__kafka_gateway_state.2') other ??= (await openStore({}, iggy)).store;
      return answer;
    });
    const { store: first, warnings } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    await first.put('group', Buffer.from('value'));
    await grow(first, 17);
    await expect(first.put('group', Buffer.from('lost'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(warnings).toHaveLength(1);
    await other!.put('other', Buffer.from('new'));
    await other!.close();
    const { store: third } = await openStore({}, iggy);
    expect(kept(third)).toMatchObject({ group: 'value', other: 'new' });
  });

  test('one that is overtaken before the rewritten log counts loses the log at once', async () => {
    const iggy = createStandIn();
    const opened = encodeEntry({ kind: EntryKind.OPENED, sequence: 9 * 2 ** 32, key: '', value: new Uint8Array(0) });
    const inState = {
      streamId: 'kafka',
      topicId: '__kafka_gateway_state.1',
      partition: { kind: 2, value: 0 },
    } as const;
    let isOvertaken = false;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic === '__kafka_gateway_state.2' && !isOvertaken) {
        isOvertaken = true;
        await iggy.connect().message.send({ ...inState, messages: [{ payload: opened }] });
      }
      return answer;
    });
    const { store, warnings } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    await grow(store, 17);
    await vi.waitFor(() =>
      expect(warnings).toEqual([expect.stringContaining("another gateway has opened stream 'kafka'")]),
    );
    await expect(store.put('group', Buffer.from('lost'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a gateway that opens the log while another one has it', () => {
  test('drops no topic that the other may still put into', async () => {
    const { iggy, store: first } = await openStore();
    await first.put('group', Buffer.from('old'));
    // Writing it anew was broken off before: the log is to be copied.
    const left = {
      streamId: 'kafka',
      name: '__kafka_gateway_state.2',
      partitionCount: 1,
      compressionAlgorithm: 1,
    } as const;
    await iggy.connect().topic.create(left);
    let put: Promise<boolean> | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === '__kafka_gateway_state.3') {
        put ??= first.put('group', Buffer.from('late')).then(
          () => true,
          () => false,
        );
        await put;
      }
      return go();
    });
    const { store: second } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    expect(kept(second)).toEqual({ group: (await put!) ? 'late' : 'old' });
    await second.put('group', Buffer.from('new'));
  });

  test.each([
    ['is dropped', false],
    ['is there yet', true],
  ])('goes on in the topic that the other has written anew meanwhile, where the one before %s', async (_, stays) => {
    const iggy = createStandIn();
    const { store: first } = await openStore({ commandTimeoutMs: 5000 }, iggy);
    await first.put('group', Buffer.from('old'));
    iggy.fault = (name) => (stays && name === 'topic.delete' ? 'before' : undefined);
    let grown: Promise<void> | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === '__kafka_gateway_state.1') await (grown ??= grow(first, 18));
      return go();
    });
    const { store: second } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    iggy.fault = () => undefined;
    expect(await topics(iggy)).toContain('__kafka_gateway_state.2');
    await expect(first.put('group', Buffer.from('lost'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await second.put('group', Buffer.from('new'));
    await second.close();
    const { store: third } = await openStore({}, iggy);
    expect(kept(third)).toEqual({ big: 'xxxxx', group: 'new' });
  });

  test('opens it, where another one does at the same time: one of them has it', { timeout: 5000 }, async () => {
    const { iggy, store: first } = await openStore();
    let between: Promise<void> | null = null;
    // Both find more than they have read.
    const connect = sendingThrough(iggy, async (_, go) => {
      between ??= first.put('group', Buffer.from('late'));
      await between;
      return go();
    });
    const both = await Promise.all([openStore({ connect }, iggy), openStore({ connect }, iggy)]);
    for (const { store } of both) expect(kept(store)).toEqual({ group: 'late' });
    const puts = await Promise.allSettled(both.map(({ store }) => store.put('other', Buffer.from('new'))));
    expect(puts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test.each([
    ['is not there any more each time it is read', { topic: { get: () => Promise.resolve(null) } }, 'others open it'],
    ['is dropped before it is taken', { message: { send: () => Promise.reject(refusal(20, 101)) } }, 'refused: 20'],
  ])('gives up where the topic %s', { timeout: 10_000 }, async (_, instead, why) => {
    const { iggy } = await openStore();
    const connect = (): IggyClient => {
      const client = iggy.connect();
      const { topic, message } = { topic: {}, message: {}, ...instead };
      return { ...client, topic: { ...client.topic, ...topic }, message: { ...client.message, ...message } };
    };
    await expect(openStore({ connect }, iggy)).rejects.toThrow(`Iggy: the state cannot be opened: `);
    await expect(openStore({ connect }, iggy)).rejects.toThrow(why);
  });

  test('makes a topic of its own, where the other makes one at the same time', async () => {
    const iggy = createStandIn();
    const stores = await Promise.all([openStore({}, iggy), openStore({}, iggy)]);
    const put = stores.map(({ store }, index) =>
      store.put(String(index), Buffer.from('value')).then(
        () => [String(index), 'value'],
        () => null,
      ),
    );
    const acknowledged = (await Promise.all(put)).filter((each) => each !== null);
    expect(acknowledged).toHaveLength(1);
    for (const { store } of stores) await store.close();
    const { store: third } = await openStore({}, iggy);
    expect(kept(third)).toEqual(Object.fromEntries(acknowledged));
  });
});

test('what a later release has written into the log is another gateway that has it', async () => {
  const { iggy, store, warnings } = await openStore();
  const inState = { streamId: 'kafka', topicId: '__kafka_gateway_state.1', partition: { kind: 2, value: 0 } } as const;
  await iggy.connect().message.send({ ...inState, messages: [{ payload: Buffer.alloc(20, 9) }] });
  for (let put = 0; put < 2; put++) {
    await expect(store.put('key', Buffer.from('value'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }
  expect(warnings).toEqual([expect.stringMatching(/another gateway has opened stream 'kafka'/)]);
});

test('a topic of the state that is removed underneath is told once, and nothing is kept any more', async () => {
  const { iggy, store, warnings } = await openStore();
  await iggy.connect().topic.delete({ streamId: 'kafka', topicId: '__kafka_gateway_state.1', partitionsCount: 1 });
  for (let put = 0; put < 2; put++) {
    await expect(store.put('key', Buffer.from('value'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }
  expect(warnings).toEqual([expect.stringMatching(/topic '__kafka_gateway_state\.1' of stream 'kafka', which holds/)]);
});

const STATE = { streamId: 'kafka', topicId: '__kafka_gateway_state.1' } as const;

describe('a topic of the state that has lost what was confirmed', () => {
  test.each([
    ['is purged', (iggy: StandIn) => iggy.connect().topic.purge(STATE)],
    [
      'has lost its tail',
      async (iggy: StandIn) => {
        iggy.dropFrom('kafka', '__kafka_gateway_state.1', 0, 3);
      },
    ],
  ])('and %s: a put is acknowledged once all is written anew', async (_, lose) => {
    const { iggy, store, warnings } = await openStore();
    for (const key of ['a', 'b', 'c']) await store.put(key, Buffer.from('value'));
    await lose(iggy);
    await store.put('d', Buffer.from('value'));
    expect(await topics(iggy)).toEqual(['__kafka_gateway_state.2']);
    expect(warnings).toEqual([
      expect.stringMatching(/topic '__kafka_gateway_state\.1' of stream 'kafka' had lost entries/),
    ]);
    // As after a crash: nothing is written any more.
    const { store: again } = await openStore({}, iggy);
    expect(kept(again)).toEqual({ a: 'value', b: 'value', c: 'value', d: 'value' });
  });

  test('and cannot be written anew: no put is acknowledged before it can', async () => {
    const { iggy, store } = await openStore();
    for (const key of ['a', 'b']) await store.put(key, Buffer.from('value'));
    await iggy.connect().topic.purge(STATE);
    iggy.fault = (name) => (name === 'topic.create' ? 'away' : undefined);
    for (const key of ['a', 'c']) {
      await expect(store.put(key, Buffer.from('newer'))).rejects.toMatchObject({ name: 'StoreError' });
    }
    iggy.fault = () => undefined;
    await store.put('b', null);
    const { store: again } = await openStore({}, iggy);
    expect(kept(again)).toEqual({ a: 'value' });
  });

  test.each(['before', 'while'])(
    'and is opened by another gateway %s it is written anew: no put is acknowledged',
    async (when) => {
      const iggy = createStandIn();
      let other: IggyStore | null = null;
      const connect = sendingThrough(iggy, async (topic, go) => {
        if (when === 'while' && topic === '__kafka_gateway_state.2') other ??= (await openStore({}, iggy)).store;
        return go();
      });
      const { store, warnings } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
      await store.put('a', Buffer.from('value'));
      await iggy.connect().topic.purge(STATE);
      if (when === 'before') other = (await openStore({}, iggy)).store;
      await expect(store.put('b', Buffer.from('value'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(warnings).toEqual([expect.stringMatching(/another gateway has (opened stream 'kafka'|taken over)/)]);
      await other!.put('c', Buffer.from('value'));
    },
  );

  test('and is opened in the lost part by another gateway, which has gone on: no put is acknowledged', async () => {
    const { iggy, store } = await openStore();
    for (const key of ['a', 'b', 'c']) await store.put(key, Buffer.from('value'));
    iggy.dropFrom('kafka', '__kafka_gateway_state.1', 0, 3);
    const { store: other } = await openStore({}, iggy);
    for (const key of ['d', 'e', 'f', 'g']) await other.put(key, Buffer.from('value'));
    await expect(store.put('h', Buffer.from('value'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await other.put('i', Buffer.from('value'));
  });

  test('and whose end cannot be confirmed once all is written anew: no put is acknowledged, and the next one is', async () => {
    const iggy = createStandIn();
    let fails = false;
    const connect = sendingThrough(iggy, (topic, go) => {
      if (topic === '__kafka_gateway_state.2') fails = true;
      else if (fails) return Promise.reject(refusal(4010, 101));
      return go();
    });
    const { store } = await openStore({ connect }, iggy);
    await store.put('a', Buffer.from('value'));
    await iggy.connect().topic.purge(STATE);
    await expect(store.put('b', Buffer.from('value'))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await topics(iggy)).toEqual(['__kafka_gateway_state.1']);
    fails = false;
    await store.put('c', Buffer.from('value'));
    const { store: again } = await openStore({}, iggy);
    expect(kept(again)).toEqual({ a: 'value', c: 'value' });
  });

  test('and was written anew by another one: no put is acknowledged', async () => {
    const { iggy, store } = await openStore();
    await store.put('a', Buffer.from('value'));
    await iggy.connect().topic.purge(STATE);
    const next = { streamId: 'kafka', name: '__kafka_gateway_state.2', partitionCount: 1 } as const;
    await iggy.connect().topic.create({ ...next, compressionAlgorithm: 1 });
    await expect(store.put('b', Buffer.from('value'))).rejects.toThrow(/another gateway has opened stream 'kafka'/);
  });

  test('while it is opened: all that was replayed is written anew', async () => {
    const { iggy, store } = await openStore();
    await store.put('a', Buffer.from('value'));
    await store.close();
    let purged = false;
    const connect = sendingThrough(iggy, async (_, go) => {
      if (!purged) await iggy.connect().topic.purge(STATE);
      purged = true;
      return go();
    });
    const { store: second } = await openStore({ connect }, iggy);
    expect(await topics(iggy)).toEqual(['__kafka_gateway_state.2']);
    await second.put('b', Buffer.from('value'));
    const { store: third } = await openStore({}, iggy);
    expect(kept(third)).toEqual({ a: 'value', b: 'value' });
  });
});

test('what is checked while a heartbeat is on its way waits for the next one, which all share', async () => {
  const { iggy, store } = await openStore();
  await store.close();
  const { pool } = makePool({}, iggy);
  const options = { pool, stream: 'kafka', prefix: '__kafka_gateway_state', sessionTimeoutMs: 60_000, refreshMs: 1000 };
  const log = new StateLog({ ...options, warn: () => undefined, changed: () => undefined });
  await log.open();
  const before = iggy.counts.get('message.send')!;
  await Promise.all([log.check(), log.check(), log.check()]);
  expect(iggy.counts.get('message.send')! - before).toBe(2);
  await log.close();
});
