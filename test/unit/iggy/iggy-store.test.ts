import { createKafkaGateway } from 'iggy-gateway-kafka';
import { createBrokerBackend, type PartitionId } from 'iggy-gateway-kafka/adapters/broker';
import { createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, readBatches } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createStandIn } from '../../support/iggy-stand-in.js';
import {
  append,
  batchOf,
  createOrders,
  failOnce,
  makeStore,
  NEVER,
  openShard,
  openStore,
  put,
  read,
  records,
} from '../../support/iggy-store.js';

describe('sends whose answer does not come', () => {
  test('one that was done is found by its id, and not repeated', async () => {
    const { iggy, store } = await openStore();
    const partition = await createOrders(store);
    await append(store, partition, batchOf('a'));
    failOnce(iggy, 'message.send', 'after');
    expect(await append(store, partition, batchOf('b', 'c'))).toMatchObject({ baseOffset: 1 });
    expect(records(await read(store, partition))).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);
  });

  test('one that was not done is repeated', async () => {
    const { iggy, store } = await openStore();
    const partition = await createOrders(store);
    failOnce(iggy, 'message.send', 'before');
    expect(await append(store, partition, batchOf('a'))).toMatchObject({ baseOffset: 0 });
    expect(records(await read(store, partition))).toEqual([[0, 'a']]);
  });

  test('one that the server was too slow for is found when it answers again', async () => {
    const { iggy, store } = await openStore();
    const partition = await createOrders(store);
    await append(store, partition, batchOf('a'));
    let hangs = true;
    iggy.fault = (name) => (hangs && (name === 'message.send' || name === 'topic.get') ? 'hang' : undefined);
    const asked = iggy.counts.get('topic.get');
    const appending = append(store, partition, batchOf('b'));
    await vi.waitFor(() => {
      expect(iggy.counts.get('topic.get')).not.toBe(asked);
    });
    hangs = false;
    expect(await appending).toMatchObject({ baseOffset: 1 });
    expect(await append(store, partition, batchOf('c'))).toMatchObject({ baseOffset: 2 });
  });
});

test('a server that does not confirm offsets is refused, with the version that is needed', async () => {
  const iggy = createStandIn();
  iggy.confirms = false;
  await expect(openStore({}, iggy)).rejects.toThrow("version 0.9 or later of Iggy's server is needed");
});

test('a stream is not made where createStream is false', async () => {
  await expect(openStore({ createStream: false })).rejects.toThrow(
    "there is no stream 'kafka', and createStream is false",
  );
});

test('topics with names that Kafka has not are left out, which is told once', async () => {
  const { iggy, store, warnings } = await openStore();
  const init = { streamId: 'kafka', partitionCount: 1, compressionAlgorithm: 1 } as const;
  for (const name of ['with space', 'orders']) await iggy.connect().topic.create({ ...init, name });
  for (let times = 0; times < 3; times++) {
    expect((await store.listTopics()).map(({ name }) => name)).toEqual(['orders']);
  }
  expect(warnings).toEqual(["Iggy: topic 'with space' is not shown: Kafka's clients accept no such name"]);
});

test('what segments took with them is out of range', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a', 'b', 'c', 'd'));
  iggy.dropBefore('kafka', 'orders', 0, 2);
  expect((await read(store, partition, 1)).error).toMatchObject({ code: 'OUT_OF_RANGE' });
  expect(records(await read(store, partition, 2))).toEqual([
    [2, 'c'],
    [3, 'd'],
  ]);
  expect(await store.logOffsets(partition)).toMatchObject({ logStartOffset: 2, logEndOffset: 4 });
});

test('what goes while it is looked through is to be asked for again', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a', 'b', 'c', 'd'));
  iggy.dropBefore('kafka', 'orders', 0, 2);
  await expect(store.maxTimestamp(partition)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await store.maxTimestamp(partition)).toMatchObject({ offset: 2 });
});

test('after a purge offsets begin again, and a position beyond is out of range', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a', 'b', 'c'));
  await iggy.connect().topic.purge({ streamId: 'kafka', topicId: 'orders' });
  await vi.waitFor(async () => {
    expect((await read(store, partition, 3)).error).toMatchObject({ code: 'OUT_OF_RANGE' });
  }, 5000);
  expect(await append(store, partition, batchOf('d'))).toMatchObject({ baseOffset: 0 });
  expect(records(await read(store, partition, 0))).toEqual([[0, 'd']]);
});

test('whoever waits is woken by messages of Iggy clients', async () => {
  const { iggy, store } = await openStore();
  const partition = await createOrders(store);
  expect(records(await read(store, partition))).toEqual([]);
  const woken = new Promise<void>((resolve) => {
    onTestFinished(store.watch(partition, resolve));
  });
  const messages = [{ payload: Buffer.from('from elsewhere') }];
  await iggy.connect().message.send({
    streamId: 'kafka',
    topicId: 'orders',
    messages,
    partition: { kind: 2, value: 0 },
  });
  await woken;
  expect(records(await read(store, partition))).toEqual([[0, 'from elsewhere']]);
});

