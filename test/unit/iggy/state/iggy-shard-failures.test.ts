import { expect, test } from 'vitest';
import { encodeEntry, EntryKind } from '../../../../adapters/iggy/state/state-entry.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { failOnce, generations, kept, makeStore, OPENING, openStore, put } from '../../../support/iggy-store.js';

const VALUE = Buffer.from('1');
const inState = (topicId: string) => ({ streamId: 'kafka', topicId, partition: { kind: 2, value: 0 } }) as const;

/** From the next command of a name on, or a later one, the server lets nobody in. */
function refuseFrom(iggy: StandIn, command: string, count = 1): void {
  let left = count;
  iggy.fault = (name) => {
    if (name === command && --left === 0) iggy.letsIn = false;
    return undefined;
  };
}

test('a put whose answer did not come is repeated, and holds once', async () => {
  const { iggy, store, shard } = await openStore();
  for (const fault of ['before', 'after'] as const) {
    failOnce(iggy, 'message.send', fault);
    await put(shard, fault, VALUE);
  }
  await store.close();
  const { shard: again } = await openStore({}, iggy);
  expect(await kept(again)).toEqual({ before: '1', after: '1' });
});

test('a put that is refused fails, and the next one is kept', async () => {
  const { iggy, shard } = await openStore();
  iggy.letsIn = false;
  await expect(put(shard, 'a', VALUE)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  iggy.letsIn = true;
  await put(shard, 'b', VALUE);
  expect(await kept(shard)).toEqual({ b: '1' });
});

test('many keys and many bytes are written anew in several sends; where that fails, it goes on as it was', async () => {
  const { iggy, store, shard } = await openStore();
  await Promise.all(Array.from({ length: 1200 }, (_, index) => put(shard, `key ${String(index)}`, VALUE)));
  const big = Buffer.alloc(1_000_000, 'x');
  iggy.fault = (name) => (name === 'topic.create' ? 'away' : undefined);
  for (let count = 0; count < 20; count++) await put(shard, 'big', big);
  expect(await generations(iggy)).toEqual(['__kafka_gateway_state.shard-0.1']);
  iggy.fault = () => undefined;
  for (let count = 0; count < 20; count++) await put(shard, 'big', big);
  // Each attempt has a number of its own.
  expect(await generations(iggy)).toEqual(['__kafka_gateway_state.shard-0.3']);
  await store.close();
  const { shard: again } = await openStore({}, iggy);
  expect(Object.keys(await kept(again))).toHaveLength(1201);
});

test('a topic that was not written to its end does not count, and is dropped', async () => {
  const { iggy, store, shard } = await openStore();
  await put(shard, 'a', VALUE);
  await store.close();
  const direct = iggy.connect();
  const init = { streamId: 'kafka', partitionCount: 1, compressionAlgorithm: 1 } as const;
  for (const name of ['__kafka_gateway_state.shard-0.2', '__kafka_gateway_state.shard-0.3']) {
    await direct.topic.create({ ...init, name });
  }
  const payload = encodeEntry({ kind: EntryKind.PUT, sequence: 99, key: 'half', value: VALUE });
  await direct.message.send({ ...inState('__kafka_gateway_state.shard-0.2'), messages: [{ payload }] });
  const { shard: again } = await openStore({}, iggy);
  expect(await kept(again)).toEqual({ a: '1' });
  expect(await generations(iggy)).toEqual(['__kafka_gateway_state.shard-0.4']);
});

test.each([
  ['an entry of 3 bytes', Buffer.from('abc')],
  ['an entry of version 9, of which this release knows nothing', Buffer.alloc(20, 9)],
  ['an entry whose key is cut off', Buffer.from([1, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 120])],
])('a state with %s is not begun upon', async (what, payload) => {
  const { iggy, store } = await openStore();
  await store.close();
  await iggy.connect().message.send({ ...inState('__kafka_gateway_state.shard-0.1'), messages: [{ payload }] });
  await expect(openStore({}, iggy)).rejects.toThrow(`topic '__kafka_gateway_state.shard-0.1' has ${what}`);
});

test('a state that the server does not give, or does not take, is not begun upon', async () => {
  const iggy = createStandIn();
  await (await openStore({}, iggy)).store.close();
  refuseFrom(iggy, 'topic.list');
  await expect(openStore({}, iggy)).rejects.toThrow('the topics of the state cannot be listed');
  iggy.letsIn = true;
  const topics = ['__kafka_gateway_state.1', '__kafka_gateway_state.shard-0.1'];
  for (const [index, topic] of topics.entries()) {
    refuseFrom(iggy, 'topic.get', index + 1);
    await expect(openStore({}, iggy)).rejects.toThrow(`topic '${topic}' cannot be read`);
    iggy.letsIn = true;
  }
  iggy.fault = () => undefined;
  iggy.letsIn = true;
  const connect = () => {
    const client = iggy.connect();
    const poll: typeof client.message.poll = async (args) => {
      const polled = await client.message.poll(args);
      return args.topicId === topics[0] ? polled : { ...polled, messages: [] };
    };
    return { ...client, message: { ...client.message, poll } };
  };
  await expect(openStore({ connect }, iggy)).rejects.toThrow(
    "topic '__kafka_gateway_state.shard-0.1' ends at 0, and not at",
  );
  // Only what is put says whether offsets are confirmed.
  iggy.confirms = false;
  await expect(openStore({}, iggy)).rejects.toThrow("version 0.9 or later of Iggy's server is needed");
});

test('a server that begins to refuse as the state is opened is said so', async () => {
  const iggy = createStandIn();
  await (await openStore({}, iggy)).store.close();
  refuseFrom(iggy, 'message.send');
  await expect(openStore({}, iggy)).rejects.toThrow('state cannot be kept');
});

test('a state that cannot be read to its end is not begun upon', async () => {
  const iggy = createStandIn();
  await (await openStore({}, iggy)).store.close();
  for (const [index, topic] of ['__kafka_gateway_state.1', '__kafka_gateway_state.shard-0.1'].entries()) {
    let polls = 0;
    iggy.fault = (name) => (name === 'message.poll' && polls++ >= index ? 'away' : undefined);
    await expect(openStore({}, iggy)).rejects.toThrow(`topic '${topic}' cannot be read`);
  }
});

test('an opening that nobody waits for any more begins nothing new', async () => {
  const { iggy, store } = await makeStore();
  const waiting = new AbortController();
  iggy.fault = (name) => {
    if (name === 'topic.create') waiting.abort();
    return undefined;
  };
  const opening = store.openShard(OPENING, waiting.signal);
  await expect(opening).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'Iggy: opening a shard was aborted' });
  iggy.fault = () => undefined;
  await expect(store.openShard(OPENING, waiting.signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await store.close();
  expect(await generations(iggy)).toEqual([]);
  await openStore({}, iggy);
});
