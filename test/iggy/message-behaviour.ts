import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { type IggyHeaderInit, PollingStrategy } from '../../adapters/iggy/sdk/client.js';
import {
  type Behaviour,
  createTopic,
  failure,
  header,
  message,
  NOW,
  offsets,
  payloads,
  poll,
  send,
  topicId,
} from './support/behaviour-bench.js';

/** What the adapter relies on for messages. */
export const messageBehaviours: readonly Behaviour[] = [
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
    title: 'a poll by a time of more than 64 bits fails, and the client goes on',
    async check(bench) {
      await createTopic(bench);
      expect(await failure(poll(bench, PollingStrategy.timestamp(2n ** 64n)))).toBeInstanceOf(RangeError);
      expect((await poll(bench, PollingStrategy.timestamp(2n ** 64n - 1n))).messages).toEqual([]);
    },
  },
];