test('an open that failed is closed by the broker, and may be repeated', async () => {
  const iggy = createStandIn();
  const store = createIggyStore(
    { connect: () => iggy.connect(), stream: 'kafka', connectTimeoutMs: 500 },
    () => undefined,
  );
  const close = vi.spyOn(store, 'close');
  const backend = createBrokerBackend({ store });
  const gateway = createKafkaGateway({ listener: { port: 0 }, backend });
  onTestFinished(() => gateway.close({ drainTimeoutMs: 0 }));
  iggy.letsIn = false;
  await expect(gateway.listen()).rejects.toThrow('Iggy refuses the credentials');
  expect(close).toHaveBeenCalledOnce();
  iggy.letsIn = true;
  // Later than the connection: the stream is there, the state is not.
  iggy.fault = (command) => (command === 'topic.create' ? 'away' : undefined);
  await expect(gateway.listen()).rejects.toMatchObject({ name: 'StoreError' });
  expect(close).toHaveBeenCalledTimes(2);
  iggy.fault = () => undefined;
  await gateway.listen();
  expect(close).toHaveBeenCalledTimes(2);
});

test('state is there again after a restart, written anew or not', async () => {
  const { iggy, store, shard } = await openStore();
  const value = Buffer.alloc(1_000_000, 'x');
  for (let count = 0; count < 20; count++) await put(shard, 'big', Buffer.concat([value, Buffer.from([count])]));
  await Promise.all([put(shard, 'a', '1'), put(shard, 'b', '2'), put(shard, 'a', null)]);
  await store.close();
  const topics = await iggy.connect().topic.list({ streamId: 'kafka' });
  expect(topics.map(({ name }) => name).sort()).toEqual(['__kafka_gateway_state.1', '__kafka_gateway_state.shard-0.2']);
  const { shard: again } = await openStore({}, iggy);
  const values = new Map(await again.load(NEVER));
  expect([...values.keys()].sort()).toEqual(['b', 'big']);
  expect(values.get('big')?.at(-1)).toBe(19);
});

test('what is put as the last put settles is kept as well', async () => {
  const { shard } = await openStore();
  // The moment after which nobody looks for more comes some turns of the microtask queue later.
  for (let turns = 0; turns < 20; turns++) {
    await put(shard, 'a', Buffer.of(turns));
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    await put(shard, 'b', Buffer.of(turns));
  }
  expect(new Map(await shard.load(NEVER)).get('b')).toEqual(Uint8Array.of(19));
});

test('a topic keeps the configs that Iggy has no place for when the state is opened again', async () => {
  const { iggy, store } = await openStore();
  await createOrders(store, 1, { 'max.message.bytes': '2000' });
  const { store: other } = await openStore({}, iggy);
  const [orders] = await other.listTopics();
  await other.alterTopicConfigs(orders!.id, { 'max.message.bytes': '3000' });
  await openShard(store);
  expect(await store.listTopics()).toMatchObject([{ configs: { 'max.message.bytes': '3000' } }]);
});

test('what the adapter itself has to keep needs shard 0', async () => {
  const { store } = await makeStore();
  await openShard(store, { shard: 1, shardCount: 2 });
  await expect(createOrders(store, 1, { 'max.message.bytes': '2000' })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: 'Iggy: shard 0 of the state is not open',
  });
  await openShard(store, { shardCount: 2 });
  await createOrders(store, 1, { 'max.message.bytes': '2000' });
});

test('a shard whose groups cannot be imported is not open, and can be opened later', async () => {
  const iggy = createStandIn();
  const { store } = await makeStore({ importOffsets: ['readers'] }, iggy);
  await store.close();
  await store.open();
  await iggy.connect().topic.create({ streamId: 'kafka', name: 'orders', partitionCount: 1, compressionAlgorithm: 1 });
  const fenced = vi.fn<() => void>();
  iggy.fault = (name) => (name === 'offset.get' ? 'before' : undefined);
  await expect(openShard(store, { fenced })).rejects.toThrow("offsets of the group 'readers' cannot be read");
  iggy.fault = () => undefined;
  const { shard } = await openShard(store);
  await put(shard, 'key', 'value');
  expect(fenced).not.toHaveBeenCalled();
});

test('a topic that is made again has another id; otherwise it stays, over restarts too', async () => {
  const { iggy, store } = await openStore();
  const { topicId } = await createOrders(store);
  await store.close();
  const { store: again } = await openStore({}, iggy);
  expect(await again.listTopics()).toMatchObject([{ id: topicId, name: 'orders', partitionCount: 1 }]);
  await again.deleteTopic(topicId);
  expect((await createOrders(again)).topicId).not.toBe(topicId);
});

test('where timestamps are those of the append, batches say so', async () => {
  const { store } = await openStore();
  const configs = { 'message.timestamp.type': 'LogAppendTime' };
  const { id, name } = await store.createTopic({ id: 'any', name: 'stamped', partitionCount: 1, configs });
  const partition: PartitionId = { topicId: id, topic: name, partition: 0 };
  for (const logAppendTime of [1_700_000_000_001, 1_700_000_000_002]) {
    await append(store, partition, buildBatch([{ timestamp: 1, value: Buffer.from('a') }], { logAppendTime }));
  }
  const result = await read(store, partition);
  if (result.error !== undefined) throw result.error;
  const batches = result.chunks.flatMap((chunk) => [...readBatches(Buffer.from(chunk))]);
  expect(batches.map(({ timestampType, maxTimestamp }) => [timestampType, maxTimestamp])).toEqual([
    ['LogAppendTime', 1_700_000_000_001],
    ['LogAppendTime', 1_700_000_000_002],
  ]);
});
