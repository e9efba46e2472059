// The error codes are those that Apache Kafka 4.3.1 gave to the same requests.
import { ErrorCode } from 'iggy-gateway-kafka';
import {
  buildBatch,
  deleteRecordsApi,
  deleteTopicsApi,
  fetchApi,
  listOffsetsApi,
  offsetForLeaderEpochApi,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, fetchFrom, offsetFor, produce, valuesOf } from '../support/log-requests.js';
import type { WireClient } from '../support/wire-client.js';

/** A topic with three batches of two records each. */
async function filled(): Promise<{ client: WireClient; id: string; connect: () => Promise<WireClient> }> {
  const { connect } = await startBroker();
  const client = await connect();
  const id = await createTopic(client, 't');
  for (const first of [0, 2, 4]) await produce(client, 't', batchOf([String(first), String(first + 1)]));
  return { client, id, connect };
}

const all = [0, 1, 2, 3, 4, 5].map((offset) => [offset, String(offset)]);

describe('Fetch', () => {
  test.each(Array.from({ length: 15 }, (_, index) => index + 4))('version %i reads', async (version) => {
    const { client, id } = await filled();
    const answer = await fetchFrom(client, 't', { version, ...(version < 13 ? {} : { topicId: id }) });
    expect(answer).toMatchObject({ errorCode: 0, highWatermark: 6n, lastStableOffset: 6n, abortedTransactions: null });
    expect(valuesOf(answer.records)).toEqual(all);
  });

  test('begins with the batch that holds the offset', async () => {
    const { client } = await filled();
    expect(valuesOf((await fetchFrom(client, 't', { offset: 3 })).records)).toEqual(all.slice(2));
    expect((await fetchFrom(client, 't', { offset: 6 })).records).toHaveLength(0);
  });

  test.each([{ partitionMaxBytes: 1 }, { maxBytes: 1 }, { partitionMaxBytes: 0 }, { maxBytes: 0 }])(
    'with %o gives one whole batch',
    async (limits) => {
      const { client } = await filled();
      expect(valuesOf((await fetchFrom(client, 't', { offset: 2, ...limits })).records)).toEqual(all.slice(2, 4));
    },
  );

  test('gives whole batches up to the limits, the first partition first', async () => {
    const { connect } = await startBroker();
    const client = await connect();
    await createTopic(client, 't', { numPartitions: 3 });
    const batch = batchOf(['x'.repeat(1000)]);
    for (const partition of [0, 1, 2])
      for (let count = 0; count < 3; count++) await produce(client, 't', batch, { partition });
    const read = async (maxBytes: number, partitionMaxBytes: number): Promise<number[]> => {
      const partitions = [0, 1, 2].map((partition) => ({ partition, fetchOffset: 0n, partitionMaxBytes }));
      const { response } = await client.send(fetchApi, 12, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes,
        topics: [{ topic: 't', partitions }],
      });
      return response.responses[0]!.partitions.map(({ records }) => valuesOf(records).length);
    };
    expect(await read(1e6, 1e6)).toEqual([3, 3, 3]);
    expect(await read(1e6, 2 * batch.length)).toEqual([2, 2, 2]);
    expect(await read(4 * batch.length, 1e6)).toEqual([3, 1, 0]);
    expect(await read(4 * batch.length, 2 * batch.length)).toEqual([2, 2, 0]);
    expect(await read(1, 1e6)).toEqual([1, 0, 0]);
    // Only the first batch of all may be larger than what was asked for.
    expect(await read(1e6, 1)).toEqual([1, 0, 0]);
  });

  test('names what cannot be read', async () => {
    const { client, id } = await filled();
    const topicId = '11111111-2222-3333-4444-555555555555';
    const codes = [
      await fetchFrom(client, 't', { offset: 7 }),
      await fetchFrom(client, 't', { offset: -1 }),
      await fetchFrom(client, 'other'),
      await fetchFrom(client, 't', { partition: 1 }),
      await fetchFrom(client, 't', { version: 13, topicId }),
      await fetchFrom(client, 't', { version: 13, topicId: id, partition: 1 }),
      await fetchFrom(client, 't', { currentLeaderEpoch: 1 }),
      await fetchFrom(client, 't', { partitionMaxBytes: -1 }),
    ].map(({ errorCode, highWatermark }) => [errorCode, highWatermark]);
    expect(codes).toEqual([
      [ErrorCode.OFFSET_OUT_OF_RANGE, -1n],
      [ErrorCode.OFFSET_OUT_OF_RANGE, -1n],
      [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1n],
      [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1n],
      [ErrorCode.UNKNOWN_TOPIC_ID, -1n],
      [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1n],
      [ErrorCode.UNKNOWN_LEADER_EPOCH, -1n],
      [ErrorCode.UNKNOWN_SERVER_ERROR, -1n],
    ]);
    expect((await fetchFrom(client, 't', { currentLeaderEpoch: -2 })).errorCode).toBe(0);
  });

  test('knows two isolation levels, and names aborted transactions to the second', async () => {
    const { client } = await filled();
    const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1000 }] }];
    const read = async (isolationLevel: number) => {
      const request = { maxWaitMs: 0, minBytes: 1, maxBytes: 1000, isolationLevel, topics };
      return (await client.send(fetchApi, 12, request)).response;
    };
    expect((await read(0)).responses[0]!.partitions[0]).toMatchObject({ errorCode: 0, abortedTransactions: null });
    expect((await read(1)).responses[0]!.partitions[0]).toMatchObject({ errorCode: 0, abortedTransactions: [] });
    expect((await read(2)).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
  });

  test('tells where the log starts once records are deleted', async () => {
    const { client } = await filled();
    await client.send(deleteRecordsApi, 2, {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 3n }] }],
      timeoutMs: 1000,
    });
    expect((await fetchFrom(client, 't', { offset: 2 })).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
    const answer = await fetchFrom(client, 't', { offset: 3 });
    expect(answer).toMatchObject({ errorCode: 0, logStartOffset: 3n, highWatermark: 6n });
    expect(valuesOf(answer.records)).toEqual(all.slice(2));
  });
});

