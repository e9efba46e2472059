import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { PollingStrategy } from '../../adapters/iggy/sdk/client.js';
import { DURABILITIES, DURABILITY_SETTINGS, durabilityOf } from '../../adapters/iggy/sdk/durability.js';
import {
  type Behaviour,
  consumer,
  createTopic,
  failure,
  message,
  payloads,
  poll,
  refusal,
  send,
  topicId,
} from './support/behaviour-bench.js';

/** What the adapter relies on for streams, topics, offsets and the client itself. */
export const topicBehaviours: readonly Behaviour[] = [
  {
    title: 'a topic tells of its partitions, from 0 on: messages, offset of the last one, 0 for none',
    async check(bench) {
      const { client, streamId } = bench;
      const before = Date.now();
      const { id } = await createTopic(bench, topicId, 3);
      await send(bench, [message('a')], 1);
      await send(bench, [message('b'), message('c')], 2);
      const topic = await client.topic.get({ streamId, topicId });
      expect(topic).toMatchObject({ id, name: topicId, partitionsCount: 3, messagesCount: 3n });
      const ends = topic!.partitions.map((each) => [each.id, each.currentOffset, each.messagesCount]);
      expect(ends).toEqual([
        [0, 0n, 0n],
        [1, 0n, 1n],
        [2, 1n, 2n],
      ]);
      expect(topic!.partitions[2]!.sizeBytes).toBeGreaterThan(0n);
      expect(Math.abs(topic!.createdAt.getTime() - before)).toBeLessThan(60_000);
      expect(await client.topic.get({ streamId, topicId: id })).toEqual(topic);
      const listed = await client.topic.list({ streamId });
      expect(listed).toMatchObject([{ id, name: topicId, partitionsCount: 3, partitions: [] }]);
    },
  },
  {
    title: 'what is not there is null for a get, and a refusal for all else',
    async check(bench) {
      const { client, streamId } = bench;
      expect(await client.stream.get({ streamId: 'no such stream' })).toBeNull();
      expect(await client.topic.get({ streamId, topicId })).toBeNull();
      expect(await client.topic.get({ streamId: 'no such stream', topicId })).toBeNull();
      expect(await refusal(send(bench, [message('a')]))).toBe(20);
      expect(await refusal(poll(bench, PollingStrategy.first))).toBe(2010);
      expect(await client.topic.list({ streamId: 'no such stream' })).toEqual([]);
      expect(await refusal(send({ ...bench, streamId: 'no such stream' }, [message('a')]))).toBe(20);
      expect(await refusal(poll({ ...bench, streamId: 'no such stream' }, PollingStrategy.first))).toBe(1009);
      expect(await refusal(client.stream.delete({ streamId: 'no such stream' }))).toBe(1009);
      expect(await refusal(createTopic({ ...bench, streamId: 'no such stream' }))).toBe(1009);
      expect(await refusal(client.topic.purge({ streamId, topicId }))).toBe(2010);
      expect(await refusal(client.topic.delete({ streamId, topicId, partitionsCount: 1 }))).toBe(2010);
      expect(await refusal(client.topic.update({ streamId, topicId, name: 'other' }))).toBe(2010);
      expect(await refusal(client.partition.create({ streamId, topicId, partitionCount: 1 }))).toBe(2010);
      const position = { streamId, topicId, consumer, partitionId: 0 };
      expect(await client.offset.get(position)).toBeNull();
      expect(await refusal(client.offset.store({ ...position, offset: 0n }))).toBe(20);
      expect(await refusal(client.offset.delete(position))).toBe(20);
      await createTopic(bench);
      expect(await refusal(send(bench, [message('a')], 1))).toBe(20);
      expect(await refusal(poll(bench, PollingStrategy.first, 1, 1))).toBe(3007);
    },
  },
  {
    title: 'what is there already, or is too many, is refused',
    async check(bench) {
      const { client, streamId } = bench;
      expect(await refusal(client.stream.create({ name: streamId }))).toBe(1012);
      await createTopic(bench);
      expect(await refusal(createTopic(bench))).toBe(2013);
      expect(await refusal(createTopic(bench, 'wide', 1001))).toBe(2015);
      await createTopic(bench, 'other');
      expect(await refusal(client.topic.update({ streamId, topicId: 'other', name: topicId }))).toBe(2013);
    },
  },
  {
    title: 'names count letters and case, up to 255 bytes; the SDK refuses longer and empty ones',
    async check(bench) {
      const { client, streamId } = bench;
      const names = ['Topic', 'topic', 't.o-p_i c', 'é', 'n'.repeat(255)];
      for (const name of names) await createTopic(bench, name);
      const listed = await client.topic.list({ streamId });
      expect(listed.map(({ name }) => name).sort()).toEqual([...names].sort());
      await failure(createTopic(bench, ''));
      await failure(createTopic(bench, 'é'.repeat(128)));
    },
  },
  {
    title: 'a topic that is made again has lost its messages, and may have the same number',
    async check(bench) {
      const { client, streamId } = bench;
      const made = await client.topic.create({ streamId, name: topicId, partitionCount: 1, compressionAlgorithm: 1 });
      await send(bench, [message('a')]);
      await client.topic.delete({ streamId, topicId, partitionsCount: 1 });
      expect(await client.topic.get({ streamId, topicId })).toBeNull();
      expect(await client.topic.get({ streamId, topicId: made.id })).toBeNull();
      while (Date.now() <= made.createdAt.getTime() + 1) await delay(1);
      const again = await client.topic.create({ streamId, name: topicId, partitionCount: 1, compressionAlgorithm: 1 });
      expect(again.createdAt.getTime()).toBeGreaterThan(made.createdAt.getTime());
      expect(await poll(bench, PollingStrategy.first)).toMatchObject({ currentOffset: 0n, messages: [] });
      expect(await send(bench, [message('b')])).toBe(0);
    },
  },
  {
    title: 'a topic gets more partitions at its end, and loses its last ones',
    async check(bench) {
      const { client, streamId } = bench;
      await createTopic(bench);
      await send(bench, [message('a')]);
      await client.partition.create({ streamId, topicId, partitionCount: 2 });
      expect(await send(bench, [message('b')], 2)).toBe(0);
      await client.partition.delete({ streamId, topicId, partitionCount: 1 });
      const topic = await client.topic.get({ streamId, topicId });
      expect(topic!.partitions.map(({ id }) => id)).toEqual([0, 1]);
      expect(await refusal(send(bench, [message('c')], 2))).toBe(20);
      expect(payloads(await poll(bench, PollingStrategy.first))).toEqual(['a']);
      expect(await refusal(client.partition.delete({ streamId, topicId, partitionCount: 3 }))).toBe(2019);
    },
  },
  {
    title: 'a topic may have more than 1,000 partitions, by several commands; the SDK refuses more in one',
    async check(bench) {
      const { client, streamId } = bench;
      await createTopic(bench, topicId, 1000);
      await client.partition.create({ streamId, topicId, partitionCount: 1000 });
      await failure(client.partition.create({ streamId, topicId, partitionCount: 1001 }));
      expect(await client.topic.get({ streamId, topicId })).toMatchObject({ partitionsCount: 2000 });
      expect(await send(bench, [message('a')], 1999)).toBe(0);
    },
  },
  {
    title: 'a topic tells the options that it was created with, and those that the server derived',
    async check(bench) {
      const { client, streamId } = bench;
      const init = { streamId, partitionCount: 1, compressionAlgorithm: 1 } as const;
      const expected = {
        none: { options: {}, derivedOptions: { enforce_fsync: false, messages_required_to_save: 1024 } },
        process: { options: { messages_required_to_save: 1 }, derivedOptions: { enforce_fsync: false } },
        power: { options: { enforce_fsync: true, messages_required_to_save: 1 } },
      };
      for (const name of DURABILITIES) {
        const made = await client.topic.create({ ...init, name, ...DURABILITY_SETTINGS[name] });
        expect(made).toMatchObject(expected[name]);
        expect(durabilityOf(made)).toBe(name);
        expect(await client.topic.get({ streamId, topicId: name })).toMatchObject(expected[name]);
      }
      const listed = await client.topic.list({ streamId });
      expect(listed.map((topic) => [topic.name, durabilityOf(topic)])).toEqual(
        DURABILITIES.map((name) => [name, name]),
      );
    },
  },
  {
    title: 'a purge leaves nothing, and offsets begin at 0 again',
    async check(bench) {
      const { client, streamId } = bench;
      await createTopic(bench);
      await send(bench, [message('a'), message('b')]);
      await client.topic.purge({ streamId, topicId });
      expect(await poll(bench, PollingStrategy.offset(0n))).toMatchObject({ currentOffset: 0n, messages: [] });
      expect(await send(bench, [message('c')])).toBe(0);
      expect(payloads(await poll(bench, PollingStrategy.offset(0n)))).toEqual(['c']);
    },
  },
  {
    title: 'expiry and size of a topic are what it was made with, and can be changed; what is left out stays',
    async check(bench) {
      const { client, streamId } = bench;
      const settings = { messageExpiry: 3_600_000_000n, maxTopicSize: 2n ** 31n };
      await client.topic.create({ streamId, name: topicId, partitionCount: 1, compressionAlgorithm: 1, ...settings });
      expect(await client.topic.get({ streamId, topicId })).toMatchObject(settings);
      await client.topic.update({ streamId, topicId, name: topicId, messageExpiry: 7_200_000_000n });
      const changed = { messageExpiry: 7_200_000_000n, maxTopicSize: 2n ** 31n };
      expect(await client.topic.get({ streamId, topicId })).toMatchObject(changed);
      const never = 2n ** 64n - 1n;
      await client.topic.update({ streamId, topicId, name: topicId, messageExpiry: never, maxTopicSize: never });
      expect(await client.topic.get({ streamId, topicId })).toMatchObject({
        messageExpiry: never,
        maxTopicSize: never,
      });
    },
  },
  {
    title: 'commands of one client are done in their order',
    async check(bench) {
      await createTopic(bench);
      const sends = ['a', 'b', 'c', 'd'].map((payload) => send(bench, [message(payload)]));
      expect(await Promise.all(sends)).toEqual([0, 1, 2, 3]);
    },
  },
  {
    title: 'offsets of a consumer are kept for each partition; null for none',
    async check(bench) {
      const { client, streamId } = bench;
      await createTopic(bench, topicId, 2);
      await send(bench, [message('a'), message('b'), message('c')]);
      const ref = { streamId, topicId, consumer: { kind: 1, id: 'kafka.cg.group' } as const, partitionId: 0 };
      expect(await client.offset.get(ref)).toBeNull();
      await client.offset.store({ ...ref, offset: 1n });
      expect(await client.offset.get(ref)).toEqual({ partitionId: 0, currentOffset: 2n, storedOffset: 1n });
      expect(await client.offset.get({ ...ref, partitionId: 1 })).toBeNull();
      expect(await refusal(client.offset.store({ ...ref, offset: 3n }))).toBe(4100);
      await client.offset.delete(ref);
      expect(await client.offset.get(ref)).toBeNull();
      expect(await refusal(client.offset.delete(ref))).toBe(3021);
    },
  },
  {
    title: 'a server answers pings, and says who it is; a stream is listed until it is deleted',
    async check({ client, other, streamId }) {
      expect(await client.system.ping()).toBe(true);
      expect(await client.system.getStats()).toMatchObject({ hostname: expect.any(String) });
      const stream = await client.stream.get({ streamId });
      expect(stream).toMatchObject({ name: streamId, topicsCount: 0 });
      expect((await client.stream.list()).map(({ id }) => id)).toContain(stream!.id);
      await other.stream.delete({ streamId });
      expect(await client.stream.get({ streamId })).toBeNull();
    },
  },
  {
    title: 'a stream that is made after another was deleted may have its number; its topics are not there by that',
    async check(bench) {
      const { client, streamId } = bench;
      await createTopic(bench);
      const before = await client.stream.get({ streamId });
      await client.stream.delete({ streamId });
      expect(await client.topic.list({ streamId })).toEqual([]);
      expect(await client.topic.get({ streamId, topicId })).toBeNull();
      const made = await client.stream.create({ name: streamId });
      expect(made.createdAt.getTime()).toBeGreaterThan(before!.createdAt.getTime());
      expect(await client.topic.get({ streamId, topicId })).toBeNull();
    },
  },
  {
    title: 'a client that was destroyed fails all commands',
    async check({ client }) {
      await client.destroy();
      await failure(client.system.ping());
    },
  },
];
