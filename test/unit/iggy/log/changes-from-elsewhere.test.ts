import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch } from 'iggy-gateway-kafka/protocol';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import {
  append,
  batchOf,
  createOrders,
  door,
  failOnce,
  openStore,
  read,
  records,
  refusal,
  sendingThrough,
} from '../../../support/iggy-store.js';

// What others do at Iggy, and what is slow, while the gateway runs.

async function sendDirectly(iggy: StandIn, ...values: string[]): Promise<void> {
  const messages = values.map((value) => ({ payload: Buffer.from(value) }));
  const partition = { kind: 2, value: 0 } as const;
  await iggy.connect().message.send({ streamId: 'kafka', topicId: 'orders', messages, partition });
}

async function messages(iggy: StandIn, topicId: string): Promise<bigint | undefined> {
  return (await iggy.connect().topic.get({ streamId: 'kafka', topicId }))?.messagesCount;
}

describe('ends of a log', () => {
  test('what was seen behind a send stays, when that send is confirmed later', async () => {
    const iggy = createStandIn();
    const late = door();
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic === 'orders') await late.opened;
      return answer;
    });
    const { store } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    const partition = await createOrders(store);
    await store.logOffsets(partition);
    const appending = append(store, partition, batchOf('mine'));
    await vi.waitFor(async () => expect(await messages(iggy, 'orders')).toBe(1n));
    await sendDirectly(iggy, 'a', 'b', 'c');
    expect(await store.logOffsets(partition)).toMatchObject({ logEndOffset: 4 });
    late.open();
    expect(await appending).toMatchObject({ baseOffset: 0 });
    expect(await read(store, partition, 4)).toMatchObject({ bytes: 0, logEndOffset: 4 });
  });

  test('when every segment has expired, a position in them is out of range', async () => {
    const { iggy, store } = await openStore();
    const partition = await createOrders(store);
    await append(store, partition, batchOf('a', 'b', 'c', 'd'));
    iggy.dropBefore('kafka', 'orders', 0, 4);
    expect((await read(store, partition, 1)).error).toMatchObject({ code: 'OUT_OF_RANGE' });
    expect(await read(store, partition, 4)).toMatchObject({ bytes: 0, logStartOffset: 4, logEndOffset: 4 });
  });
});

test('a fetch that takes several polls is answered, though the read-ahead has room for less', async () => {
  const { store } = await openStore({ readAheadBytes: 65_536 });
  const partition = await createOrders(store);
  const value = 'x'.repeat(4000);
  for (let count = 0; count < 3; count++) {
    await append(store, partition, batchOf(...Array.from({ length: 100 }, () => value)));
  }
  expect(records(await read(store, partition)).length).toBeGreaterThan(200);
});

test('a time later than Iggy can say has no record', async () => {
  const { store } = await openStore();
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  expect(await store.offsetForTimestamp(partition, Number.MAX_SAFE_INTEGER * 1024)).toBeNull();
});

