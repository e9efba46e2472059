import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import {
  type IggyClient,
  iggyErrorCode,
  type IggyHeaderInit,
  type IggyMessageInit,
  type IggyPolled,
  type IggyPollingStrategy,
  PollingStrategy,
} from '../../adapters/iggy/sdk/client.js';
import { DURABILITIES, DURABILITY_SETTINGS, durabilityOf } from '../../adapters/iggy/sdk/durability.js';

// What the adapter relies on in the SDK's client and the server behind it: one list of checks, for the real ones
// (client-behaviour.test.ts, `npm run test:iggy`) and for the stand-in (test/unit/iggy/stand-in.test.ts, `npm test`).

/** What a check is given. */
export interface Bench {
  readonly client: IggyClient;
  /** Another client of the same server. */
  readonly other: IggyClient;
  /** The name of a stream that is there, and is the check's own. */
  readonly streamId: string;
}

export interface Behaviour {
  /** The rule that holds. */
  readonly title: string;
  readonly check: (bench: Bench) => Promise<void>;
}

const topicId = 'topic';
const consumer = { kind: 1, id: 1 } as const;
const NOW = 1_700_000_000_000_000n;

const message = (payload: string, more: Partial<IggyMessageInit> = {}): IggyMessageInit => ({
  payload: Buffer.from(payload),
  ...more,
});

const header = (name: string, value: Buffer): IggyHeaderInit => ({
  key: { kind: 2, value: name },
  value: { kind: 1, value },
});

const createTopic = ({ client, streamId }: Bench, name = topicId, partitionCount = 1): Promise<{ id: number }> =>
  client.topic.create({ streamId, name, partitionCount, compressionAlgorithm: 1 });

async function send({ client, streamId }: Bench, messages: IggyMessageInit[], partition = 0): Promise<number> {
  const { confirmations } = await client.message.send({
    streamId,
    topicId,
    messages,
    partition: { kind: 2, value: partition },
  });
  expect(confirmations).toHaveLength(1);
  expect(confirmations[0]!.partitionId).toBe(partition);
  return Number(confirmations[0]!.baseOffset);
}

const poll = (
  { client, streamId }: Bench,
  pollingStrategy: IggyPollingStrategy,
  count = 100,
  partitionId = 0,
): Promise<IggyPolled> =>
  client.message.poll({ streamId, topicId, consumer, partitionId, pollingStrategy, count, autocommit: false });

const payloads = ({ messages }: IggyPolled): string[] => messages.map(({ payload }) => payload.toString());
const offsets = ({ messages }: IggyPolled): number[] => messages.map(({ headers }) => Number(headers.offset));

/** The code of a refusal; fails where it is none. */
async function refusal(work: Promise<unknown>): Promise<number> {
  const error: unknown = await work.then(
    () => 'nothing',
    (thrown: unknown) => thrown,
  );
  const code = iggyErrorCode(error);
  expect(code, String(error)).toBeTypeOf('number');
  return code!;
}

/** What a call throws that the server did not refuse. */
async function failure(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => 'nothing',
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  expect(iggyErrorCode(error)).toBeUndefined();
  return error as Error;
}

