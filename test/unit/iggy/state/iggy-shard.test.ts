import type { ShardChange, StateShard } from 'iggy-gateway-kafka/adapters/broker';
import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { describe, expect, test, vi } from 'vitest';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import {
  generations,
  grow,
  kept,
  NEVER,
  openStore,
  put,
  refusal,
  sendingThrough,
} from '../../../support/iggy-store.js';

describe('a shard that is written anew', () => {
  test('and is broken off once all was copied: what was put since then is there after a restart', async () => {
    const iggy = createStandIn();
    let breaks = true;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      // Done, and the server cannot say so.
      if (breaks && topic === '__kafka_gateway_state.shard-0.2') throw refusal(59, 101);
      return answer;
    });
    const { store, shard } = await openStore({ connect }, iggy);
    await put(shard, 'producer-ids', '01000');
    await grow(shard, 17);
    await vi.waitFor(async () => expect(await generations(iggy)).toContain('__kafka_gateway_state.shard-0.2'));
    await put(shard, 'producer-ids', '02000');
    await store.close();
    breaks = false;
    const { shard: again } = await openStore({}, iggy);
    expect((await kept(again))['producer-ids']).toBe('02000');
    expect(await generations(iggy)).toEqual(['__kafka_gateway_state.shard-0.3']);
  });

  test('and is broken off half-way: what was forgotten since then does not come back', async () => {
    const iggy = createStandIn();
    let refused = 0;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic !== '__kafka_gateway_state.shard-0.2' || refused++ > 0) return answer;
      throw refusal(4010, 101);
    });
    const { store, shard } = await openStore({ connect }, iggy);
    await put(shard, 'gone', 'value');
    await grow(shard, 17);
    await vi.waitFor(() => expect(refused).toBe(1));
    await put(shard, 'gone', null);
    await grow(shard, 20);
    await store.close();
    const { shard: again } = await openStore({}, iggy);
    expect(Object.keys(await kept(again))).toEqual(['big']);
  });
});

test('values that are too long for one answer together are replayed', { timeout: 60_000 }, async () => {
  const { iggy, store, shard } = await openStore({ commandTimeoutMs: 5000 });
  const value = Buffer.alloc(1_000_000, 'x');
  for (let key = 0; key < 80; key++) await put(shard, String(key), value);
  await store.close();
  const { shard: again } = await openStore({ commandTimeoutMs: 5000 }, iggy);
  expect(Object.keys(await kept(again))).toHaveLength(80);
});

test('what nobody waits for any more is given up when the store is closed', async () => {
  const { iggy, store, shard } = await openStore();
  iggy.fault = (name) => (name === 'message.send' ? 'before' : undefined);
  const putting = put(shard, 'key', 'value').catch((error: unknown) => error);
  await vi.waitFor(() => expect(iggy.counts.get('message.send')).toBeGreaterThan(2));
  await store.close();
  const sent = iggy.counts.get('message.send');
  expect(await putting).toMatchObject({ code: 'UNAVAILABLE' });
  expect(iggy.counts.get('message.send')).toBe(sent);
});

const STATE = { streamId: 'kafka', topicId: '__kafka_gateway_state.shard-0.1' } as const;