describe('topics', () => {
  test('what is sent to one that is gone does not go to the one that has its number now', async () => {
    const { iggy, store } = await openStore({ topicsRefreshMs: 60_000 });
    const partition = await createOrders(store);
    await append(store, partition, batchOf('a'));
    const { topic } = iggy.connect();
    const before = await topic.get({ streamId: 'kafka', topicId: 'orders' });
    await topic.delete({ streamId: 'kafka', topicId: 'orders', partitionsCount: 1 });
    const other = { streamId: 'kafka', name: 'payments', partitionCount: 1, compressionAlgorithm: 1 } as const;
    expect((await topic.create(other)).id).toBe(before?.id);
    expect((await append(store, partition, batchOf('b'))).error).toMatchObject({ code: 'NOT_FOUND' });
    expect(await messages(iggy, 'payments')).toBe(0n);
  });

  test('one that was made again is not deleted, nor grown, by the id of the one before', async () => {
    const { iggy, store } = await openStore({ topicsRefreshMs: 60_000 });
    const { topicId } = await createOrders(store);
    const { topic } = iggy.connect();
    await topic.delete({ streamId: 'kafka', topicId: 'orders', partitionsCount: 1 });
    await topic.create({ streamId: 'kafka', name: 'orders', partitionCount: 1, compressionAlgorithm: 1 });
    await expect(store.deleteTopic(topicId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.createPartitions(topicId, 5)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await topic.get({ streamId: 'kafka', topicId: 'orders' }))?.partitionsCount).toBe(1);
  });

  test('one that is made while they are listed is known, and whoever waits at its end is woken', async () => {
    const iggy = createStandIn();
    const listed = door();
    const answers = door();
    let slow = false;
    const connect = (): IggyClient => {
      const client = iggy.connect();
      const list: IggyClient['topic']['list'] = async (ref) => {
        const topics = await client.topic.list(ref);
        if (!slow) return topics;
        slow = false;
        listed.open();
        await answers.opened;
        return topics;
      };
      return { ...client, topic: { ...client.topic, list } };
    };
    const { store } = await openStore({ connect, commandTimeoutMs: 5000 }, iggy);
    slow = true;
    const listing = store.listTopics();
    await listed.opened;
    const partition = await createOrders(store);
    expect(records(await read(store, partition))).toEqual([]);
    const woken = new Promise<void>((resolve) => {
      onTestFinished(store.watch(partition, resolve));
    });
    answers.open();
    expect(await listing).toMatchObject([{ name: 'orders' }]);
    await sendDirectly(iggy, 'from elsewhere');
    await woken;
    expect(records(await read(store, partition))).toEqual([[0, 'from elsewhere']]);
  });

  test('one that is grown again, since no answer came, has as many partitions as was asked for', async () => {
    const { iggy, store } = await openStore();
    const { topicId } = await createOrders(store);
    failOnce(iggy, 'partition.create', 'after');
    await expect(store.createPartitions(topicId, 4)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await store.createPartitions(topicId, 4);
    expect(await store.listTopics()).toMatchObject([{ name: 'orders', partitionCount: 4 }]);
  });

  test('a name that Kafka has not is told once, however often topics are looked at', async () => {
    const { iggy, store, warnings } = await openStore();
    const { topic } = iggy.connect();
    await topic.create({ streamId: 'kafka', name: 'not for Kafka', partitionCount: 1, compressionAlgorithm: 1 });
    for (let look = 0; look < 3; look++) expect(await store.listTopics()).toEqual([]);
    expect(warnings).toEqual(["Iggy: topic 'not for Kafka' is not shown: Kafka's clients accept no such name"]);
  });
});

describe('the stream', () => {
  test('that is removed and made again: the operator is told of both once, and topics are others', async () => {
    const { iggy, store, warnings, fenced } = await openStore({ topicsRefreshMs: 10 });
    const { topicId } = await createOrders(store);
    onTestFinished(store.watchTopics(() => void store.listTopics()));
    const { stream, topic } = iggy.connect();
    await stream.delete({ streamId: 'kafka' });
    await vi.waitFor(() => expect(warnings.join()).toMatch(/stream 'kafka' is not there any more/));
    await stream.create({ name: 'kafka' });
    await topic.create({ streamId: 'kafka', name: 'orders', partitionCount: 1, compressionAlgorithm: 1 });
    await vi.waitFor(() =>
      expect(warnings.join()).toMatch(/stream 'kafka' was removed and made again, without groups/),
    );
    const [orders] = await store.listTopics();
    expect(orders?.id).not.toBe(topicId);
    const asked = iggy.counts.get('stream.get')!;
    await vi.waitFor(() => expect(iggy.counts.get('stream.get')).toBeGreaterThan(asked + 3));
    // The topic of the state is gone with it.
    expect(warnings).toHaveLength(2);
    expect(fenced).toMatchObject([
      {
        message: expect.stringMatching(
          /topic '__kafka_gateway_state\.shard-0\.1' of stream 'kafka', which holds groups/,
        ),
      },
    ]);
  });

  test('that two gateways make at once is there for both', async () => {
    const iggy = createStandIn();
    const both = await Promise.all(['one', 'two'].map((stateTopic) => openStore({ stateTopic }, iggy)));
    expect(both.map(({ warnings }) => warnings)).toEqual([[], []]);
    expect(await iggy.connect().stream.list()).toHaveLength(1);
  });
});

describe('sends', () => {
  test('one that the SDK may send yet is not sent again before the SDK has let go of it', async () => {
    const iggy = createStandIn();
    const away = door();
    let sent = 0;
    const connect = (): IggyClient => {
      let pending: Promise<unknown> = Promise.resolve();
      const client = sendingThrough(iggy, (topic, go) => {
        if (topic !== 'orders' || sent++ > 0) return go();
        // As the SDK does, while it connects again: and a client that is closed waits for what was asked before.
        const going = away.opened.then(go);
        pending = going;
        return going;
      })();
      const destroy = async (): Promise<void> => {
        await pending;
        await client.destroy();
      };
      return { ...client, destroy };
    };
    const { store } = await openStore({ connect, commandTimeoutMs: 100 }, iggy);
    const partition = await createOrders(store);
    const batch = buildBatch([{ timestamp: 1, value: Buffer.from('a') }], {
      producerId: 1,
      producerEpoch: 0,
      baseSequence: 0,
    });
    expect((await append(store, partition, Buffer.from(batch))).error).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect((await append(store, partition, Buffer.from(batch))).error).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    away.open();
    await vi.waitFor(async () => expect(await messages(iggy, 'orders')).toBe(1n));
    expect(await append(store, partition, Buffer.from(batch))).toMatchObject({ baseOffset: 0 });
    expect(await messages(iggy, 'orders')).toBe(1n);
    expect(sent).toBe(1);
  });

  test.each([
    [4010, 'OUTCOME_UNKNOWN'], // cannot append
    [13_000, 'OUTCOME_UNKNOWN'], // I/O error
    [41, 'UNAVAILABLE'], // no right
    [4022, 'INVALID'], // too big
  ])('one that the server refuses with %i is %s', async (code, kind) => {
    const iggy = createStandIn();
    const connect = sendingThrough(iggy, (topic, go) =>
      topic === 'orders' ? Promise.reject(refusal(code, 101)) : go(),
    );
    const { store } = await openStore({ connect }, iggy);
    const partition = await createOrders(store);
    expect((await append(store, partition, batchOf('a'))).error).toMatchObject({ code: kind });
  });
});

describe('a right that the user of the gateway has not', () => {
  test('is named when the store opens, and is no matter of credentials', async () => {
    const iggy = createStandIn();
    const connect = (): IggyClient => {
      const client = iggy.connect();
      return { ...client, topic: { ...client.topic, list: () => Promise.reject(refusal(41, 301)) } };
    };
    await expect(openStore({ connect }, iggy)).rejects.toThrow(
      "Iggy: the topics of the state cannot be listed: the gateway's user lacks a right, read_topics: refused: 41",
    );
    const blind = (): IggyClient => {
      const client = iggy.connect();
      return { ...client, stream: { ...client.stream, get: () => Promise.reject(refusal(41, 200)) } };
    };
    await expect(openStore({ connect: blind }, iggy)).rejects.toThrow(
      "Iggy: stream 'kafka' cannot be opened: the gateway's user lacks a right, read_streams: refused: 41",
    );
  });

  test('is told once, with the command, while clients try again', async () => {
    const iggy = createStandIn();
    const connect = sendingThrough(iggy, (topic, go) => (topic === 'orders' ? Promise.reject(refusal(41, 101)) : go()));
    const { store, warnings } = await openStore({ connect }, iggy);
    const partition = await createOrders(store);
    for (let tries = 0; tries < 3; tries++) await append(store, partition, batchOf('a'));
    expect(warnings).toEqual(["Iggy: the gateway's user lacks a right, send_messages: refused: 41"]);
  });
});

test('a client that was destroyed before the gateway closes leaves out no message', async () => {
  const iggy = createStandIn();
  const client = iggy.connect();
  const { store } = await openStore({ client, commandTimeoutMs: 5000 }, iggy);
  const partition = await createOrders(store);
  await append(store, partition, batchOf('a'));
  // As the SDK says it.
  client.message.poll = () => Promise.reject(new Error('pool is draining and cannot accept work'));
  expect((await read(store, partition)).error).toMatchObject({ code: 'UNAVAILABLE' });
  client.message.poll = () => Promise.reject(new Error('whatever else fails'));
  client.topic.get = () => Promise.reject(new Error('whatever else fails'));
  expect((await read(store, partition)).error).toMatchObject({ code: 'UNAVAILABLE' });
  expect(store.skippedMessages).toBe(0);
});
