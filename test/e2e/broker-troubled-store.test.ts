import { createKafkaGateway, ErrorCode } from 'iggy-gateway-kafka';
import {
  type BrokerConfigInit,
  createBrokerBackend,
  StoreError,
  type StoreErrorKind,
} from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import {
  createPartitionsApi,
  createTopicsApi,
  deleteGroupsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  describeLogDirsApi,
  fetchApi,
  initProducerIdApi,
  metadataApi,
  NIL_UUID,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
  offsetForLeaderEpochApi,
  produceApi,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { alter, createTopic, newTopic, SET, TOPIC } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { defer } from '../support/deferred.js';
import { record } from '../support/gateways.js';
import { batchOf, fetchFrom, offsetFor, produce, valuesOf } from '../support/log-requests.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { FAILING, type Instead, troubledStore } from '../support/troubled-store.js';
import { TurnedClock } from '../support/turned-clock.js';
import { type WireClient, WireClosedError } from '../support/wire-client.js';

expectQuietProcess();

const BROKEN = new Error('broken');
const sequence = (baseSequence: number): Buffer => batchOf(['a'], { producerId: 9, producerEpoch: 0, baseSequence });

async function started(
  trouble = troubledStore(),
  options: { readonly clock?: TurnedClock; readonly config?: BrokerConfigInit } = {},
) {
  const warn = vi.fn<(message: string) => void>();
  const { gateway, connect } = await startBroker({ store: trouble.store, warn, ...options });
  const client = await connect();
  await createTopic(client, 't');
  return { ...trouble, warn, client, connect, gateway, errors: record(gateway, 'requestError') };
}

/** Requests that change topics, by the method of the store that they need: each gives its error code. */
const ADMIN: readonly (readonly [
  api: string,
  method: Parameters<ReturnType<typeof troubledStore>['next']>[0],
  ask: (client: WireClient) => Promise<number | undefined>,
])[] = [
  [
    'CreateTopics',
    'createTopic',
    async (client) =>
      (await client.send(createTopicsApi, 7, { topics: [newTopic('new')] })).response.topics[0]?.errorCode,
  ],
  [
    'CreatePartitions',
    'growTopic',
    async (client) => {
      const topics = [{ name: 't', count: 2, assignments: null }];
      const { response } = await client.send(createPartitionsApi, 3, { topics, timeoutMs: 1, validateOnly: false });
      return response.results[0]?.errorCode;
    },
  ],
  [
    'DeleteTopics',
    'deleteTopic',
    async (client) => {
      const topics = [{ name: 't', topicId: NIL_UUID }];
      return (await client.send(deleteTopicsApi, 6, { topics, timeoutMs: 1 })).response.responses[0]?.errorCode;
    },
  ],
  [
    'DeleteRecords',
    'deleteRecords',
    async (client) => {
      await produce(client, 't', batchOf(['a']));
      const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: -1n }] }];
      const { response } = await client.send(deleteRecordsApi, 2, { topics, timeoutMs: 1 });
      return response.topics[0]?.partitions[0]?.errorCode;
    },
  ],
  [
    'IncrementalAlterConfigs',
    'configureTopic',
    async (client) => (await alter(client, TOPIC, 't', [['retention.ms', SET, '5']])).errorCode,
  ],
];

