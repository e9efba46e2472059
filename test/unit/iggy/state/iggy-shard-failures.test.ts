import { expect, test } from 'vitest';
import { encodeEntry, EntryKind } from '../../../../adapters/iggy/state/state-entry.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { failOnce, openStore } from '../../../support/iggy-store.js';

const VALUE = Buffer.from('1');
const inState = (topicId: string) => ({ streamId: 'kafka', topicId, partition: { kind: 2, value: 0 } }) as const;

const topics = async (iggy: StandIn): Promise<string[]> =>
  (await iggy.connect().topic.list({ streamId: 'kafka' })).map(({ name }) => name);

/** From the next command of a name on, the server lets nobody in. */
function refuseFrom(iggy: StandIn, command: string): void {
  iggy.fault = (name) => {
    if (name === command) iggy.letsIn = false;
    return undefined;
  };
}

test('a put whose answer did not come is repeated, and holds once', async () => {
  const { iggy, store } = await openStore();
  for (const fault of ['before', 'after'] as const) {
    failOnce(iggy, 'message.send', fault);
    await store.put(fault, VALUE);
  }
  await store.close();
  const { store: again } = await openStore({}, iggy);
  expect([...again.load()].map(([key, value]) => [key, String(value)])).toEqual([
    ['before', '1'],
    ['after', '1'],
  ]);
});

test('a put that is refused fails, and the next one is kept', async () => {
  const { iggy, store } = await openStore();
  iggy.letsIn = false;
  await expect(store.put('a', VALUE)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  iggy.letsIn = true;
  await store.put('b', VALUE);
  expect([...store.load()].map(([key]) => key)).toEqual(['b']);
});

test('many keys and many bytes are written anew in several sends; where that fails, it goes on as it was', async () => {
  const { iggy, store } = await openStore();
  await Promise.all(Array.from({ length: 1200 }, (_, index) => store.put(`key ${String(index)}`, VALUE)));
  const big = Buffer.alloc(1_000_000, 'x');
  iggy.fault = (name) => (name === 'topic.create' ? 'away' : undefined);
  for (let count = 0; count < 20; count++) await store.put('big', big);
  expect(await topics(iggy)).toEqual(['__kafka_gateway_state.1']);
  iggy.fault = () => undefined;
  for (let count = 0; count < 20; count++) await store.put('big', big);
  // Each attempt has a number of its own.
  expect(await topics(iggy)).toEqual(['__kafka_gateway_state.3']);
  await store.close();
  const { store: again } = await openStore({}, iggy);
  expect([...again.load()]).toHaveLength(1201);
});

test('a topic that was not written to its end does not count, and is dropped', async () => {
  const { iggy, store } = await openStore();
  await store.put('a', VALUE);
  await store.close();
  const direct = iggy.connect();
  const init = { streamId: 'kafka', partitionCount: 1, compressionAlgorithm: 1 } as const;
  for (const name of ['__kafka_gateway_state.2', '__kafka_gateway_state.3']) {
    await direct.topic.create({ ...init, name });
  }
  const payload = encodeEntry({ kind: EntryKind.PUT, sequence: 99, key: 'half', value: VALUE });
  await direct.message.send({ ...inState('__kafka_gateway_state.2'), messages: [{ payload }] });
  const { store: again } = await openStore({}, iggy);
  expect([...again.load()].map(([key]) => key)).toEqual(['a']);
  expect(await topics(iggy)).toEqual(['__kafka_gateway_state.4']);
});

test.each([
  ['an entry of 3 bytes', Buffer.from('abc')],
  ['an entry of version 9, of which this release knows nothing', Buffer.alloc(20, 9)],
  ['an entry whose key is cut off', Buffer.from([1, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 120])],
])('a state with %s is not begun upon', async (what, payload) => {
  const { iggy, store } = await openStore();
  await store.close();
  await iggy.connect().message.send({ ...inState('__kafka_gateway_state.1'), messages: [{ payload }] });
  await expect(openStore({}, iggy)).rejects.toThrow(`topic '__kafka_gateway_state.1' has ${what}`);
});

test('a state that the server does not give, or does not take, is not begun upon', async () => {
  const iggy = createStandIn();
  await (await openStore({}, iggy)).store.close();
  refuseFrom(iggy, 'topic.list');
  await expect(openStore({}, iggy)).rejects.toThrow('the topics of the state cannot be listed');
  iggy.letsIn = true;
  refuseFrom(iggy, 'topic.get');
  await expect(openStore({}, iggy)).rejects.toThrow("topic '__kafka_gateway_state.1' cannot be read");
  iggy.fault = () => undefined;
  iggy.letsIn = true;
  const connect = () => {
    const client = iggy.connect();
    const poll: typeof client.message.poll = async (args) => ({ ...(await client.message.poll(args)), messages: [] });
    return { ...client, message: { ...client.message, poll } };
  };
  await expect(openStore({ connect }, iggy)).rejects.toThrow("topic '__kafka_gateway_state.1' ends at 0, and not at");
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
  iggy.fault = (name) => (name === 'message.poll' ? 'away' : undefined);
  await expect(openStore({}, iggy)).rejects.toThrow("topic '__kafka_gateway_state.1' cannot be read");
});
