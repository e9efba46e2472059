import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { append, batchOf, createOrders, failOnce, openStore, read, records } from '../../../support/iggy-store.js';
import { defer } from '../../../support/deferred.js';

const inOrders = { streamId: 'kafka', topicId: 'orders', partition: { kind: 2, value: 0 } } as const;

/** The next send is not done, and something else is. */
function insteadOfSend(iggy: StandIn, act: (direct: IggyClient) => Promise<unknown>): void {
  const direct = iggy.connect();
  iggy.fault = (name) => {
    if (name !== 'message.send') return undefined;
    iggy.fault = () => undefined;
    void act(direct);
    return 'before';
  };
}

test('a send that is not done, however often it is tried, is an error, and done when it comes again', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  iggy.fault = (name) => (name === 'message.send' ? 'before' : undefined);
  expect(await append(store, partition, batchOf('a'))).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
  iggy.fault = () => undefined;
  expect(await append(store, partition, batchOf('a'))).toMatchObject({ baseOffset: 0 });
  expect(records(await read(store, partition))).toEqual([[0, 'a']]);
});

test('a send that was not done is told from the messages that others have appended meanwhile', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  const other = { ...inOrders, messages: [{ payload: Buffer.from('other') }] };
  insteadOfSend(iggy, (direct) => direct.message.send(other));
  expect(await append(store, partition, batchOf('b'))).toMatchObject({ baseOffset: 2 });
  expect(records(await read(store, partition)).map(([, value]) => value)).toEqual(['a', 'other', 'b']);
});

test('what became of a send cannot be known while the messages since then cannot be read', async () => {
  const { iggy, store } = await openStore({ commandTimeoutMs: 100 });
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  let sends = 0;
  iggy.fault = (name) => {
    // By then the server has dropped it already.
    if (name === 'message.poll') iggy.dropBefore('kafka', 'orders', 0, 2);
    return name === 'message.send' && sends++ === 0 ? 'after' : undefined;
  };
  expect(await append(store, partition, batchOf('b'))).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
  expect(await append(store, partition, batchOf('b'))).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
});

test('a send that was stored without a confirmation is found', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  iggy.confirms = false;
  expect(await append(store, partition, batchOf('b', 'c'))).toMatchObject({ baseOffset: 1 });
});

test('a send is found also where messages that the SDK cannot read stand around it', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  const key = { kind: 2, value: 'long' } as const;
  const unreadable = {
    payload: Buffer.from('x'),
    headers: [{ key, value: { kind: 1, value: Buffer.alloc(300) } as const }],
  };
  const direct = iggy.connect();
  iggy.fault = (name) => {
    if (name !== 'message.send') return undefined;
    iggy.fault = () => undefined;
    void direct.message.send({ ...inOrders, messages: [unreadable] });
    return 'after';
  };
  expect(await append(store, partition, batchOf('b'))).toMatchObject({ baseOffset: 1 });
});

test('a send to a topic that is gone when it is looked for is an error', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  insteadOfSend(iggy, (direct) => direct.topic.delete({ streamId: 'kafka', topicId: 'orders', partitionsCount: 1 }));
  expect(await append(store, partition, batchOf('b'))).toMatchObject({ error: { code: 'NOT_FOUND' } });
});

test('bytes that are no batch are an error of whoever hands them in', async () => {
  const { store } = await openStore();
  const partition = await createOrders(store);
  const entry = {
    partition,
    batches: Buffer.alloc(80),
    recordCount: 1,
    maxTimestamp: 0,
    leaderEpoch: 0,
    attempt: 0,
    marker: null,
  };
  await expect(store.append([entry])).rejects.toThrow();
});

test('a batch of several sends that is broken off says what is stored, and goes on there', async () => {
  const { iggy, store, warnings } = await openStore({ commandTimeoutMs: 5000 });
  const partition = await createOrders(store);
  const value = Buffer.alloc(40_000_000);
  const two = buildBatch(
    [1, 2].map((timestamp) => ({ timestamp, value })),
    { compression: 'zstd' },
  );
  let sends = 0;
  iggy.fault = (name) => (name === 'message.send' && sends++ > 0 ? 'before' : undefined);
  expect(await append(store, partition, two)).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
  expect(warnings.join('\n')).toMatch(/the first 1 are stored from offset 0; the rest is not/);
  iggy.fault = () => undefined;
  await append(store, partition, batchOf('other'));
  expect(await append(store, partition, two)).toMatchObject({ baseOffset: 0 });
  expect(await store.logOffsets(partition)).toMatchObject({ logStartOffset: 0, logEndOffset: 3 });
});

test('a client of the user that is too slow is used again once it has answered', async () => {
  const iggy = createStandIn();
  const client = iggy.connect();
  const held = defer();
  let holds = false;
  const send: typeof client.message.send = async (args) => {
    const result = await client.message.send(args);
    if (holds) await held.promise;
    return result;
  };
  const slow = { ...client, message: { ...client.message, send } };
  const { store } = await openStore({ client: slow, commandTimeoutMs: 100, connectTimeoutMs: 50 }, iggy);
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  holds = true;
  expect(await append(store, partition, batchOf('b'))).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
  expect(await append(store, partition, batchOf('b'))).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
  holds = false;
  held.resolve();
  await vi.waitFor(async () => {
    expect(await append(store, partition, batchOf('b'))).toMatchObject({ baseOffset: 1 });
  });
  expect(records(await read(store, partition))).toEqual([
    [0, 'a'],
    [1, 'b'],
  ]);
});

test('a client of the user whose connection broke is used again after a rest', async () => {
  const iggy = createStandIn();
  const { store } = await openStore({ client: iggy.connect() }, iggy);
  const partition = await createOrders(store);
  failOnce(iggy, 'message.send', 'before');
  expect(await append(store, partition, batchOf('a'))).toMatchObject({ baseOffset: 0 });
});