describe.each(FAILING)('where a store %s,', (_how, fail) => {
  const kinds: readonly (readonly [StoreErrorKind, number])[] = [
    ['notFound', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['exists', ErrorCode.TOPIC_ALREADY_EXISTS],
    ['full', ErrorCode.POLICY_VIOLATION],
    ['unavailable', ErrorCode.REQUEST_TIMED_OUT],
    ['outcomeUnknown', ErrorCode.REQUEST_TIMED_OUT],
    ['outOfRange', ErrorCode.OFFSET_OUT_OF_RANGE],
    ['invalid', ErrorCode.INVALID_REQUEST],
  ];

  test.each(ADMIN)('%s says why, and works the next time', async (_api, method, ask) => {
    const { client, next, warn } = await started();
    for (const [kind, code] of kinds) {
      next(method, fail(new StoreError(kind, 'no')));
      expect(await ask(client), kind).toBe(code);
    }
    expect(warn).not.toHaveBeenCalled();
    next(method, fail(BROKEN));
    expect(await ask(client)).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('broken'));
    expect(await ask(client)).toBe(ErrorCode.NONE);
  });

  test('a topic that cannot be created for who asks of it is not known, and the operator is told', async () => {
    const { client, next, warn } = await started();
    const ask = async () => (await client.send(metadataApi, 9, { topics: [{ name: 'new' }] })).response.topics[0];
    next('createTopic', fail(new StoreError('full', 'no room')));
    expect(await ask()).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
    expect(warn).toHaveBeenCalledWith('topic new cannot be created: StoreError: no room');
    expect(await ask()).toMatchObject({ errorCode: ErrorCode.NONE });
  });

  test('Produce is refused with a code for it, and the next one is taken', async () => {
    const { client, next, errors } = await started();
    const refusals: readonly (readonly [StoreErrorKind, number])[] = [
      ['notFound', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ['unavailable', ErrorCode.NOT_LEADER_OR_FOLLOWER],
      ['outcomeUnknown', ErrorCode.REQUEST_TIMED_OUT],
      ['full', ErrorCode.KAFKA_STORAGE_ERROR],
      ['invalid', ErrorCode.INVALID_RECORD],
    ];
    for (const [kind, errorCode] of refusals) {
      next('append', fail(new StoreError(kind, 'no')));
      expect(await produce(client, 't', batchOf(['a'])), kind).toMatchObject({ errorCode, errorMessage: 'no' });
    }
    expect(errors).toEqual([]);
    next('append', fail(BROKEN));
    expect((await produce(client, 't', batchOf(['a']))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'produce', error: BROKEN }]);
    expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  });

  test('a producer whose partition cannot be looked through is refused, and goes on with the same sequence', async () => {
    const { client, next, errors } = await started();
    next('bounds', fail(new StoreError('unavailable', 'no')));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next('read', fail(new StoreError('unavailable', 'no')));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(errors).toEqual([]);
    next('bounds', fail(BROKEN));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'produce', error: BROKEN }]);
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
    expect(await produce(client, 't', sequence(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  });

  test('a producer that cannot be looked up holds nobody up, in the same request or later', async () => {
    const { client, next } = await started();
    await createTopic(client, 'u');
    next('bounds', fail(BROKEN));
    const { response } = await client.send(produceApi, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        { name: 'u', partitionData: [{ index: 0, records: batchOf(['a']) }] },
        { name: 't', partitionData: [{ index: 0, records: sequence(0) }] },
      ],
    });
    expect(response.responses[1]?.partitionResponses[0]?.errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(await produce(client, 'u', batchOf(['b']))).toMatchObject({ errorCode: 0 });
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  });

  test('a partition that one request names twice fails twice, and harms nobody else', async () => {
    const { client, next } = await started();
    for (let times = 0; times < 2; times++) next('append', fail(BROKEN));
    const both = [batchOf(['a']), batchOf(['b'])].map((records) => ({ index: 0, records }));
    const topicData = [{ name: 't', partitionData: both }];
    const { response } = await client.send(produceApi, 9, { acks: -1, timeoutMs: 1000, topicData });
    const codes = response.responses[0]!.partitionResponses.map(({ errorCode }) => errorCode);
    expect(codes).toEqual([ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.UNKNOWN_SERVER_ERROR]);
    expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  });

  test('a batch whose producer cannot be saved is refused, and stored once when it comes again', async () => {
    const { capabilities } = createMemoryStore();
    const { client, next, store } = await started(
      troubledStore({ capabilities: { ...capabilities, keepsBatches: false } }),
    );
    next('put', fail(new StoreError('unavailable', 'no')));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next('put', fail(new StoreError('full', 'no')));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
    next('put', fail(BROKEN));
    expect((await produce(client, 't', sequence(1))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(await produce(client, 't', sequence(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
    expect((await fetchFrom(client, 't')).highWatermark).toBe(2n);
    const restarted = await (await startBroker({ store })).connect();
    expect(await produce(restarted, 't', sequence(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  });

  test.each([-1, 5])('ListOffsets of %d says why', async (timestamp) => {
    const { client, next, errors } = await started();
    const method = timestamp === -1 ? 'bounds' : 'offsetForTimestamp';
    next(method, fail(new StoreError('unavailable', 'no')));
    expect((await offsetFor(client, 't', timestamp)).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next(method, fail(BROKEN));
    expect((await offsetFor(client, 't', timestamp)).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'listOffsets', error: BROKEN }]);
  });

  test('OffsetForLeaderEpoch says why', async () => {
    const { client, next, errors } = await started();
    const ask = async () => {
      const topics = [{ topic: 't', partitions: [{ partition: 0, leaderEpoch: 0 }] }];
      return (await client.send(offsetForLeaderEpochApi, 4, { topics })).response.topics[0]?.partitions[0]?.errorCode;
    };
    next('bounds', fail(new StoreError('unavailable', 'no')));
    expect(await ask()).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next('bounds', fail(BROKEN));
    expect(await ask()).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'offsetForLeaderEpoch', error: BROKEN }]);
  });

  test('DescribeLogDirs leaves out a partition that is gone, and says where one cannot be looked at', async () => {
    const { client, next, errors } = await started();
    await createTopic(client, 'u', { numPartitions: 2 });
    const ask = async () => {
      const { response } = await client.send(describeLogDirsApi, 4, { topics: null });
      const [result] = response.results;
      const names = result?.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex }) => `${name}-${String(partitionIndex)}`),
      );
      return [response.errorCode, result?.errorCode, names];
    };
    next('bounds', fail(new StoreError('notFound', 'deleted meanwhile')));
    expect(await ask()).toEqual([ErrorCode.NONE, ErrorCode.NONE, ['u-0', 'u-1']]);
    next('bounds', (run) => run());
    next('bounds', fail(new StoreError('unavailable', 'no')));
    expect(await ask()).toEqual([ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR, ['t-0', 'u-1']]);
    expect(errors).toEqual([]);
    next('bounds', fail(BROKEN));
    expect((await ask())[0]).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'describeLogDirs', error: BROKEN }]);
    expect(await ask()).toEqual([ErrorCode.NONE, ErrorCode.NONE, ['t-0', 'u-0', 'u-1']]);
  });

  test('a fetch fails, at once or while it waits, and the next one is answered', async () => {
    const { client, connect, next, errors } = await started();
    const failed = { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR };
    next('read', fail(new StoreError('unavailable', 'no')));
    expect(await fetchFrom(client, 't')).toMatchObject({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER });
    next('read', fail(BROKEN));
    expect(await fetchFrom(client, 't')).toMatchObject(failed);
    const looked = defer();
    next('read', (run) => {
      looked.resolve();
      return run();
    });
    const waiting = fetchFrom(client, 't', { maxWaitMs: 15_000 });
    await looked.promise;
    next('read', fail(BROKEN));
    expect((await produce(await connect(), 't', batchOf(['a']))).errorCode).toBe(0);
    expect(await waiting).toMatchObject(failed);
    expect(errors).toMatchObject(Array(2).fill({ api: 'fetch', error: BROKEN }));
    expect(await fetchFrom(client, 't')).toMatchObject({ errorCode: 0, highWatermark: 1n });
  });

  test('what was read of some partitions is released where the others cannot be read', async () => {
    const { client, next } = await started();
    await createTopic(client, 'u');
    await produce(client, 't', batchOf(['a']));
    const release = vi.fn<() => void>();
    next('read', (run) => (run() as readonly object[]).map((result) => ({ ...result, release })));
    next('read', fail(BROKEN));
    const maxBytes = 1_000_000;
    const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: maxBytes }];
    const topics = ['t', 'u'].map((topic) => ({ topic, partitions }));
    const { response } = await client.send(fetchApi, 12, { maxWaitMs: 0, minBytes: 1, maxBytes, topics });
    expect(response.errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(release).toHaveBeenCalledTimes(1);
  });

  test('producer ids come again later, and each of them once', async () => {
    const { client, next, warn } = await started();
    const ask = async () =>
      (await client.send(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 1 })).response;
    next('put', fail(new StoreError('unavailable', 'no')));
    expect((await ask()).errorCode).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    expect(warn).toHaveBeenCalledWith('there are no producer ids to give: no');
    next('put', fail(BROKEN));
    expect((await ask()).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    const given = [await ask(), await ask()];
    expect(given).toMatchObject([{ errorCode: 0 }, { errorCode: 0 }]);
    expect(given[0]!.producerId).not.toBe(given[1]!.producerId);
  });

  test('a committed offset or a group that cannot be deleted stays, and goes the next time', async () => {
    const { client, next, store } = await started();
    const wanted = { name: 't', partitions: [{ partitionIndex: 0 }] };
    const commit = { ...wanted.partitions[0]!, committedOffset: 5n, committedLeaderEpoch: -1, committedMetadata: '' };
    const commits = { groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
    await client.send(offsetCommitApi, 8, { ...commits, topics: [{ name: 't', partitions: [commit] }] });
    const committed = async (who = client) => {
      const topics = [{ name: 't', partitionIndexes: [0] }];
      const { response } = await who.send(offsetFetchApi, 7, { groupId: 'g', topics, requireStable: true });
      return response.topics[0]?.partitions[0]?.committedOffset;
    };
    const deleteOffset = async () =>
      (await client.send(offsetDeleteApi, 0, { groupId: 'g', topics: [wanted] })).response.errorCode;
    const deleteGroup = async () =>
      (await client.send(deleteGroupsApi, 2, { groupsNames: ['g'] })).response.results[0]?.errorCode;
    for (const attempt of [deleteOffset, deleteGroup]) {
      next('put', fail(new StoreError('unavailable', 'no')));
      expect(await attempt()).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
      expect(await committed()).toBe(5n);
    }
    next('put', (run) => run());
    next('put', fail(new StoreError('unavailable', 'no')));
    expect(await deleteGroup()).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(await deleteGroup()).toBe(ErrorCode.NONE);
    expect(await committed()).toBe(-1n);
    expect(await deleteGroup()).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    expect(await committed(await (await startBroker({ store })).connect())).toBe(-1n);
  });

  test('retention goes on with the next partition, and the operator is told', async () => {
    const clock = new TurnedClock(Date.now());
    const config = { 'log.retention.check.interval.ms': 1000 };
    const { client, next, warn } = await started(troubledStore(), { clock, config });
    await createTopic(client, 'u');
    next('trim', fail(new StoreError('unavailable', 'not now')));
    clock.turn(1000);
    await vi.waitFor(() => expect(warn).toHaveBeenCalledWith('retention of t-0: not now'));
    await produce(client, 't', sequence(0));
    next('put', fail(BROKEN));
    await vi.waitFor(() => {
      clock.turn(1000);
      expect(warn).toHaveBeenCalledWith('retention of producers: broken');
    });
  });

  test('nothing is opened, what was opened is closed again, and the first failure is told', async () => {
    const { store, next } = troubledStore({ open: () => undefined, close: () => undefined });
    const gateway = createKafkaGateway({ listener: { port: 0 }, backend: createBrokerBackend({ store }) });
    next('load', fail(BROKEN));
    next('close', fail(new Error('another')));
    await expect(gateway.listen()).rejects.toBe(BROKEN);
    await gateway.listen();
    next('close', fail(BROKEN));
    const closing = record(gateway, 'error');
    await gateway.close();
    expect(closing).toMatchObject([{ code: 'BACKEND_CLOSE_FAILED', cause: BROKEN }]);
  });

  test('topics that change elsewhere and cannot be listed stay as they were, and the operator is told', async () => {
    const watchers = new Set<() => void>();
    const trouble = troubledStore({
      watchTopics(changed) {
        watchers.add(changed);
        return () => watchers.delete(changed);
      },
    });
    const { client, next, warn } = await started(trouble);
    next('listTopics', fail(BROKEN));
    for (const changed of watchers) changed();
    await vi.waitFor(() => expect(warn).toHaveBeenCalledWith('topics of memory cannot be listed: Error: broken'));
    const { response } = await client.send(metadataApi, 9, { topics: null });
    expect(response.topics).toMatchObject([{ name: 't' }]);
  });
});

