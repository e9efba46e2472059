import type { IggyDurability } from 'iggy-gateway-kafka/adapters/iggy';
import { describe, expect, test } from 'vitest';
import { durabilityOf } from '../../../../adapters/iggy/sdk/durability.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';
import { append, batchOf, createOrders, openStore } from '../../../support/iggy-store.js';

const NEW = { streamId: 'kafka', partitionCount: 1, compressionAlgorithm: 1 } as const;

async function durabilityAt(iggy: StandIn, topicId: string): Promise<IggyDurability | null> {
  const topic = await iggy.connect().topic.get({ streamId: 'kafka', topicId });
  return topic && durabilityOf(topic);
}

describe('topics that are created', () => {
  test.each([
    [{}, 'process'],
    [{ durability: 'none' }, 'none'],
    [{ durability: 'process' }, 'process'],
    [{ durability: 'power' }, 'power'],
  ] as const)('with %j have durability %s, and append without a warning', async (options, durability) => {
    const { iggy, store, warnings } = await openStore(options);
    const partition = await createOrders(store);
    expect(await durabilityAt(iggy, 'orders')).toBe(durability);
    await append(store, partition, batchOf('a'));
    expect(warnings).toEqual([]);
  });

  test('the topic of the state has durability power, whatever the option says', async () => {
    const { iggy } = await openStore({ durability: 'none' });
    expect(await durabilityAt(iggy, '__kafka_gateway_state.1')).toBe('power');
  });
});

describe('a topic that promises less than the option', () => {
  /** A store that has listed the topic `lossy` of an Iggy client. */
  async function withLossy(durability: IggyDurability) {
    const { iggy, store, warnings } = await openStore({ durability });
    await iggy.connect().topic.create({ ...NEW, name: 'lossy' });
    const [topic] = await store.listTopics();
    return { iggy, store, warnings, partition: { topicId: topic!.id, topic: 'lossy', partition: 0 } };
  }

  test('is reported once, at the first append to it', async () => {
    const { store, warnings, partition } = await withLossy('process');
    expect(warnings).toEqual([]);
    for (const value of ['a', 'b']) await append(store, partition, batchOf(value));
    await store.listTopics();
    await append(store, partition, batchOf('c'));
    expect(warnings).toEqual([
      "Iggy: topic 'lossy' loses acknowledged records if the process of the server is killed: " +
        "it was created with durability 'none'; expected 'process', which Iggy sets only on creation",
    ]);
  });

  test('is reported anew once it was created anew', async () => {
    const { iggy, store, warnings, partition } = await withLossy('process');
    await append(store, partition, batchOf('a'));
    await iggy.connect().topic.delete({ streamId: 'kafka', topicId: 'lossy', partitionsCount: 1 });
    await iggy.connect().topic.create({ ...NEW, name: 'lossy' });
    const [topic] = await store.listTopics();
    await append(store, { ...partition, topicId: topic!.id }, batchOf('a'));
    expect(warnings).toHaveLength(2);
  });

  test('names the loss of power where only that is missing', async () => {
    const { iggy, store, warnings } = await openStore({ durability: 'power' });
    await iggy.connect().topic.create({ ...NEW, name: 'saved', messagesRequiredToSave: 1 });
    const [topic] = await store.listTopics();
    await append(store, { topicId: topic!.id, topic: 'saved', partition: 0 }, batchOf('a'));
    expect(warnings).toEqual([
      expect.stringMatching(/^Iggy: topic 'saved' loses .* loses power: .*'process'; expected 'power'/),
    ]);
  });

  test('is not reported where the option promises nothing', async () => {
    const { store, warnings, partition } = await withLossy('none');
    await append(store, partition, batchOf('a'));
    expect(warnings).toEqual([]);
  });
});

test.each([
  [{}, null],
  [{ derivedOptions: { durability: 'replicated', messages_required_to_save: 1 } }, 'none'],
  [{ options: { durability: 'persisted' }, derivedOptions: { messages_required_to_save: 1024 } }, 'power'],
  [{ options: { enforce_fsync: true }, derivedOptions: { messages_required_to_save: 1024 } }, 'none'],
])('a topic that reports %j has durability %s', async (reported, durability) => {
  const client = createStandIn().connect();
  await client.stream.create({ name: 'kafka' });
  const topic = await client.topic.create({ ...NEW, name: 'orders' });
  expect(durabilityOf({ ...topic, options: undefined, derivedOptions: undefined, ...reported })).toBe(durability);
});

test('topics of an SDK that reports no options are never called weak', async () => {
  const iggy = createStandIn();
  const { store, warnings } = await openStore(
    {
      connect: () => {
        const client = iggy.connect();
        const list: typeof client.topic.list = async (args) =>
          (await client.topic.list(args)).map((topic) => ({ ...topic, options: undefined, derivedOptions: undefined }));
        return { ...client, topic: { ...client.topic, list } };
      },
    },
    iggy,
  );
  await iggy.connect().topic.create({ ...NEW, name: 'lossy' });
  const [topic] = await store.listTopics();
  await append(store, { topicId: topic!.id, topic: 'lossy', partition: 0 }, batchOf('a'));
  expect(warnings).toEqual([]);
});
