import type { StateShard, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeEntry, EntryKind, type StateEntryInit } from '../../../../adapters/iggy/state/state-entry.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import {
  generations,
  grow,
  kept,
  makeStore,
  NEVER,
  openShard,
  openStore,
  put,
  refusal,
  sendingThrough,
} from '../../../support/iggy-store.js';

const FIRST = '__kafka_gateway_state.shard-0.1';
const LOST = { code: 'FENCED' };

/** Writes an entry into the first topic of shard 0, as another gateway does. */
async function write(iggy: StandIn, epoch: number, entry: Partial<StateEntryInit>): Promise<void> {
  const payload = encodeEntry({
    kind: EntryKind.OPENED,
    key: '',
    value: Buffer.alloc(0),
    sequence: epoch * 2 ** 32,
    ...entry,
  });
  await send(iggy, payload);
}

async function send(iggy: StandIn, payload: Buffer): Promise<void> {
  const partition = { kind: 2, value: 0 } as const;
  await iggy.connect().message.send({ streamId: 'kafka', topicId: FIRST, partition, messages: [{ payload }] });
}

describe('of two gateways over one stream and stateTopic', () => {
  test('the one that opened a shard last has it: the other is refused, and is told once', async () => {
    const { iggy, store, shard: first, fenced, warnings } = await openStore();
    await put(first, 'group', 'old');
    const { shard: second, fenced: others } = await openStore({}, iggy);
    expect(await kept(second)).toEqual({ group: 'old' });
    await expect(put(first, 'group', 'lost')).rejects.toMatchObject(LOST);
    await expect(put(first, 'other', 'lost')).rejects.toThrow(/another gateway has opened stream 'kafka'/);
    await expect(first.check(NEVER)).rejects.toMatchObject(LOST);
    expect(fenced).toHaveLength(1);
    expect(fenced[0]).toMatchObject({
      code: 'FENCED',
      message:
        "Iggy: another gateway has opened stream 'kafka' with stateTopic '__kafka_gateway_state', which has groups and committed offsets from now on",
    });
    await put(second, 'group', 'new');
    expect(others).toEqual([]);
    // Opened anew it is another object: the one before stays fenced.
    const { shard: third } = await openShard(store);
    expect(await kept(third)).toEqual({ group: 'new' });
    expect(third.epoch).toBeGreaterThan(second.epoch);
    await put(third, 'group', 'newer');
    await expect(put(first, 'group', 'lost')).rejects.toMatchObject(LOST);
    await first.close(NEVER);
    await put(third, 'group', 'newest');
    expect(fenced).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  test('what was put between the replay of one and its beginning is not lost', async () => {
    const iggy = createStandIn();
    const { shard: first } = await openStore({}, iggy);
    let between: Promise<void> | null = null;
    const connect = sendingThrough(iggy, async (_, go) => {
      between ??= put(first, 'group', 'late');
      await between;
      return go();
    });
    const { shard: second } = await openStore({ connect }, iggy);
    expect(await kept(second)).toEqual({ group: 'late' });
    await expect(put(first, 'group', 'lost')).rejects.toMatchObject(LOST);
    await put(second, 'group', 'new');
  });

  test('one that was overtaken while it wrote the shard anew leaves it as it is', async () => {
    const iggy = createStandIn();
    let other: StateShard | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic === '__kafka_gateway_state.shard-0.2') other ??= (await openStore({}, iggy)).shard;
      return answer;
    });
    const { shard: first, fenced } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    await put(first, 'group', 'value');
    await grow(first, 17);
    await expect(put(first, 'group', 'lost')).rejects.toMatchObject(LOST);
    expect(fenced).toHaveLength(1);
    await put(other!, 'other', 'new');
    const { shard: third } = await openStore({}, iggy);
    expect(await kept(third)).toMatchObject({ group: 'value', other: 'new' });
  });

  test('one that is overtaken before the rewritten shard counts loses it at once', async () => {
    const iggy = createStandIn();
    let isOvertaken = false;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic === '__kafka_gateway_state.shard-0.2' && !isOvertaken) {
        isOvertaken = true;
        await write(iggy, 9, { kind: EntryKind.OPENED });
      }
      return answer;
    });
    const { shard, fenced } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    await grow(shard, 17);
    await vi.waitFor(() => expect(fenced).toHaveLength(1));
    await expect(put(shard, 'group', 'lost')).rejects.toMatchObject(LOST);
  });

  test('one that is overtaken before its shard is handed out cannot open it', async () => {
    const iggy = createStandIn();
    let other: StateShard | null = null;
    const connect = (): IggyClient => {
      const client = iggy.connect();
      const send: IggyClient['message']['send'] = async (args) => {
        const isTag = args.messages.some(({ payload }) => payload.includes('message-tag'));
        if (isTag) other ??= (await openStore({}, iggy)).shard;
        return client.message.send(args);
      };
      return { ...client, message: { ...client.message, send } };
    };
    const { store } = await makeStore({ connect, commandTimeoutMs: 5000 }, iggy);
    const fenced = vi.fn<() => void>();
    await expect(openShard(store, { fenced })).rejects.toMatchObject(LOST);
    expect(fenced).not.toHaveBeenCalled();
    await put(other!, 'key', 'value');
  });

  test('one that is closing is refused, and not told', async () => {
    const { iggy, shard, fenced } = await openStore();
    await openStore({}, iggy);
    const putting = put(shard, 'key', 'value');
    const closing = shard.close(NEVER);
    await expect(putting).rejects.toMatchObject(LOST);
    await closing;
    expect(fenced).toEqual([]);
  });
});

