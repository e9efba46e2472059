import type { StateChange } from 'iggy-gateway-kafka/adapters/broker';
import { createIggyStore, type IggyClient, type IggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { expect, onTestFinished, test, vi } from 'vitest';
import { stateEntries } from '../../../iggy/support/gateway-sides.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { openStore } from '../../../support/iggy-store.js';

const QUICK = { sessionTimeoutMs: 100, topicsRefreshMs: 10, commandTimeoutMs: 5000 };
const CLOSED = 5;

/** A store that looks at its topics, and the changes that it reports. */
async function watched(options: Parameters<typeof openStore>[0], iggy: StandIn) {
  const opened = await openStore({ ...QUICK, ...options }, iggy);
  const changes: StateChange['kind'][] = [];
  opened.store.watchState(({ kind }) => changes.push(kind));
  onTestFinished(opened.store.watchTopics(() => undefined));
  return { ...opened, changes };
}

test('a state that is lost while it is still being taken back is not reported as regained', async () => {
  const iggy = createStandIn();
  let isArmed = false;
  let second: IggyStore | null = null;
  const connect = (): IggyClient => {
    const client = iggy.connect();
    const send: IggyClient['message']['send'] = async (args) => {
      if (isArmed && args.messages.some(({ payload }) => payload.includes('message-tag'))) {
        isArmed = false;
        second = (await openStore(QUICK, iggy)).store;
      }
      return client.message.send(args);
    };
    return { ...client, message: { ...client.message, send } };
  };
  const { store, changes } = await watched({ connect }, iggy);
  isArmed = true;
  await iggy.connect().topic.delete({ streamId: 'kafka', topicId: '__kafka_gateway_state.1', partitionsCount: 1 });
  await vi.waitFor(() => expect(second).not.toBeNull());
  await expect(store.put('key', Buffer.from('value'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(changes.at(-1)).toBe('lost');
});

test('a state that another gateway has written into a new topic is followed there, and taken back', async () => {
  const { iggy, store, changes } = await watched({}, createStandIn());
  const left = { name: '__kafka_gateway_state.7', partitionCount: 1, compressionAlgorithm: 1 } as const;
  await iggy.connect().topic.create({ streamId: 'kafka', ...left });
  const { store: second } = await openStore(QUICK, iggy);
  await vi.waitFor(() => expect(changes).toContain('lost'));
  await second.put('key', Buffer.from('value'));
  await second.close();
  await vi.waitFor(() => expect(changes).toContain('regained'), { timeout: 10_000 });
  expect(Array.from(store.load())).toContainEqual(['key', Buffer.from('value')]);
});

test('a state that this release cannot read is left alone, and the operator is told once', async () => {
  const { iggy, store, warnings, changes } = await watched({}, createStandIn());
  const { store: later } = await openStore(QUICK, iggy);
  await vi.waitFor(() => expect(changes).toContain('lost'));
  const inState = { streamId: 'kafka', topicId: '__kafka_gateway_state.1', partition: { kind: 2, value: 0 } } as const;
  await iggy.connect().message.send({ ...inState, messages: [{ payload: Buffer.alloc(20, 9) }] });
  await later.close();
  const lists = iggy.counts.get('topic.list') ?? 0;
  await vi.waitFor(() => expect(iggy.counts.get('topic.list')).toBeGreaterThan(lists + 50), { timeout: 10_000 });
  const unread = warnings.filter((text) => text.includes('cannot be taken back'));
  expect(unread).toEqual([expect.stringMatching(/'__kafka_gateway_state\.1' has an entry of version 9/)]);
  expect(changes).not.toContain('regained');
  await expect(store.put('key', Buffer.from('value'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a gateway that cannot open the rest gives back the state that it has opened', async () => {
  const iggy = createStandIn();
  const { store } = await openStore(QUICK, iggy);
  await store.createTopic({ id: 'any', name: 'orders', partitionCount: 1, configs: {} });
  iggy.fault = (name) => (name === 'offset.get' ? 'before' : undefined);
  const failing = createIggyStore(
    { connect: () => iggy.connect(), stream: 'kafka', importOffsets: ['group'] },
    () => undefined,
  );
  await expect(failing.open()).rejects.toThrow(/offsets of the group 'group' cannot be read/);
  const kinds = await stateEntries({ connect: () => iggy.connect(), stream: 'kafka' });
  expect(kinds.at(-1)).toBe(CLOSED);
});
