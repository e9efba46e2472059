import type { ShardEntry } from 'iggy-gateway-kafka/adapters/broker';
import type { IggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { describe, expect, test } from 'vitest';
import { EntryKind } from '../../../../adapters/iggy/state/state-entry.js';
import { appendTo, entryOf, stateTopics, writeTopic } from '../../../support/iggy-earlier-state.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { grow, makeStore, NEVER, openShard, openStore, put, sendingThrough } from '../../../support/iggy-store.js';

const GENERATION = 2 ** 32;

/** What is visited from a position on, in short, and the next position. */
async function follow(store: IggyStore, from: number, shard = 0): Promise<{ next: number; seen: string[] }> {
  const seen: string[] = [];
  const visit = (entry: ShardEntry): void => {
    if (entry.kind === 'reset') seen.push('reset');
    else if (entry.kind === 'opened') seen.push(`${entry.epoch} opened by ${String(Buffer.from(entry.owner))}`);
    else
      seen.push(
        `${entry.epoch} ${entry.key}=${entry.value === null ? 'null' : String(Buffer.from(entry.value).subarray(-5))}`,
      );
  };
  const next = await store.followShard(shard, from, visit, NEVER);
  return { next, seen };
}

const direct = (iggy: StandIn) => iggy.connect().topic;
const topic = (name: string) => ({ streamId: 'kafka', topicId: `__kafka_gateway_state.${name}` });

const PUT = (epoch: number, count: number, key: string) =>
  entryOf(epoch, count, { kind: EntryKind.PUT, key, value: Buffer.from('value') });
const OPENED = (epoch: number, count: number, owner: string) =>
  entryOf(epoch, count, { kind: EntryKind.OPENED, value: Buffer.from(owner) });
const COMPLETE = (epoch: number, count: number) => entryOf(epoch, count, { kind: EntryKind.COMPLETE });

describe('a shard that another gateway owns', () => {
  test('is read on from a position: its openings and the changes of the kit', async () => {
    const { iggy, shard } = await openStore();
    const { store: follower } = await makeStore({}, iggy);
    expect(await follow(follower, 0, 1)).toEqual({ next: 0, seen: [] });
    const first = await follow(follower, 0);
    expect(first.seen).toEqual(['1 opened by owner']);
    await put(shard, 'a', 'value');
    await shard.put([
      ['a', null],
      ['b', Buffer.alloc(0)],
    ]);
    const second = await follow(follower, first.next);
    expect(second.seen).toEqual(['1 a=value', '1 a=null', '1 b=']);
    expect(await follow(follower, second.next)).toEqual({ next: second.next, seen: [] });
    // A check moves the position only, and so does what a later release writes.
    await shard.check(NEVER);
    const checked = await follow(follower, second.next);
    expect(checked).toEqual({ next: second.next + 1, seen: [] });
    await appendTo(iggy, 'shard-0.1', [Buffer.alloc(20, 9)]);
    const later = await follow(follower, checked.next);
    expect(later).toEqual({ next: checked.next + 1, seen: [] });
    // From wherever one begins, the same is read.
    expect((await follow(follower, 0)).seen).toEqual([...first.seen, ...second.seen]);
  });

  test('is read as a whole, after a reset, where it was written anew', async () => {
    const { iggy, shard } = await openStore({ commandTimeoutMs: 5000 });
    const { store: follower } = await makeStore({}, iggy);
    await put(shard, 'gone', 'value');
    const { next } = await follow(follower, 0);
    await put(shard, 'gone', null);
    await grow(shard, 18);
    const anew = await follow(follower, next);
    expect(anew.seen).toEqual(['reset', '1 opened by owner', '1 big=xxxxx', '1 big=xxxxx']);
    expect(Math.floor(anew.next / GENERATION)).toBe(2);
    expect(await follow(follower, anew.next)).toEqual({ next: anew.next, seen: [] });
  });

  test.each([
    ['was purged', (iggy: StandIn) => direct(iggy).purge(topic('shard-0.1')), []],
    [
      'has lost its tail',
      async (iggy: StandIn) => {
        iggy.loseFrom('kafka', topic('shard-0.1').topicId, 0, 4);
      },
      ['1 opened by owner', '1 a=value'],
    ],
  ])('is read as a whole, after a reset, where its topic %s', async (_, lose, left) => {
    const { iggy, shard } = await openStore();
    const { store: follower } = await makeStore({}, iggy);
    for (const key of ['a', 'b']) await put(shard, key, 'value');
    const { next } = await follow(follower, 0);
    await lose(iggy);
    const cut = await follow(follower, next);
    expect(cut.seen).toEqual(['reset', ...left]);
    expect(cut.next > 0).toBe(left.length > 0);
    // The owner writes it anew with its next put.
    await put(shard, 'c', 'value');
    const anew = await follow(follower, cut.next);
    expect(anew.seen.filter((text) => !text.includes('reset'))).toEqual([
      '1 opened by owner',
      ...['a', 'b', 'c'].map((key) => `1 ${key}=value`),
    ]);
  });

  test('is nothing any more, after a reset, where it was removed', async () => {
    const { iggy, shard } = await openStore();
    const { store: follower } = await makeStore({}, iggy);
    await put(shard, 'a', 'value');
    const { next } = await follow(follower, 0);
    await direct(iggy).delete({ ...topic('shard-0.1'), partitionsCount: 1 });
    expect(await follow(follower, next)).toEqual({ next: 0, seen: ['reset'] });
    expect(await follow(follower, 0)).toEqual({ next: 0, seen: [] });
  });

  test('is read in the topic before as long as the next one is not complete', async () => {
    const { iggy, shard } = await openStore();
    const { store: follower } = await makeStore({}, iggy);
    await put(shard, 'a', 'value');
    await writeTopic(iggy, 'shard-0.2', [OPENED(1, 50, 'owner'), PUT(1, 51, 'a')]);
    const first = await follow(follower, 0);
    expect(first.seen).toEqual(['1 opened by owner', '1 a=value']);
    expect(await follow(follower, first.next)).toEqual({ next: first.next, seen: [] });
    await appendTo(iggy, 'shard-0.2', [COMPLETE(1, 52)]);
    expect((await follow(follower, first.next)).seen).toEqual(['reset', '1 opened by owner', '1 a=value']);
  });

  test('is nothing where only an incomplete topic is there', async () => {
    const iggy = createStandIn();
    await writeTopic(iggy, 'shard-0.1', [OPENED(1, 1, 'owner'), PUT(1, 2, 'a')]);
    const { store } = await makeStore({}, iggy);
    expect(await follow(store, 0)).toEqual({ next: 0, seen: [] });
    expect(await follow(store, GENERATION * 7)).toEqual({ next: 0, seen: ['reset'] });
  });

  test('is not followed into a topic that a gateway has left that was overtaken while it wrote it', async () => {
    const { iggy, shard: first } = await openStore();
    await put(first, 'a', 'value');
    const { store } = await makeStore({}, iggy);
    const { shard } = await openShard(store, { owner: Buffer.from('second') });
    await put(shard, 'b', 'value');
    const { store: follower } = await makeStore({}, iggy);
    const { next } = await follow(follower, 0);
    // The first one comes to the end of its copy only now, and finds that it has lost the shard.
    await writeTopic(iggy, 'shard-0.2', [OPENED(1, 50, 'owner'), PUT(1, 51, 'a'), COMPLETE(1, 52)]);
    await appendTo(iggy, 'shard-0.1', [OPENED(1, 53, 'owner')]);
    await put(shard, 'c', 'value');
    const later = await follow(follower, next);
    expect(later.seen.filter((text) => text !== '1 opened by owner')).toEqual(['2 c=value']);
    // Nothing is read twice while both are there.
    const polls = iggy.counts.get('message.poll');
    expect(await follow(follower, later.next)).toEqual({ next: later.next, seen: [] });
    expect(iggy.counts.get('message.poll')).toBe(polls);
    // What is put into the topic that was left changes nothing; the next owner writes both anew.
    const { shard: third } = await openStore({}, iggy);
    expect(await stateTopics(iggy)).toEqual(['1', 'shard-0.3']);
    await put(third, 'd', 'value');
    const { seen } = await follow(follower, later.next);
    expect(seen.slice(0, 2)).toEqual(['reset', '3 opened by owner']);
    expect(seen.slice(2).sort()).toEqual(['a', 'b', 'c', 'd'].map((key) => `3 ${key}=value`));
  });

  test('is looked through anew where one of several topics is cut', async () => {
    const { iggy, shard } = await openStore();
    const { store: follower } = await makeStore({}, iggy);
    await put(shard, 'a', 'value');
    await writeTopic(iggy, 'shard-0.2', [OPENED(1, 50, 'owner'), PUT(1, 51, 'b'), COMPLETE(1, 52)]);
    const first = await follow(follower, 0);
    expect(first.seen).toEqual(['1 opened by owner', '1 b=value']);
    await direct(iggy).purge(topic('shard-0.2'));
    expect((await follow(follower, first.next)).seen).toEqual(['reset', '1 opened by owner', '1 a=value']);
  });

  test('is listed anew where a topic vanishes meanwhile, and given up where that goes on', async () => {
    const { iggy, shard } = await openStore();
    await put(shard, 'a', 'value');
    let left = 1;
    const connect = () => {
      const client = iggy.connect();
      const get: typeof client.topic.get = (args) => (left-- > 0 ? Promise.resolve(null) : client.topic.get(args));
      return { ...client, topic: { ...client.topic, get } };
    };
    const { store } = await makeStore({ connect }, iggy);
    const first = await follow(store, 0);
    expect(first.seen).toEqual(['1 opened by owner', '1 a=value']);
    left = 2;
    expect(await follow(store, first.next)).toEqual({ next: first.next, seen: [] });
    left = Infinity;
    await expect(follow(store, first.next)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'Iggy: shard 0 of the state is written anew all the time',
    });
  });

  test('is not visited any more once nobody waits for it', async () => {
    const { iggy, store } = await openStore();
    const waiting = new AbortController();
    const seen: ShardEntry[] = [];
    iggy.fault = (name) => {
      if (name === 'message.poll') waiting.abort();
      return undefined;
    };
    const following = store.followShard(0, 0, (entry) => seen.push(entry), waiting.signal);
    await expect(following).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await follow(store, 0);
    expect(seen).toEqual([]);
  });

  test('cannot be read while the server is away', async () => {
    const { iggy, store } = await openStore();
    iggy.fault = () => 'away';
    await expect(follow(store, 0)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

test('a follower sees who opened a shard, also under the number of another opening', async () => {
  const { iggy, shard } = await openStore();
  const { store: follower } = await makeStore({}, iggy);
  const { next } = await follow(follower, 0);
  let between: Promise<unknown> | null = null;
  const { store: winner } = await makeStore({}, iggy);
  const connect = sendingThrough(iggy, async (name, go) => {
    const opening = { expectedEpoch: shard.epoch, owner: Buffer.from('winner') };
    if (name === topic('shard-0.1').topicId) await (between ??= openShard(winner, opening));
    return go();
  });
  const { store: loser } = await makeStore({ connect, commandTimeoutMs: 5000 }, iggy);
  const lost = openShard(loser, { expectedEpoch: shard.epoch, owner: Buffer.from('loser') });
  await expect(lost).rejects.toMatchObject({ code: 'FENCED' });
  expect((await follow(follower, next)).seen).toEqual(['2 opened by winner', '2 opened by loser']);
});
