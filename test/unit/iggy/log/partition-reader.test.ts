import { createIggyStore, type IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import type { PartitionId, ReadResult } from 'iggy-gateway-kafka/adapters/broker';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { append, batchOf, createOrders, door, openStore, read, records } from '../../../support/iggy-store.js';

const inOrders = { streamId: 'kafka', topicId: 'orders', partition: { kind: 2, value: 0 } } as const;

const text = (result: ReadResult): string[] => records(result).map(([, value]) => value);

/** Clients whose polls give something else, once told. */
function polling(iggy: StandIn, instead: IggyClient['message']['poll']) {
  let told = false;
  const connect = (): IggyClient => {
    const client = iggy.connect();
    const poll: IggyClient['message']['poll'] = (args) => (told ? instead(args) : client.message.poll(args));
    return { ...client, message: { ...client.message, poll } };
  };
  return { connect, tell: () => void (told = true) };
}

test('messages that cannot be read are left out, counted and told of', async () => {
  const { iggy, store, warnings } = await openStore();
  const partition = await createOrders(store);
  const direct = iggy.connect();
  const header = (value: Buffer, name = 'long') => ({
    payload: Buffer.from('x'),
    headers: [{ key: { kind: 2, value: name } as const, value: { kind: 1, value } as const }],
  });
  await append(store, partition, batchOf('a'));
  await direct.message.send({ ...inOrders, messages: [header(Buffer.alloc(300))] });
  await append(store, partition, batchOf('b'));
  await direct.message.send({ ...inOrders, messages: [header(Buffer.of(9), 'kafka.v')] });
  await append(store, partition, batchOf('c'));
  expect(store.skippedMessages).toBe(0);
  const values: string[] = [];
  for (let offset = 0; offset < 5;) {
    const result = await read(store, partition, offset);
    values.push(...text(result));
    offset = Math.max(offset + 1, ...records(result).map(([at]) => at + 1));
  }
  expect(values).toEqual(['a', 'b', 'c']);
  expect(store.skippedMessages).toBe(2);
  expect(warnings.filter((warning) => warning.includes('is left out'))).toEqual([
    "Iggy: message 1 of orders-0 is left out: Iggy's SDK cannot read it",
    'Iggy: message 3 of orders-0 is left out: kafka.v is 0x09, which this version does not know',
  ]);
});

describe('a message that the SDK cannot read, where the log begins,', () => {
  const unreadable = {
    payload: Buffer.from('x'),
    headers: [{ key: { kind: 2, value: 'long' } as const, value: { kind: 1, value: Buffer.alloc(300) } as const }],
  };

  test('stops neither who writes nor who reads', async () => {
    const { iggy, store, warnings } = await openStore();
    const partition = await createOrders(store);
    const direct = iggy.connect();
    await direct.message.send({ ...inOrders, messages: [{ payload: Buffer.from('expired') }, unreadable] });
    iggy.dropBefore('kafka', 'orders', 0, 1);
    expect(await append(store, partition, batchOf('a'))).toMatchObject({ baseOffset: 2, logStartOffset: 1 });
    expect(await store.logOffsets(partition)).toMatchObject({ logStartOffset: 1, logEndOffset: 3 });
    expect(text(await read(store, partition, 1))).toEqual(['a']);
    expect((await read(store, partition, 0)).error).toMatchObject({ code: 'OUT_OF_RANGE' });
    expect(warnings).toEqual(["Iggy: message 1 of orders-0 is left out: Iggy's SDK cannot read it"]);
  });

  test('does not keep one from asking for a time', async () => {
    const { iggy, store } = await openStore();
    const partition = await createOrders(store);
    await iggy.connect().message.send({ ...inOrders, messages: [unreadable] });
    await append(store, partition, batchOf('a'));
    expect(await store.offsetForTimestamp(partition, 1_000)).toMatchObject({ offset: 1 });
  });
});

test('a partition that there is not is not found', async () => {
  const { store } = await openStore();
  const partition: PartitionId = { ...(await createOrders(store)), partition: 5 };
  expect(await read(store, partition)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  await expect(store.logOffsets(partition)).rejects.toThrow('there is no partition orders-5');
});

test('nothing is given where nothing is wanted', async () => {
  const { store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  for (let times = 0; times < 2; times++) {
    const [result] = await store.read([{ partition, offset: 0, maxBytes: 0, atLeastOneBatch: false }]);
    expect(result).toMatchObject({ chunks: [], bytes: 0, logEndOffset: 1 });
  }
});

test('a server that does not give the messages that it has is one that cannot be read', async () => {
  const iggy = createStandIn();
  const { connect, tell } = polling(iggy, async () => ({ partitionId: 0, currentOffset: 0n, messages: [] }));
  const { store } = await openStore({ connect }, iggy);
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  tell();
  await expect(store.logOffsets(partition)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('an answer that is none of the SDK that is known is an error, and no silence', async () => {
  const iggy = createStandIn();
  const { connect, tell } = polling(iggy, () => Promise.resolve({} as never));
  const { store } = await openStore({ connect }, iggy);
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  await store.logOffsets(partition);
  tell();
  await expect(read(store, partition)).rejects.toThrow(TypeError);
});

test('what was read and appended is held up to a bound, and read again beyond', async () => {
  const { iggy, store } = await openStore({ readAheadBytes: 65_536 });
  const partition = await createOrders(store);
  const value = 'x'.repeat(5000);
  for (let index = 0; index < 100; index++) await append(store, partition, batchOf(`${String(index)} ${value}`));
  for (const offset of [0, 50, 99, 0]) {
    expect(text(await read(store, partition, offset, 6000))[0]).toBe(`${String(offset)} ${value}`);
  }
  // Appended and read one by one, each is a run of its own.
  for (let index = 100; index < 180; index++) {
    await append(store, partition, batchOf(String(index)));
    expect(text(await read(store, partition, index))).toEqual([String(index)]);
  }
  const polls = iggy.counts.get('message.poll')!;
  expect(text(await read(store, partition, 179))).toEqual(['179']);
  expect(iggy.counts.get('message.poll')).toBe(polls);
  expect(text(await read(store, partition, 100))[0]).toBe('100');
  expect(iggy.counts.get('message.poll')).toBeGreaterThan(polls);
});

test('after a purge what was held is not given any more, once something is appended', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a', 'b'));
  expect(text(await read(store, partition))).toEqual(['a', 'b']);
  await iggy.connect().topic.purge(inOrders);
  // Where the log ends now, is believed only after a while.
  await expect(store.logOffsets(partition)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await append(store, partition, batchOf('c'))).toMatchObject({ baseOffset: 0 });
  expect(text(await read(store, partition))).toEqual(['c']);
});

/** A store whose poll of `orders` from an offset on is answered, once, when a door is opened. */
async function slowFrom(offset: bigint) {
  const iggy = createStandIn();
  const polled = door();
  const answers = door();
  let slow = true;
  const connect = (): IggyClient => {
    const client = iggy.connect();
    const poll: IggyClient['message']['poll'] = async (args) => {
      const answer = await client.message.poll(args);
      const { kind, value } = args.pollingStrategy;
      if (slow && args.topicId === 'orders' && kind === 1 && value === offset) {
        slow = false;
        polled.open();
        await answers.opened;
      }
      return answer;
    };
    return { ...client, message: { ...client.message, poll } };
  };
  const { store } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
  return { iggy, store, partition: await createOrders(store), polled: polled.opened, answer: answers.open };
}

test('messages whose answer comes after a purge are not given, nor held', async () => {
  const { iggy, store, partition, polled, answer } = await slowFrom(0n);
  await append(store, partition, batchOf('a', 'b'));
  const reading = read(store, partition);
  await polled;
  await iggy.connect().topic.purge(inOrders);
  expect(await append(store, partition, batchOf('c'))).toMatchObject({ baseOffset: 0 });
  answer();
  expect((await reading).error).toMatchObject({ code: 'UNAVAILABLE' });
  expect(text(await read(store, partition))).toEqual(['c']);
  expect(await store.logOffsets(partition)).toMatchObject({ logEndOffset: 1 });
});

test('what came before a purge is not given where the rest of the answer comes after it', async () => {
  const { iggy, store, partition, polled, answer } = await slowFrom(100n);
  await append(store, partition, batchOf(...new Array<string>(150).fill('a')));
  const reading = read(store, partition);
  await polled;
  await iggy.connect().topic.purge(inOrders);
  expect(await append(store, partition, batchOf('c'))).toMatchObject({ baseOffset: 0 });
  expect(text(await read(store, partition))).toEqual(['c']);
  answer();
  expect((await reading).error).toMatchObject({ code: 'UNAVAILABLE' });
});

test('what is read ahead in vain is nobody’s failure', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf(...Array.from({ length: 300 }, (_, index) => String(index))));
  expect(text(await read(store, partition, 0, 1000))[0]).toBe('0');
  // What comes next is being asked for already.
  const polls = iggy.counts.get('message.poll')!;
  iggy.letsIn = false;
  await vi.waitFor(() => expect(iggy.counts.get('message.poll')).toBe(polls + 1));
  iggy.letsIn = true;
  expect(text(await read(store, partition, 299))).toEqual(['299']);
});

test('before it is open, and after it was closed, a store says so', async () => {
  const iggy = createStandIn();
  const never = createIggyStore({ connect: () => iggy.connect(), stream: 'kafka' });
  await expect(never.listTopics()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const { store } = await openStore({}, iggy);
  await store.close();
  await expect(store.listTopics()).rejects.toThrow('the adapter is closed');
});

test('whoever waits for a connection when the store is closed is let go', async () => {
  const { iggy, store } = await openStore({ connections: 1, commandTimeoutMs: 60_000, connectTimeoutMs: 60_000 });
  const orders = await createOrders(store);
  const { id, name } = await store.createTopic({ id: 'any', name: 'payments', partitionCount: 1, configs: {} });
  const partition = { topicId: id, topic: name, partition: 0 };
  iggy.fault = () => 'hang';
  const asked = iggy.counts.get('stream.get') ?? 0;
  // What is under way ends with its own time: two commands, since a slow one gives its place away.
  void store.listTopics().catch(() => undefined);
  void store.logOffsets(orders).catch(() => undefined);
  await vi.waitFor(() => expect(iggy.counts.get('stream.get')).toBe(asked + 1));
  const waiting = expect(append(store, partition, batchOf('a'))).resolves.toMatchObject({
    error: { code: 'UNAVAILABLE' },
  });
  await store.close();
  await waiting;
});

test('a connection that gives no client, or fails in words of its own, is said at the start', async () => {
  const start = async (connect: () => IggyClient): Promise<void> => {
    const store = createIggyStore({ connect, stream: 'kafka', connectTimeoutMs: 50 });
    onTestFinished(() => store.close());
    await store.open();
  };
  await expect(start(() => undefined as never)).rejects.toThrow('is no client of Iggy');
  const client = createStandIn().connect();
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as a user's own client may
  const get = (): Promise<never> => Promise.reject('out of order');
  await expect(start(() => ({ ...client, stream: { ...client.stream, get } }))).rejects.toThrow('out of order');
});