describe('a topic of the state that has lost what was confirmed', () => {
  test.each([
    ['is purged', (iggy: StandIn) => iggy.connect().topic.purge(STATE)],
    [
      'has lost its tail',
      async (iggy: StandIn) => {
        iggy.dropFrom('kafka', '__kafka_gateway_state.shard-0.1', 0, 3);
      },
    ],
  ])('and %s: a put is acknowledged once all is written anew', async (_, lose) => {
    const { iggy, shard, warnings } = await openStore();
    for (const key of ['a', 'b', 'c']) await put(shard, key, 'value');
    await lose(iggy);
    await put(shard, 'd', 'value');
    expect(await generations(iggy)).toEqual(['__kafka_gateway_state.shard-0.2']);
    expect(warnings).toEqual([
      expect.stringMatching(/topic '__kafka_gateway_state\.shard-0\.1' of stream 'kafka' had lost entries/),
    ]);
    // As after a crash: nothing is written any more.
    const { shard: again } = await openStore({}, iggy);
    expect(await kept(again)).toEqual({ a: 'value', b: 'value', c: 'value', d: 'value' });
  });

  test('and cannot be written anew: no put is acknowledged before it can', async () => {
    const { iggy, shard } = await openStore();
    for (const key of ['a', 'b']) await put(shard, key, 'value');
    await iggy.connect().topic.purge(STATE);
    iggy.fault = (name) => (name === 'topic.create' ? 'away' : undefined);
    for (const key of ['a', 'c']) {
      await expect(put(shard, key, 'newer')).rejects.toMatchObject({ name: 'StoreError' });
    }
    iggy.fault = () => undefined;
    await put(shard, 'b', null);
    const { shard: again } = await openStore({}, iggy);
    expect(await kept(again)).toEqual({ a: 'value' });
  });

  test.each(['before', 'while'])(
    'and is opened by another gateway %s it is written anew: no put is acknowledged',
    async (when) => {
      const iggy = createStandIn();
      let other: StateShard | null = null;
      const connect = sendingThrough(iggy, async (topic, go) => {
        if (when === 'while' && topic === '__kafka_gateway_state.shard-0.2')
          other ??= (await openStore({}, iggy)).shard;
        return go();
      });
      const { shard, fenced } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
      await put(shard, 'a', 'value');
      await iggy.connect().topic.purge(STATE);
      if (when === 'before') other = (await openStore({}, iggy)).shard;
      await expect(put(shard, 'b', 'value')).rejects.toMatchObject({ code: 'FENCED' });
      expect(fenced).toMatchObject([
        { message: expect.stringMatching(/another gateway has (opened stream 'kafka'|taken over)/) },
      ]);
      await put(other!, 'c', 'value');
    },
  );

  test('and is opened in the lost part by another gateway, which has gone on: no put is acknowledged', async () => {
    const { iggy, shard } = await openStore();
    for (const key of ['a', 'b', 'c']) await put(shard, key, 'value');
    iggy.dropFrom('kafka', '__kafka_gateway_state.shard-0.1', 0, 3);
    const { shard: other } = await openStore({}, iggy);
    for (const key of ['d', 'e', 'f', 'g']) await put(other, key, 'value');
    await expect(put(shard, 'h', 'value')).rejects.toMatchObject({ code: 'FENCED' });
    await put(other, 'i', 'value');
  });

  test('and whose end cannot be confirmed once all is written anew: no put is acknowledged, and the next one is', async () => {
    const iggy = createStandIn();
    let fails = false;
    const connect = sendingThrough(iggy, (topic, go) => {
      if (topic === '__kafka_gateway_state.shard-0.2') fails = true;
      else if (fails) return Promise.reject(refusal(4010, 101));
      return go();
    });
    const { shard } = await openStore({ connect }, iggy);
    await put(shard, 'a', 'value');
    await iggy.connect().topic.purge(STATE);
    await expect(put(shard, 'b', 'value')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await generations(iggy)).toEqual(['__kafka_gateway_state.shard-0.1']);
    fails = false;
    await put(shard, 'c', 'value');
    const { shard: again } = await openStore({}, iggy);
    expect(await kept(again)).toEqual({ a: 'value', c: 'value' });
  });

  test('and was written anew by another one: no put is acknowledged', async () => {
    const { iggy, shard } = await openStore();
    await put(shard, 'a', 'value');
    await iggy.connect().topic.purge(STATE);
    const next = { streamId: 'kafka', name: '__kafka_gateway_state.shard-0.2', partitionCount: 1 } as const;
    await iggy.connect().topic.create({ ...next, compressionAlgorithm: 1 });
    await expect(put(shard, 'b', 'value')).rejects.toThrow(/another gateway has opened stream 'kafka'/);
  });

  test('while it is opened: all that was replayed is written anew', async () => {
    const { iggy, store, shard } = await openStore();
    await put(shard, 'a', 'value');
    await store.close();
    let purged = false;
    const connect = sendingThrough(iggy, async (_, go) => {
      if (!purged) await iggy.connect().topic.purge(STATE);
      purged = true;
      return go();
    });
    const { shard: second } = await openStore({ connect }, iggy);
    expect(await generations(iggy)).toEqual(['__kafka_gateway_state.shard-0.2']);
    await put(second, 'b', 'value');
    const { shard: third } = await openStore({}, iggy);
    expect(await kept(third)).toEqual({ a: 'value', b: 'value' });
  });
});