test.each(['first', 'next'])(
  'a fetch whose client goes during its %s look releases what was read for it',
  async (look) => {
    const [looked, reading, gate] = [defer(), defer<AbortSignal>(), defer()];
    const release = vi.fn();
    const { client, connect, next } = await started();
    const hold: Instead = async (run, _entries, signal) => {
      reading.resolve(signal as AbortSignal);
      await gate.promise;
      const [result] = (await run()) as readonly object[];
      return [{ ...result, release }];
    };
    const passOn: Instead = (run) => {
      looked.resolve();
      return run();
    };
    for (const instead of look === 'next' ? [passOn, hold] : [hold]) next('read', instead);
    const other = await connect();
    const lost = fetchFrom(other, 't', { maxWaitMs: 15_000 }).then(
      () => 'answered',
      (error: unknown) => error,
    );
    if (look === 'next') {
      await looked.promise;
      await produce(client, 't', batchOf(['a']));
    }
    const signal = await reading.promise;
    // Without a goodbye: a client that only ends its side may still want its answer.
    other.socket.resetAndDestroy();
    expect(await lost).toBeInstanceOf(WireClosedError);
    await vi.waitFor(() => expect(signal.aborted).toBe(true));
    gate.resolve();
    await vi.waitFor(() => expect(release).toHaveBeenCalledTimes(1));
    expect((await produce(client, 't', batchOf(['a']))).errorCode).toBe(0);
  },
);

