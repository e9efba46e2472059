import { ErrorCode } from 'iggy-gateway-kafka';
import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { deleteTopicsApi, initProducerIdApi, NIL_UUID, offsetForLeaderEpochApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, fetchFrom, offsetFor, produce, valuesOf } from '../support/log-requests.js';
import { heldStore } from '../support/held-store.js';
import { readState } from '../support/stored-state.js';

const at = (sequence: number): Buffer =>
  batchOf([String(sequence)], { producerId: 9, producerEpoch: 0, baseSequence: sequence });

test('one append at a time for each partition, in the order in which they came', async () => {
  const { store, pending, settle } = heldStore();
  const { connect } = await startBroker({ store });
  const clients = await Promise.all([connect(), connect(), connect(), connect()]);
  await createTopic(clients[0], 't', { numPartitions: 2 });
  const first = produce(clients[0], 't', at(0));
  await vi.waitFor(() => expect(pending).toEqual([1]));
  const second = produce(clients[1], 't', batchOf(['b']));
  const other = produce(clients[2], 't', batchOf(['x']), { partition: 1 });
  await vi.waitFor(() => expect(pending).toEqual([1, 1]));
  // The same batch again, while the first is still under way.
  const again = produce(clients[3], 't', at(0));
  settle();
  expect(await first).toMatchObject({ errorCode: 0, baseOffset: 0n });
  settle();
  expect(await other).toMatchObject({ errorCode: 0, baseOffset: 0n });
  await vi.waitFor(() => expect(pending).toEqual([1]));
  settle();
  expect(await second).toMatchObject({ errorCode: 0, baseOffset: 1n });
  expect(await again).toMatchObject({ errorCode: 0, baseOffset: 0n });
  expect(valuesOf((await fetchFrom(clients[0], 't')).records)).toHaveLength(2);
});

test('a fetch waits for what comes while the store was asked', async () => {
  const { store, pending, settle } = heldStore();
  const { connect } = await startBroker({ store });
  const [producer, consumer] = [await connect(), await connect()];
  await createTopic(producer, 't');
  const fetched = fetchFrom(consumer, 't', { maxWaitMs: 15_000 });
  const produced = produce(producer, 't', batchOf(['a']));
  await vi.waitFor(() => expect(pending).toEqual([1]));
  settle();
  await produced;
  expect(valuesOf((await fetched).records)).toEqual([[0, 'a']]);
});

test.each([true, false])('an outcome that nobody knows is learned from the log: it was done, %s', async (done) => {
  const { store, pending, settle } = heldStore();
  const client = await (await startBroker({ store })).connect();
  await createTopic(client, 't');
  const attempt = produce(client, 't', at(0));
  await vi.waitFor(() => expect(pending).toEqual([1]));
  settle(new StoreError('OUTCOME_UNKNOWN', 'the connection broke'), done);
  expect(await attempt).toMatchObject({ errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: 'the connection broke' });
  const retry = produce(client, 't', at(0));
  if (!done) {
    await vi.waitFor(() => expect(pending).toEqual([1]));
    settle();
  }
  expect(await retry).toMatchObject({ errorCode: 0, baseOffset: 0n });
  expect((await fetchFrom(client, 't')).highWatermark).toBe(1n);
});

test('producers are saved with each append where the store does not keep batches', async () => {
  const { store, pending, settle } = heldStore({ keeps: 'records' });
  const first = await startBroker({ store });
  let client = await first.connect();
  await createTopic(client, 't');
  const attempt = produce(client, 't', at(0));
  await vi.waitFor(() => expect(pending).toEqual([1]));
  settle();
  await attempt;
  await first.gateway.close();
  client = await (await startBroker({ store })).connect();
  expect(await produce(client, 't', at(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  expect((await produce(client, 't', at(2))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
});

test('producers that were saved are forgotten with their topic', async () => {
  const { store, pending, settle } = heldStore({ keeps: 'records' });
  const client = await (await startBroker({ store })).connect();
  const kept = async () => (await readState(store)).filter(([key]) => key.startsWith('log/producers/'));
  await createTopic(client, 't');
  const produced = produce(client, 't', at(0));
  await vi.waitFor(() => expect(pending).toEqual([1]));
  settle();
  await produced;
  expect(await kept()).toHaveLength(1);
  const topics = [{ name: 't', topicId: NIL_UUID }];
  await client.send(deleteTopicsApi, 6, { topics, timeoutMs: 1 });
  await vi.waitFor(async () => expect(await kept()).toEqual([]));
});

test('every other request takes promises as well', async () => {
  const { store } = heldStore();
  const client = await (await startBroker({ store })).connect();
  await createTopic(client, 't');
  expect(await offsetFor(client, 't', -1)).toMatchObject({ errorCode: 0, offset: 0n });
  expect(await offsetFor(client, 't', 5)).toMatchObject({ errorCode: 0, offset: -1n });
  const ids = await Promise.all(
    [1, 2, 3].map(() => client.send(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 1 })),
  );
  expect(new Set(ids.map(({ response }) => response.producerId)).size).toBe(3);
  const { response } = await client.send(offsetForLeaderEpochApi, 4, {
    topics: [{ topic: 't', partitions: [{ partition: 0, leaderEpoch: 0 }] }],
  });
  expect(response.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, endOffset: 0n });
});