describe('a fetch that waits', () => {
  const WAIT_MS = 15_000;

  test('is answered by the append that fulfils it', async () => {
    const { client, connect } = await filled();
    const waiting = fetchFrom(await connect(), 't', { offset: 6, maxWaitMs: WAIT_MS });
    const ten = fetchFrom(await connect(), 't', { offset: 6, maxWaitMs: WAIT_MS, minBytes: 2 * batchOf(['6']).length });
    await produce(client, 't', batchOf(['6']));
    expect(valuesOf((await waiting).records)).toEqual([[6, '6']]);
    await produce(client, 't', batchOf(['7']));
    expect(valuesOf((await ten).records)).toEqual([
      [6, '6'],
      [7, '7'],
    ]);
  });

  test('is answered with what there is when its time is over', async () => {
    const { client } = await filled();
    const answer = await fetchFrom(client, 't', { offset: 4, maxWaitMs: 50, minBytes: 1_000_000 });
    expect(valuesOf(answer.records)).toEqual(all.slice(4));
  });

  test('ends with its topic', async () => {
    const { client, connect } = await filled();
    const waiting = fetchFrom(await connect(), 't', { offset: 6, maxWaitMs: WAIT_MS });
    await client.send(deleteTopicsApi, 5, { topicNames: ['t'], timeoutMs: 1000 });
    expect((await waiting).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test('lets go of everything when its client is gone', async () => {
    const { gateway, connect } = await startBroker();
    const client = await connect();
    await createTopic(client, 't');
    const consumer = await connect();
    const waiting = fetchFrom(consumer, 't', { maxWaitMs: WAIT_MS });
    const gone = expect(waiting).rejects.toThrow();
    await vi.waitFor(() => expect(consumer.socket.bytesWritten).toBeGreaterThan(0));
    consumer.socket.destroy();
    await gone;
    await produce(client, 't', batchOf(['a']));
    const started = performance.now();
    await gateway.close({ drainTimeoutMs: 5_000 });
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});

describe('a fetch session', () => {
  async function session(client: WireClient, version: number, topicId: string) {
    const ask = async (
      sessionId: number,
      sessionEpoch: number,
      offsets: Record<number, number>,
      forgotten: number[] = [],
    ) => {
      const partitions = Object.entries(offsets).map(([partition, offset]) => ({
        partition: Number(partition),
        fetchOffset: BigInt(offset),
        partitionMaxBytes: 100_000,
      }));
      const { response } = await client.send(fetchApi, version, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1_000_000,
        sessionId,
        sessionEpoch,
        topics: partitions.length === 0 ? [] : [{ topic: 't', topicId, partitions }],
        forgottenTopicsData: forgotten.length === 0 ? [] : [{ topic: 't', topicId, partitions: forgotten }],
      });
      const read = response.responses.flatMap((topic) =>
        topic.partitions.map(({ partitionIndex, errorCode, records }) => [
          partitionIndex,
          errorCode,
          valuesOf(records).map(([, value]) => value),
        ]),
      );
      return { errorCode: response.errorCode, sessionId: response.sessionId, read };
    };
    return ask;
  }

  test.each([7, 12, 13, 18])('in version %i answers only what is new', async (version) => {
    const client = await (await startBroker()).connect();
    const id = await createTopic(client, 't', { numPartitions: 2 });
    await produce(client, 't', batchOf(['a']));
    const ask = await session(client, version, id);
    const first = await ask(0, 0, { 0: 0, 1: 0 });
    expect(first.read).toEqual([
      [0, 0, ['a']],
      [1, 0, []],
    ]);
    const { sessionId } = first;
    expect(sessionId).toBeGreaterThan(0);
    expect(await ask(sessionId, 1, { 0: 1 })).toEqual({ errorCode: 0, sessionId, read: [] });
    await produce(client, 't', batchOf(['b']), { partition: 1 });
    expect((await ask(sessionId, 2, {})).read).toEqual([[1, 0, ['b']]]);
    expect((await ask(sessionId, 3, { 1: 1 })).read).toEqual([]);
    // An error is told every time, and the partition again once it is over.
    expect((await ask(sessionId, 4, { 0: 9 })).read).toEqual([[0, ErrorCode.OFFSET_OUT_OF_RANGE, []]]);
    expect((await ask(sessionId, 5, {})).read).toEqual([[0, ErrorCode.OFFSET_OUT_OF_RANGE, []]]);
    expect((await ask(sessionId, 6, { 0: 1 })).read).toEqual([[0, 0, []]]);
    expect((await ask(sessionId, 7, {}, [0])).read).toEqual([]);
    expect(await ask(sessionId, 8, {}, [1])).toMatchObject({ errorCode: 0, sessionId: 0, read: [] });
    expect((await ask(sessionId, 9, {})).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
  });

  test('refuses a wrong epoch, a wrong id and another way to name topics', async () => {
    const client = await (await startBroker()).connect();
    const id = await createTopic(client, 't');
    const ask = await session(client, 12, id);
    const { sessionId } = await ask(0, 0, { 0: 0 });
    expect((await ask(sessionId + 1, 1, {})).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect((await ask(sessionId, 2, {})).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
    const byId = await session(client, 13, id);
    expect((await byId(sessionId, 1, {})).errorCode).toBe(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    expect((await ask(sessionId, 1, {})).errorCode).toBe(0);
  });

  test('is given as long as there are slots; a final fetch frees one', async () => {
    const config = { 'max.incremental.fetch.session.cache.slots': 2 };
    const client = await (await startBroker({ config })).connect();
    const ask = await session(client, 12, await createTopic(client, 't'));
    const ids = [await ask(0, 0, { 0: 0 }), await ask(0, 0, { 0: 0 }), await ask(0, 0, { 0: 0 })];
    expect(ids.map(({ sessionId }) => sessionId > 0)).toEqual([true, true, false]);
    expect(await ask(ids[0]!.sessionId, -1, { 0: 0 })).toMatchObject({ sessionId: 0, read: [[0, 0, []]] });
    expect((await ask(0, 0, { 0: 0 })).sessionId).toBeGreaterThan(0);
  });

  test('reads the partition first that had nothing for the longest time', async () => {
    const client = await (await startBroker()).connect();
    const id = await createTopic(client, 't', { numPartitions: 2 });
    const batch = batchOf(['x'.repeat(80_000)]);
    for (const partition of [0, 0, 0, 1, 1, 1]) await produce(client, 't', batch, { partition });
    const ask = async (sessionId: number, sessionEpoch: number, partitions: readonly number[], offset: number) => {
      const { response } = await client.send(fetchApi, 12, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 100_000,
        sessionId,
        sessionEpoch,
        topics: [
          {
            topic: 't',
            topicId: id,
            partitions: partitions.map((partition) => ({
              partition,
              fetchOffset: BigInt(offset),
              partitionMaxBytes: 100_000,
            })),
          },
        ],
      });
      const read = response.responses.flatMap((topic) => topic.partitions).filter(({ records }) => records!.length > 0);
      return { sessionId: response.sessionId, read: read.map(({ partitionIndex }) => partitionIndex) };
    };
    const { sessionId, read } = await ask(0, 0, [0, 1], 0);
    expect(read).toEqual([0]);
    const reads: number[][] = [];
    for (let epoch = 1; epoch <= 4; epoch++) reads.push((await ask(sessionId, epoch, [0], 1)).read);
    expect(reads).toEqual([[0], [1], [0], [1]]);
  });
});

describe('ListOffsets', () => {
  test('knows the special timestamps since their versions', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    await produce(client, 't', batchOf(['a'], {}, { timestamp: 1000 }));
    await produce(client, 't', batchOf(['b', 'c'], { compression: 'gzip' }, { timestamp: 3000 }));
    await produce(client, 't', batchOf(['d'], {}, { timestamp: 2000 }));
    const found = async (timestamp: number, version = 9) => {
      const { errorCode, offset, timestamp: time, leaderEpoch } = await offsetFor(client, 't', timestamp, version);
      return [errorCode, Number(offset), Number(time), leaderEpoch];
    };
    expect(await found(-1)).toEqual([0, 4, -1, 0]);
    expect(await found(-1, 1)).toEqual([0, 4, -1, -1]);
    expect(await found(-2)).toEqual([0, 0, -1, 0]);
    expect(await found(-3, 7)).toEqual([0, 2, 3001, 0]);
    expect(await found(-4, 8)).toEqual([0, 0, -1, 0]);
    expect(await found(-5)).toEqual([0, -1, -1, -1]);
    for (const [timestamp, version] of [
      [-3, 6],
      [-4, 7],
      [-5, 8],
      [-6, 10],
      [-7, 10],
    ] as const) {
      expect(await found(timestamp, version)).toEqual([ErrorCode.UNSUPPORTED_VERSION, -1, -1, -1]);
    }
    expect(await found(0)).toEqual([0, 0, 1000, 0]);
    expect(await found(1001)).toEqual([0, 1, 3000, 0]);
    expect(await found(3001)).toEqual([0, 2, 3001, 0]);
    expect(await found(3002)).toEqual([0, -1, -1, -1]);
  });

  test('looks past a batch whose only record of that time was deleted', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    const now = Date.now();
    const records = [now, now - 10].map((timestamp) => ({ timestamp, value: Buffer.from('a') }));
    await produce(client, 't', buildBatch(records));
    expect(await offsetFor(client, 't', now - 5)).toMatchObject({ offset: 0n });
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: 1n }] }];
    await client.send(deleteRecordsApi, 2, { topics, timeoutMs: 1 });
    expect(await offsetFor(client, 't', now - 5)).toMatchObject({ errorCode: 0, offset: -1n });
    expect(await offsetFor(client, 't', now - 10)).toMatchObject({ offset: 1n });
  });

  test('names what is unknown, fenced, or asked for twice', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't', { numPartitions: 2 });
    const asked = [
      { name: 't', partitions: [{ partitionIndex: 0, timestamp: -1n, currentLeaderEpoch: 3 }] },
      { name: 't', partitions: [{ partitionIndex: 1, timestamp: -1n, currentLeaderEpoch: -2 }] },
      { name: 'other', partitions: [{ partitionIndex: 0, timestamp: -1n }] },
      {
        name: 'twice',
        partitions: [
          { partitionIndex: 0, timestamp: -1n },
          { partitionIndex: 0, timestamp: -2n },
        ],
      },
    ];
    const { response } = await client.send(listOffsetsApi, 9, { replicaId: -1, isolationLevel: 1, topics: asked });
    expect(response.topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([
      [ErrorCode.UNKNOWN_LEADER_EPOCH],
      [ErrorCode.FENCED_LEADER_EPOCH],
      [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      [ErrorCode.INVALID_REQUEST],
    ]);
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1n }] }];
    const strange = await client.send(listOffsetsApi, 9, { replicaId: -1, isolationLevel: 2, topics });
    expect(strange.response.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
  });
});

test.each([
  [0, -1, 0, 0, 2n],
  [5, -1, 0, -1, -1n],
  [-1, -1, 0, -1, -1n],
  [0, 9, ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1n],
])(
  'OffsetForLeaderEpoch of epoch %i, known %i',
  async (leaderEpoch, currentLeaderEpoch, errorCode, epoch, endOffset) => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't');
    await produce(client, 't', batchOf(['a', 'b']));
    const { response } = await client.send(offsetForLeaderEpochApi, 4, {
      replicaId: -1,
      topics: [
        { topic: 't', partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] },
        { topic: 'other', partitions: [{ partition: 0, leaderEpoch }] },
      ],
    });
    expect(response.topics.map(({ partitions }) => partitions[0])).toMatchObject([
      { errorCode, leaderEpoch: epoch, endOffset },
      { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    ]);
  },
);