describe('of two gateways that open a shard under the same number', () => {
  /** Lets another gateway begin an opening with the same number, right behind that of one. */
  async function rival(iggy: StandIn, epoch: number): Promise<void> {
    await write(iggy, epoch, { kind: EntryKind.OPENED, value: Buffer.from('rival') });
  }

  test('the one whose entry stands first has it', async () => {
    const { iggy, shard, fenced } = await openStore();
    await rival(iggy, shard.epoch);
    await put(shard, 'key', 'value');
    await write(iggy, shard.epoch - 1, { kind: EntryKind.PUT, key: 'late' });
    await put(shard, 'key', 'newer');
    expect(fenced).toEqual([]);
  });

  test('an opening that the server has lost does not stand first', async () => {
    const { iggy, store } = await openStore();
    const { shard, fenced } = await openShard(store);
    for (const key of ['a', 'b']) await put(shard, key, 'value');
    const topic = await iggy.connect().topic.get({ streamId: 'kafka', topicId: FIRST });
    const count = Number(topic!.messagesCount);
    // The opening and the puts; the other one goes on up to the same place.
    iggy.loseFrom('kafka', FIRST, 0, count - 3);
    for (let times = 0; times < 4; times++) await rival(iggy, shard.epoch);
    await expect(put(shard, 'c', 'value')).rejects.toMatchObject(LOST);
    expect(fenced).toHaveLength(1);
  });

  test('one that puts under it has it', async () => {
    const { iggy, shard } = await openStore();
    await write(iggy, shard.epoch, { kind: EntryKind.PUT, key: 'key' });
    await expect(put(shard, 'key', 'value')).rejects.toMatchObject(LOST);
  });
});

