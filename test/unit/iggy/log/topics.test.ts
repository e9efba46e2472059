import { expect, test, vi } from 'vitest';
import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { append, batchOf, createOrders, failOnce, openStore } from '../../../support/iggy-store.js';
import { createStandIn } from '../../../support/iggy-stand-in.js';

const named = (name: string, partitionCount = 1) => ({ id: 'any', name, partitionCount, configs: {} });

test('a topic whose making was not answered is there, or is not', async () => {
  const { iggy, store } = await openStore();
  failOnce(iggy, 'topic.create', 'after');
  expect(await store.createTopic(named('a'))).toMatchObject({ name: 'a' });
  failOnce(iggy, 'topic.create', 'before');
  await expect(store.createTopic(named('b'))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect((await store.listTopics()).map(({ name }) => name)).toEqual(['a']);
});

test('of a topic that cannot get all its partitions nothing is left', async () => {
  const { iggy, store } = await openStore();
  failOnce(iggy, 'partition.create', 'before');
  await expect(store.createTopic(named('wide', 1500))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(await store.listTopics()).toEqual([]);
});

test('a topic whose deletion was not answered is gone, or is not', async () => {
  const { iggy, store } = await openStore();
  const { topicId } = await createOrders(store);
  failOnce(iggy, 'topic.delete', 'before');
  await expect(store.deleteTopic(topicId)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  // It cannot be looked for either.
  iggy.fault = (name) => {
    if (name === 'topic.list') iggy.letsIn = false;
    return name === 'topic.delete' ? 'before' : undefined;
  };
  await expect(store.deleteTopic(topicId)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  iggy.letsIn = true;
  failOnce(iggy, 'topic.delete', 'after');
  await vi.waitFor(() => store.deleteTopic(topicId));
  expect(await store.listTopics()).toEqual([]);
  await expect(store.deleteTopic(topicId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('what the server refuses is an error, and changes nothing', async () => {
  const { iggy, store } = await openStore();
  const { topicId } = await createOrders(store, 2, { 'retention.bytes': '4294967296' });
  iggy.letsIn = false;
  const refused = { code: 'UNAVAILABLE' };
  await expect(store.createPartitions(topicId, 3)).rejects.toMatchObject(refused);
  await expect(store.alterTopicConfigs(topicId, {})).rejects.toMatchObject(refused);
  await expect(store.listTopics()).rejects.toMatchObject(refused);
  iggy.letsIn = true;
  const before = { partitionCount: 2, configs: { 'retention.ms': '-1', 'retention.bytes': '4294967296' } };
  expect(await store.listTopics()).toMatchObject([before]);
  await store.createPartitions(topicId, 4);
  expect(await store.listTopics()).toMatchObject([{ ...before, partitionCount: 4 }]);
});

test('retention is what Iggy holds of it: never, a time, and not nothing', async () => {
  const { store } = await openStore();
  const { topicId } = await createOrders(store, 1, { 'retention.ms': '86400000' });
  expect(await store.listTopics()).toMatchObject([{ configs: { 'retention.ms': '86400000' } }]);
  for (const ms of ['-1', '9223372036854775807']) {
    await store.alterTopicConfigs(topicId, { 'retention.ms': ms });
    expect(await store.listTopics()).toMatchObject([{ configs: { 'retention.ms': '-1' } }]);
  }
  await expect(store.alterTopicConfigs(topicId, { 'retention.ms': '0' })).rejects.toMatchObject({ code: 'INVALID' });
});

test("names that Kafka's clients do not accept are not shown, and the adapter's own are not given", async () => {
  const { iggy, store, warnings } = await openStore();
  const init = { streamId: 'kafka', partitionCount: 1, compressionAlgorithm: 1 } as const;
  await iggy.connect().topic.create({ ...init, name: 'two words' });
  expect(await store.listTopics()).toEqual([]);
  expect(warnings).toEqual(["Iggy: topic 'two words' is not shown: Kafka's clients accept no such name"]);
  await expect(store.createTopic(named('__kafka_gateway_state.7'))).rejects.toMatchObject({ code: 'INVALID' });
});

test('of two gateways over one stream, neither shows the state of the other', async () => {
  const { iggy, store } = await openStore();
  const { store: other } = await openStore({ stateTopic: '__kafka_gateway_state_b' }, iggy);
  await createOrders(store);
  for (const each of [store, other]) expect((await each.listTopics()).map(({ name }) => name)).toEqual(['orders']);
  await expect(store.createTopic(named('__kafka_gateway_state_b.2'))).rejects.toMatchObject({ code: 'INVALID' });
});

test('a topic that is gone at Iggy is not found, and looked for at once', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  const changed = vi.fn<() => void>();
  const stop = store.watchTopics(changed);
  await iggy.connect().topic.delete({ streamId: 'kafka', topicId: 'orders', partitionsCount: 1 });
  expect(await append(store, partition, batchOf('b'))).toMatchObject({ error: { code: 'NOT_FOUND' } });
  expect(changed).toHaveBeenCalledTimes(1);
  await expect(store.logOffsets(partition)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(changed).toHaveBeenCalledTimes(2);
  stop();
});

test('an SDK without the command that changes a topic refuses the change, and does nothing', async () => {
  const iggy = createStandIn();
  const connect = (): IggyClient => {
    const client = iggy.connect();
    return { ...client, topic: { ...client.topic, update: undefined as never } };
  };
  const { store } = await openStore({ connect }, iggy);
  const { topicId } = await createOrders(store);
  await expect(store.alterTopicConfigs(topicId, { 'retention.ms': '60000' })).rejects.toMatchObject({
    code: 'INVALID',
    message: "Iggy: topic 'orders' cannot be configured: Iggy's SDK has no command that changes a topic",
  });
});