export const behaviours: readonly Behaviour[] = [
  {
    title: 'a send is confirmed with the offset of its first message, in each partition from 0 on',
    async check(bench) {
      await createTopic(bench, topicId, 2);
      expect(await send(bench, [message('a'), message('b')])).toBe(0);
      expect(await send(bench, [message('c')])).toBe(2);
      expect(await send(bench, [message('d')], 1)).toBe(0);
      expect(await send({ ...bench, client: bench.other }, [message('e')])).toBe(3);
      expect(payloads(await poll(bench, PollingStrategy.offset(0n)))).toEqual(['a', 'b', 'c', 'e']);
      expect(payloads(await poll(bench, PollingStrategy.offset(0n), 100, 1))).toEqual(['d']);
    },
  },
  {
    title: 'a message comes back with its payload, id, headers in their order, and the milliseconds of its origin',
    async check(bench) {
      await createTopic(bench);
      const headers: IggyHeaderInit[] = [
        header('z', Buffer.of(0, 255)),
        header('a', Buffer.alloc(255, 1)),
        { key: { kind: 2, value: 'é' }, value: { kind: 7, value: -5n } },
        header('n'.repeat(255), Buffer.of(1)),
      ];
      const id = (2n ** 64n - 1n) << 64n;
      const before = Date.now();
      await send(bench, [
        message('\0', { id, headers, originTimestamp: NOW + 1999n }),
        message('b', { headers: [], originTimestamp: NOW }),
      ]);
      const { messages, currentOffset, partitionId } = await poll(bench, PollingStrategy.offset(0n));
      expect({ currentOffset, partitionId }).toEqual({ currentOffset: 1n, partitionId: 0 });
      const [first, second] = messages;
      expect(first!.payload).toEqual(Buffer.from('\0'));
      expect(first!.headers).toMatchObject({ id, offset: 0n, originTimestamp: new Date(Number(NOW / 1000n) + 1) });
      expect(Math.abs(first!.headers.timestamp.getTime() - before)).toBeLessThan(60_000);
      expect(first!.userHeaders).toEqual(headers);
      expect(first!.headers.userHeadersLength).toBe(6 + 7 + 6 + 260 + 7 + 13 + 260 + 6);
      expect(second!.userHeaders).toEqual([]);
      expect(second!.headers).toMatchObject({ offset: 1n, originTimestamp: new Date(Number(NOW / 1000n)) });
    },
  },
  {
    title: 'an origin of 0 stays 0; without one it is the time of the send; a date past the last one is invalid',
    async check(bench) {
      await createTopic(bench);
      const before = Date.now();
      await send(bench, [message('a', { originTimestamp: 0n })]);
      await send(bench, [message('b')]);
      await send(bench, [message('c', { originTimestamp: 9_007_199_254_740_991_000n })]);
      const { messages } = await poll(bench, PollingStrategy.offset(0n));
      const origins = messages.map(({ headers }) => headers.originTimestamp.getTime());
      expect(origins[0]).toBe(0);
      expect(origins[1]).toBeGreaterThanOrEqual(before);
      expect(origins[2]).toBeNaN();
    },
  },
  {
    title: 'a message without an id, or with 0, gets one of its own; the same id twice is two messages',
    async check(bench) {
      await createTopic(bench);
      await send(bench, [message('a'), message('b', { id: 0n }), message('c', { id: 5n }), message('d', { id: 5n })]);
      await send(bench, [message('e', { id: 5n })]);
      const { messages } = await poll(bench, PollingStrategy.offset(0n));
      const ids = messages.map(({ headers }) => headers.id);
      expect(ids.slice(2)).toEqual([5n, 5n, 5n]);
      expect(new Set(ids).size).toBe(3);
      expect(ids[0]).not.toBe(0n);
    },
  },
  {
    title: 'origins of one send more than 2^32 - 1 µs apart, and a send of nothing, are refused by the SDK',
    async check(bench) {
      await createTopic(bench);
      const last = NOW + 2n ** 32n - 1n;
      expect(await send(bench, [message('a', { originTimestamp: NOW }), message('b', { originTimestamp: last })])).toBe(
        0,
      );
      const apart = [message('a', { originTimestamp: NOW }), message('b', { originTimestamp: last + 1n })];
      expect((await failure(send(bench, apart))).message).toMatch(/delta/);
      await failure(send(bench, []));
      expect(await send(bench, [message('c')])).toBe(2);
    },
  },
  {
    title: 'a poll by offset gives as many as were asked for and are there; at the end and past it none, and no error',
    async check(bench) {
      await createTopic(bench);
      expect(await poll(bench, PollingStrategy.offset(0n))).toMatchObject({ currentOffset: 0n, messages: [] });
      await send(
        bench,
        ['a', 'b', 'c', 'd'].map((payload) => message(payload)),
      );
      await send(
        bench,
        ['e', 'f'].map((payload) => message(payload)),
      );
      expect(offsets(await poll(bench, PollingStrategy.offset(1n), 2))).toEqual([1, 2]);
      expect(offsets(await poll(bench, PollingStrategy.offset(3n), 2))).toEqual([3, 4]);
      expect(offsets(await poll(bench, PollingStrategy.offset(5n)))).toEqual([5]);
      for (const offset of [6n, 7n, 2n ** 40n]) {
        expect(await poll(bench, PollingStrategy.offset(offset))).toMatchObject({ currentOffset: 5n, messages: [] });
      }
    },
  },
  {
    title: 'a poll for the first or the last gives those',
    async check(bench) {
      await createTopic(bench);
      expect(offsets(await poll(bench, PollingStrategy.first))).toEqual([]);
      expect(offsets(await poll(bench, PollingStrategy.last))).toEqual([]);
      await send(
        bench,
        ['a', 'b', 'c'].map((payload) => message(payload)),
      );
      await send(
        bench,
        ['d', 'e'].map((payload) => message(payload)),
      );
      expect(offsets(await poll(bench, PollingStrategy.first, 1))).toEqual([0]);
      expect(offsets(await poll(bench, PollingStrategy.last, 1))).toEqual([4]);
      expect(offsets(await poll(bench, PollingStrategy.last, 4))).toEqual([1, 2, 3, 4]);
    },
  },
  {
    title: 'a poll by time goes by when the server appended, and not by the origin',
    async check(bench) {
      await createTopic(bench);
      await send(bench, [message('a', { originTimestamp: NOW + 10n ** 15n })]);
      // The time of the first append is over when the next one comes.
      const [first] = (await poll(bench, PollingStrategy.offset(0n))).messages;
      const after = first!.headers.timestamp.getTime() + 2;
      while (Date.now() <= after) await delay(1);
      await send(bench, [message('b', { originTimestamp: NOW })]);
      expect(payloads(await poll(bench, PollingStrategy.timestamp(BigInt(after) * 1000n)))).toEqual(['b']);
      expect(payloads(await poll(bench, PollingStrategy.timestamp(0n)))).toEqual(['a', 'b']);
      expect(payloads(await poll(bench, PollingStrategy.timestamp(BigInt(Date.now() + 1e6) * 1000n)))).toEqual([]);
    },
  },
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
    title: 'a header that is empty or too long is sent unchecked; a poll that meets it fails, one past it does not',
    async check(bench) {
      await createTopic(bench);
      await send(bench, [message('a')]);
      await send(bench, [message('b', { headers: [header('empty', Buffer.alloc(0))] })]);
      await send(bench, [message('c', { headers: [header('long', Buffer.alloc(256))] })]);
      await send(bench, [message('d')]);
      await failure(poll(bench, PollingStrategy.offset(0n)));
      await failure(poll(bench, PollingStrategy.offset(2n)));
      expect(payloads(await poll(bench, PollingStrategy.offset(0n), 1))).toEqual(['a']);
      expect(payloads(await poll(bench, PollingStrategy.offset(3n)))).toEqual(['d']);
    },
  },
  {
    title: 'headers over 100,000 bytes are sent and read unchecked',
    async check(bench) {
      await createTopic(bench);
      const headers = Array.from({ length: 500 }, (_, index) => header(`h${index}`, Buffer.alloc(255)));
      await send(bench, [message('a', { headers })]);
      const [back] = (await poll(bench, PollingStrategy.first)).messages;
      expect(back!.userHeaders).toEqual(headers);
    },
  },
  {
    title: 'a send of 64,000,000 bytes is taken; one over 64 MiB breaks the connection, and stores nothing',
    async check(bench) {
      await createTopic(bench);
      const payload = Buffer.alloc(64_000_000, 7);
      expect(await send(bench, [{ payload, headers: [header('h', Buffer.alloc(255))] }])).toBe(0);
      await failure(send(bench, [{ payload }, { payload: Buffer.alloc(4_000_000) }]));
      const { messages } = await poll({ ...bench, client: bench.other }, PollingStrategy.first, 1);
      expect(messages[0]!.payload.equals(payload)).toBe(true);
      expect(await send({ ...bench, client: bench.other }, [message('b')])).toBe(1);
    },
  },
  {
    title: 'an answer over 64 MiB breaks the connection; other polls work',
    async check(bench) {
      await createTopic(bench);
      const payload = Buffer.alloc(40_000_000);
      await send(bench, [{ payload }]);
      await send(bench, [{ payload }]);
      await failure(poll(bench, PollingStrategy.first, 2));
      expect((await poll({ ...bench, client: bench.other }, PollingStrategy.first, 1)).messages).toHaveLength(1);
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
    title: 'a poll by a time of more than 64 bits fails, and the client goes on',
    async check(bench) {
      await createTopic(bench);
      expect(await failure(poll(bench, PollingStrategy.timestamp(2n ** 64n)))).toBeInstanceOf(RangeError);
      expect((await poll(bench, PollingStrategy.timestamp(2n ** 64n - 1n))).messages).toEqual([]);
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