describe('an opening that is to replace a certain one', () => {
  test('replaces that one, and no other', async () => {
    const { iggy, shard } = await openStore();
    const { store } = await makeStore({}, iggy);
    const before = (await iggy.connect().topic.get({ streamId: 'kafka', topicId: FIRST }))?.messagesCount;
    for (const expectedEpoch of [0, shard.epoch - 1, shard.epoch + 1]) {
      await expect(openShard(store, { expectedEpoch })).rejects.toMatchObject({
        code: 'FENCED',
        message: `Iggy: shard 0 of the state is open with epoch ${shard.epoch}; expected epoch ${expectedEpoch}`,
      });
    }
    const after = (await iggy.connect().topic.get({ streamId: 'kafka', topicId: FIRST }))?.messagesCount;
    expect(after).toBe(before);
    await put(shard, 'key', 'value');
    const { shard: next } = await openShard(store, { expectedEpoch: shard.epoch });
    expect(next.epoch).toBe(shard.epoch + 1);
    await expect(put(shard, 'key', 'lost')).rejects.toMatchObject(LOST);
  });

  test('fails where another one comes first, which is not fenced by it', async () => {
    const { iggy, shard } = await openStore();
    let other: Promise<{ readonly shard: StateShard; readonly fenced: StoreError[] }> | null = null;
    const { store: second } = await makeStore({}, iggy);
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === FIRST) await (other ??= openShard(second, { expectedEpoch: shard.epoch }));
      return go();
    });
    const { store } = await makeStore({ connect, commandTimeoutMs: 5000 }, iggy);
    await expect(openShard(store, { expectedEpoch: shard.epoch })).rejects.toMatchObject(LOST);
    const winner = await other!;
    await put(winner.shard, 'key', 'value');
    expect(winner.fenced).toEqual([]);
    // Whoever opens it next finds two openings under one number.
    const { shard: third } = await openStore({}, iggy);
    expect(third.epoch).toBe(winner.shard.epoch + 1);
    expect(await kept(third)).toEqual({ key: 'value' });
  });

  test('goes on where the shard is written anew meanwhile', async () => {
    const { iggy, shard } = await openStore({ commandTimeoutMs: 5000 });
    let grown: Promise<void> | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === FIRST) await (grown ??= grow(shard, 18));
      return go();
    });
    const { store } = await makeStore({ connect, commandTimeoutMs: 5000 }, iggy);
    const { shard: next } = await openShard(store, { expectedEpoch: shard.epoch });
    expect(await kept(next)).toEqual({ big: 'xxxxx' });
    await expect(put(shard, 'key', 'lost')).rejects.toMatchObject(LOST);
  });

  test('is no rival of itself where the server has stored it twice, and what was refused between is not there', async () => {
    const { iggy, shard: first, fenced } = await openStore();
    await put(first, 'key', 'value');
    let refused: Promise<unknown> | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic !== FIRST || refused !== null) return answer;
      refused = put(first, 'key', 'lost').catch((error: unknown) => error);
      expect(await refused).toMatchObject(LOST);
      throw new Error('connection closed while waiting for response');
    });
    const { store } = await makeStore({ connect, commandTimeoutMs: 5000 }, iggy);
    const { shard } = await openShard(store, { expectedEpoch: first.epoch });
    expect(shard.epoch).toBe(first.epoch + 1);
    expect(fenced).toHaveLength(1);
    expect(await kept(shard)).toEqual({ key: 'value' });
    await put(shard, 'other', 'value');
    expect(await kept((await openStore({}, iggy)).shard)).toEqual({ key: 'value', other: 'value' });
  });

  test('expects nothing where nothing was opened yet', async () => {
    const { store } = await makeStore();
    expect((await openShard(store, { expectedEpoch: 0 })).shard.epoch).toBe(1);
  });
});

describe('what is to be accepted before a shard is opened', () => {
  test('is what the kit has put; refused, it leaves the owner alone and nothing of its own', async () => {
    const { iggy, shard, fenced } = await openStore();
    await put(shard, 'key', 'value');
    const { store } = await makeStore({}, iggy);
    const before = await iggy.connect().topic.list({ streamId: 'kafka' });
    const error = new TypeError('not this one');
    const seen: string[] = [];
    const accept = (values: Iterable<readonly [string, Uint8Array]>): never => {
      for (const [key, value] of values) seen.push(`${key}=${String(Buffer.from(value))}`);
      throw error;
    };
    await expect(openShard(store, { accept })).rejects.toBe(error);
    expect(seen).toEqual(['key=value']);
    expect(await iggy.connect().topic.list({ streamId: 'kafka' })).toEqual(before);
    await put(shard, 'key', 'newer');
    expect(fenced).toEqual([]);
  });

  test('is not there at the first start; refused, it leaves no topic', async () => {
    const { iggy, store } = await makeStore();
    const accept = (values: Iterable<unknown>): never => {
      throw new Error(`refused with ${String([...values].length)} values`);
    };
    await expect(openShard(store, { accept })).rejects.toThrow('refused with 0 values');
    expect(await iggy.connect().topic.list({ streamId: 'kafka' })).toEqual([]);
  });

  test('is asked for anew where another gateway opens the shard meanwhile', async () => {
    const { iggy } = await openStore();
    let other: StateShard | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (other === null && topic === FIRST) {
        other = (await openStore({}, iggy)).shard;
        await put(other, 'format', '2');
      }
      return go();
    });
    const { store } = await makeStore({ connect, commandTimeoutMs: 5000 }, iggy);
    const seen: string[][] = [];
    const accept = (values: Iterable<readonly [string, Uint8Array]>): void => {
      seen.push(Array.from(values, ([key]) => key));
    };
    await openShard(store, { accept });
    expect(seen).toEqual([[], ['format']]);
    await expect(put(other!, 'key', 'lost')).rejects.toMatchObject(LOST);
  });
});