test('while it is opened, and others have gone on in it: what they put is there', async () => {
  const { iggy, store, shard } = await openStore();
  for (const key of ['a', 'b', 'c']) await put(shard, key, 'value');
  await store.close();
  let between: Promise<void> | null = null;
  const connect = sendingThrough(iggy, async (_, go) => {
    await (between ??= (async () => {
      iggy.loseFrom('kafka', STATE.topicId, 0, 3);
      await put((await openStore({}, iggy)).shard, 'd', 'value');
    })());
    return go();
  });
  const { shard: second } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
  expect(await kept(second)).toEqual({ a: 'value', b: 'value', c: 'value', d: 'value' });
});

describe('a put', () => {
  /** A store whose sends to the state are counted, by how many messages they have. */
  async function counted() {
    const iggy = createStandIn();
    const sends: number[] = [];
    const connect = (): IggyClient => {
      const client = iggy.connect();
      const send: IggyClient['message']['send'] = (args) => {
        sends.push(args.messages.length);
        return client.message.send(args);
      };
      return { ...client, message: { ...client.message, send } };
    };
    const opened = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    sends.length = 0;
    return { ...opened, sends };
  }

  const many = (count: number, length = 1): ShardChange[] =>
    Array.from({ length: count }, (_, index) => [`key ${String(index)}`, Buffer.alloc(length, 'x')]);

  test('is one send, however many others wait with it', async () => {
    const { iggy, shard, sends } = await counted();
    await Promise.all([shard.put(many(700)), shard.put(many(200)), shard.put(many(200)), shard.put([['gone', null]])]);
    expect(sends).toEqual([900, 201]);
    sends.length = 0;
    await Promise.all([shard.put(many(2, 3_000_000)), shard.put(many(5000)), shard.put(many(1))]);
    expect(sends).toEqual([2, 5000, 1]);
    const { shard: again } = await openStore({ commandTimeoutMs: 5000 }, iggy);
    expect(Object.keys(await kept(again))).toHaveLength(5000);
  });

  test.each([
    ['keys', many(10_001), /a put has 10001 keys and \d+ bytes; expected at most 10000 and 33554432$/],
    ['bytes', many(34, 1_000_000), /a put has 34 keys and \d+ bytes; expected at most/],
  ])('with more %s than one send takes is refused, and nothing of it kept', async (_, changes, message) => {
    const { shard, sends } = await counted();
    await expect(shard.put(changes)).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(message),
    });
    expect(sends).toEqual([]);
    await put(shard, 'other', 'value');
    expect(await kept(shard)).toEqual({ other: 'value' });
  });

  test('keeps what the values were when it was called, and without changes sends nothing', async () => {
    const { iggy, shard, sends } = await counted();
    const value = Buffer.from('value');
    const putting = put(shard, 'key', value);
    value.fill(0);
    await putting;
    await shard.put([]);
    expect(sends).toEqual([1]);
    expect(await kept(shard)).toEqual({ key: 'value' });
    const { shard: again } = await openStore({}, iggy);
    expect(await kept(again)).toEqual({ key: 'value' });
  });

  test('is waited for when the shard is closed, and refused afterwards', async () => {
    const { iggy, shard } = await openStore();
    const putting = put(shard, 'key', 'value');
    await shard.close(NEVER);
    await putting;
    await expect(put(shard, 'key', 'newer')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const { shard: again } = await openStore({}, iggy);
    expect(await kept(again)).toEqual({ key: 'value' });
  });

  test('does not keep a shard from being closed for good', async () => {
    const { iggy, shard } = await openStore({ commandTimeoutMs: 5000 });
    iggy.fault = (name) => (name === 'message.send' ? 'hang' : undefined);
    void put(shard, 'key', 'value').catch(() => undefined);
    await shard.close(AbortSignal.abort());
  });
});

describe('a check', () => {
  test('while another one is on its way waits for the next one, which all share', async () => {
    const { iggy, shard } = await openStore();
    const before = iggy.counts.get('message.send')!;
    await Promise.all([shard.check(NEVER), shard.check(NEVER), shard.check(NEVER)]);
    expect(iggy.counts.get('message.send')! - before).toBe(2);
    expect(await kept(shard)).toEqual({});
  });

  test('is given up when nobody waits for it', async () => {
    const { iggy, shard } = await openStore();
    iggy.fault = (name) => (name === 'message.send' ? 'hang' : undefined);
    const waiting = new AbortController();
    const checking = shard.check(waiting.signal);
    waiting.abort();
    await expect(checking).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'Iggy: a check of the state was aborted',
    });
    await expect(shard.check(waiting.signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