test('a fetch that waits is answered by an append from elsewhere, of which the store tells', async () => {
  const wakes = new Set<() => void>();
  const { store, client } = await started(
    troubledStore({
      watch(_partition, wake) {
        wakes.add(wake);
        return () => wakes.delete(wake);
      },
    }),
  );
  const fetched = fetchFrom(client, 't', { maxWaitMs: 15_000 });
  await vi.waitFor(() => expect(wakes.size).toBe(1));
  const [topic] = await store.listTopics();
  const partition = { topicId: topic!.id, topic: 't', partition: 0 };
  const batches = batchOf(['elsewhere']);
  await store.append([{ partition, batches, recordCount: 1, maxTimestamp: Date.now(), leaderEpoch: 0 }]);
  for (const wake of wakes) wake();
  expect(valuesOf((await fetched).records)).toEqual([[0, 'elsewhere']]);
  expect(wakes.size).toBe(0);
});

test('a list of topics from before a change does not undo it', async () => {
  const watchers = new Set<() => void>();
  const trouble = troubledStore({
    watchTopics(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
  });
  const { client, next } = await started(trouble);
  const names = async () =>
    (await client.send(metadataApi, 9, { topics: null })).response.topics.map(({ name }) => name);
  const gate = defer();
  const listed = defer();
  next('listTopics', async (run) => {
    const before = run();
    await gate.promise;
    return before;
  });
  next('listTopics', (run) => {
    listed.resolve();
    return run();
  });
  for (const changed of watchers) changed();
  await createTopic(client, 'new');
  await client.send(deleteTopicsApi, 6, { topics: [{ name: 't', topicId: NIL_UUID }], timeoutMs: 1 });
  gate.resolve();
  // Once it was listed again, both were looked at.
  await listed.promise;
  expect(await names()).toEqual(['new']);
});

test('a topic goes even where what was kept of its producers cannot be forgotten', async () => {
  const { capabilities } = createMemoryStore();
  const { client, next, errors } = await started(
    troubledStore({ capabilities: { ...capabilities, keepsBatches: false } }),
  );
  await produce(client, 't', sequence(0));
  next('put', () => Promise.reject(BROKEN));
  const topics = [{ name: 't', topicId: NIL_UUID }];
  const { response } = await client.send(deleteTopicsApi, 6, { topics, timeoutMs: 1 });
  expect(response.responses).toMatchObject([{ errorCode: 0 }]);
  expect(errors).toEqual([]);
});

test('a store that answers for fewer partitions than it was asked holds nobody up', async () => {
  const { client, next, errors } = await started();
  next('append', () => []);
  expect((await produce(client, 't', batchOf(['a']))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
  expect(errors).toMatchObject([{ error: { message: 'memory answers 0 of 1 appends' } }]);
  expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
});

test('a store is closed once all that was put into it has settled', async () => {
  const { capabilities } = createMemoryStore();
  const close = vi.fn<() => void>();
  const { client, next, gateway } = await started(
    troubledStore({ capabilities: { ...capabilities, keepsBatches: false }, close }),
  );
  await produce(client, 't', sequence(0));
  const [begun, gate] = [defer(), defer()];
  next('put', async () => {
    begun.resolve();
    await gate.promise;
  });
  await client.send(deleteTopicsApi, 6, { topics: [{ name: 't', topicId: NIL_UUID }], timeoutMs: 1 });
  await begun.promise;
  const closing = gateway.close();
  await client.closed;
  // In which it would be closed, if nothing were waited for.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(close).not.toHaveBeenCalled();
  gate.resolve();
  await closing;
  expect(close).toHaveBeenCalledTimes(1);
});

test('a topic that two clients ask for at once is created once, and nobody is warned', async () => {
  const { client, connect, next, warn } = await started();
  const gate = defer();
  const begun = defer();
  next('createTopic', async (run) => {
    begun.resolve();
    await gate.promise;
    return run();
  });
  const ask = async (who: WireClient) =>
    (await who.send(metadataApi, 9, { topics: [{ name: 'new' }] })).response.topics[0]?.errorCode;
  const first = ask(client);
  await begun.promise;
  expect(await ask(await connect())).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  gate.resolve();
  expect(await first).toBe(ErrorCode.NONE);
  expect(warn).not.toHaveBeenCalled();
});

test('a full store that takes its time is relieved, and then takes the batch', async () => {
  const { client, next } = await started();
  next('append', () => [{ error: new StoreError('full', 'no room') }]);
  next('trim', (run) => Promise.resolve(run()));
  expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
});

test('a producer that has been idle for producer.id.expiration.ms is forgotten', async () => {
  const clock = new TurnedClock(Date.now());
  const config = { 'log.retention.check.interval.ms': 1000, 'producer.id.expiration.ms': 5000 };
  const { client } = await started(troubledStore(), { clock, config });
  await produce(client, 't', sequence(0));
  expect((await produce(client, 't', sequence(7))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  await vi.waitFor(async () => {
    clock.turn(1000);
    // Once nothing is known of it, any sequence is taken.
    expect((await produce(client, 't', sequence(7))).errorCode).toBe(0);
  });
});

describe('the producers of a partition', () => {
  const unknown: Instead = async (run) => {
    await run();
    throw new StoreError('outcomeUnknown', 'no answer');
  };

  test('are not looked for in a log that this broker has seen from its beginning', async () => {
    const { client, next } = await started();
    await produce(client, 't', batchOf(['a']));
    next('bounds', () => Promise.reject(BROKEN));
    next('read', () => Promise.reject(BROKEN));
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 1n });
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  });

  test('are looked for in a long log in turns, so that others have theirs', async () => {
    const { client, next, store } = await started();
    await produce(client, 't', sequence(0));
    for (let count = 0; count < 4; count++) await produce(client, 't', batchOf(['x'.repeat(200_000)]));
    await produce(client, 't', sequence(1));

    const restarted = await (await startBroker({ store })).connect();
    let turn = 0;
    const turns: number[] = [];
    for (let count = 0; count < 10; count++) {
      next('read', (run) => {
        turns.push(turn);
        setImmediate(() => turn++);
        return run();
      });
    }
    expect(await produce(restarted, 't', sequence(1))).toMatchObject({ errorCode: 0, baseOffset: 5n });
    expect(turns.length).toBeGreaterThan(2);
    expect(turns).toEqual(turns.map((_, index) => index));
  });

  test('are looked for after an append without an answer in what came since, and not before', async () => {
    const { client, gateway, next, store } = await started();
    for (let count = 0; count < 3; count++) await produce(client, 't', sequence(count));
    await gateway.close();

    const restarted = await (await startBroker({ store })).connect();
    const offsets: number[] = [];
    const look: Instead = (run, entries) => {
      offsets.push((entries as readonly { offset: number }[])[0]!.offset);
      return run();
    };
    for (let count = 0; count < 10; count++) next('read', look);
    expect(await produce(restarted, 't', sequence(3))).toMatchObject({ errorCode: 0, baseOffset: 3n });
    next('append', unknown);
    const unanswered = await produce(restarted, 't', sequence(4));
    expect(unanswered.errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
    // Which comes after what nobody knows of yet, and does not hide it.
    expect(await produce(restarted, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 5n });
    expect(await produce(restarted, 't', sequence(4))).toMatchObject({ errorCode: 0, baseOffset: 4n });
    expect(await produce(restarted, 't', sequence(5))).toMatchObject({ errorCode: 0, baseOffset: 6n });
    expect(offsets).toEqual([3, 4]);
  });
});