describe('a gateway that opens a shard while another one has it', () => {
  test('drops no topic that a third one goes on in, while it copies what is left of it', async () => {
    const { iggy, shard: first } = await openStore();
    for (const key of ['a', 'b', 'c']) await put(first, key, 'value');
    let isCut = false;
    const through = sendingThrough(iggy, (topic, go) => {
      if (topic === FIRST && !isCut) iggy.dropFrom('kafka', FIRST, 0, 3);
      isCut ||= topic === FIRST;
      return go();
    });
    let third: StateShard | null = null;
    const connect = (): IggyClient => {
      const client = through();
      const create: IggyClient['topic']['create'] = async (init) => {
        if (init.name === '__kafka_gateway_state.shard-0.2' && third === null) {
          third = (await openStore({}, iggy)).shard;
          await put(third, 'key', 'value');
        }
        return client.topic.create(init);
      };
      return { ...client, topic: { ...client.topic, create } };
    };
    const { shard: second } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    expect(await kept(second)).toMatchObject({ key: 'value' });
    await expect(put(third!, 'key', 'late')).rejects.toMatchObject(LOST);
  });

  test('drops no topic that the other may still put into', async () => {
    const { iggy, shard: first } = await openStore();
    await put(first, 'group', 'old');
    // Writing it anew was broken off before: the shard is to be copied.
    const left = { streamId: 'kafka', name: '__kafka_gateway_state.shard-0.2', partitionCount: 1 } as const;
    await iggy.connect().topic.create({ ...left, compressionAlgorithm: 1 });
    let late: Promise<boolean> | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === '__kafka_gateway_state.shard-0.3') {
        late ??= put(first, 'group', 'late').then(
          () => true,
          () => false,
        );
        await late;
      }
      return go();
    });
    const { shard: second } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    expect(await kept(second)).toEqual({ group: (await late!) ? 'late' : 'old' });
    await put(second, 'group', 'new');
  });

  test.each([
    ['is dropped', false],
    ['is there yet', true],
  ])('goes on in the topic that the other has written anew meanwhile, where the one before %s', async (_, stays) => {
    const iggy = createStandIn();
    const { shard: first } = await openStore({ commandTimeoutMs: 5000 }, iggy);
    await put(first, 'group', 'old');
    iggy.fault = (name) => (stays && name === 'topic.delete' ? 'before' : undefined);
    let grown: Promise<void> | null = null;
    const connect = sendingThrough(iggy, async (topic, go) => {
      if (topic === FIRST) await (grown ??= grow(first, 18).then(() => put(first, 'after', 'value')));
      return go();
    });
    const { shard: second } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    iggy.fault = () => undefined;
    expect(await generations(iggy)).not.toEqual([FIRST]);
    await expect(put(first, 'group', 'lost')).rejects.toMatchObject(LOST);
    await put(second, 'group', 'new');
    const { shard: third } = await openStore({}, iggy);
    expect(await kept(third)).toEqual({ big: 'xxxxx', after: 'value', group: 'new' });
  });

  test('opens it, where another one does at the same time: one of them has it', { timeout: 5000 }, async () => {
    const { iggy, shard: first } = await openStore();
    let between: Promise<void> | null = null;
    // Both find more than they have read.
    const connect = sendingThrough(iggy, async (_, go) => {
      between ??= put(first, 'group', 'late');
      await between;
      return go();
    });
    const both = await Promise.all([openStore({ connect }, iggy), openStore({ connect }, iggy)]);
    for (const { shard } of both) expect(await kept(shard)).toEqual({ group: 'late' });
    const puts = await Promise.allSettled(both.map(({ shard }) => put(shard, 'other', 'new')));
    expect(puts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test.each([
    ['is not there any more each time it is read', { topic: { get: () => Promise.resolve(null) } }, 'others open it'],
    ['is dropped before it is taken', { message: { send: () => Promise.reject(refusal(20, 101)) } }, 'refused: 20'],
  ])('gives up where the topic %s', { timeout: 10_000 }, async (_, instead, why) => {
    const { iggy } = await openStore();
    const layout = { streamId: 'kafka', topicId: '__kafka_gateway_state.1' };
    const connect = (): IggyClient => {
      const client = iggy.connect();
      const { topic, message } = { topic: {}, message: {}, ...instead };
      const get: IggyClient['topic']['get'] = (args) =>
        args.topicId === layout.topicId || !('get' in topic) ? client.topic.get(args) : topic.get();
      return { ...client, topic: { ...client.topic, get }, message: { ...client.message, ...message } };
    };
    await expect(openStore({ connect }, iggy)).rejects.toThrow(`Iggy: the state cannot be opened: `);
    await expect(openStore({ connect }, iggy)).rejects.toThrow(why);
  });

  test('makes a topic of its own, where the other makes one at the same time', async () => {
    const iggy = createStandIn();
    const stores = await Promise.all([makeStore({}, iggy), makeStore({}, iggy)]);
    const puts = stores.map(async ({ store }, index) => {
      const { shard } = await openShard(store);
      await put(shard, String(index), 'value');
      return [String(index), 'value'] as const;
    });
    const settled = await Promise.allSettled(puts);
    const acknowledged = settled.filter((each) => each.status === 'fulfilled').map(({ value }) => value);
    expect(acknowledged.length).toBeGreaterThan(0);
    const { shard: third } = await openStore({}, iggy);
    expect(await kept(third)).toEqual(Object.fromEntries(acknowledged));
  });
});

test('what a later release has written into the shard is another gateway that has it', async () => {
  const { iggy, shard, fenced } = await openStore();
  await send(iggy, Buffer.alloc(20, 9));
  for (let times = 0; times < 2; times++) await expect(put(shard, 'key', 'value')).rejects.toMatchObject(LOST);
  expect(fenced).toMatchObject([{ message: expect.stringMatching(/another gateway has opened stream 'kafka'/) }]);
});

test('a topic of the state that is removed underneath is told once, and nothing is kept any more', async () => {
  const { iggy, shard, fenced } = await openStore();
  await iggy.connect().topic.delete({ streamId: 'kafka', topicId: FIRST, partitionsCount: 1 });
  for (let times = 0; times < 2; times++) await expect(put(shard, 'key', 'value')).rejects.toMatchObject(LOST);
  expect(fenced).toMatchObject([
    { message: expect.stringMatching(/topic '__kafka_gateway_state\.shard-0\.1' of stream 'kafka', which holds/) },
  ]);
});

describe('the refresh of topics', () => {
  test.each([
    ['another gateway has opened the shard', (iggy: StandIn) => openStore({}, iggy)],
    [
      'its topic is gone',
      (iggy: StandIn) => iggy.connect().topic.delete({ streamId: 'kafka', topicId: FIRST, partitionsCount: 1 }),
    ],
  ])('finds that %s', async (_, happens) => {
    const { iggy, store, fenced } = await openStore({ topicsRefreshMs: 10 });
    onTestFinished(store.watchTopics(() => undefined));
    await happens(iggy);
    await vi.waitFor(() => expect(fenced).toMatchObject([LOST]));
  });

  test('asks nothing while this gateway alone writes, and nothing after the loss', async () => {
    const { iggy, store, shard, fenced } = await openStore();
    await put(shard, 'key', 'value');
    const sends = iggy.counts.get('message.send');
    for (let times = 0; times < 3; times++) await store.listTopics();
    expect(iggy.counts.get('message.send')).toBe(sends);
    await openStore({}, iggy);
    await store.listTopics();
    await vi.waitFor(() => expect(fenced).toHaveLength(1));
    const later = iggy.counts.get('message.send');
    await store.listTopics();
    expect(iggy.counts.get('message.send')).toBe(later);
  });
});
