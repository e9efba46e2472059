import { createKafkaGateway, ErrorCode } from 'iggy-gateway-kafka';
import { createBrokerBackend, StoreError, type StoreErrorCode } from 'iggy-gateway-kafka/adapters/broker';
import {
  createPartitionsApi,
  createTopicsApi,
  deleteGroupsApi,
  deleteRecordsApi,
  deleteTopicsApi,
  describeLogDirsApi,
  metadataApi,
  NIL_UUID,
  offsetCommitApi,
  offsetDeleteApi,
  offsetFetchApi,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { alter, createTopic, newTopic, SET, TOPIC } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { defer } from '../support/deferred.js';
import { record } from '../support/gateways.js';
import { batchOf, produce } from '../support/log-requests.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { BROKEN, sequence, started } from '../support/troubled-broker.js';
import { FAILING, troubledStore } from '../support/troubled-store.js';
import type { WireClient } from '../support/wire-client.js';

expectQuietProcess();

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
    'createPartitions',
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
    'alterTopicConfigs',
    async (client) => (await alter(client, TOPIC, 't', [['retention.ms', SET, '5']])).errorCode,
  ],
];

describe.each(FAILING)('where a store %s,', (_how, fail) => {
  const kinds: readonly (readonly [StoreErrorCode, number])[] = [
    ['NOT_FOUND', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ['EXISTS', ErrorCode.TOPIC_ALREADY_EXISTS],
    ['FULL', ErrorCode.POLICY_VIOLATION],
    ['UNAVAILABLE', ErrorCode.REQUEST_TIMED_OUT],
    ['OUTCOME_UNKNOWN', ErrorCode.REQUEST_TIMED_OUT],
    ['UNWRITABLE', ErrorCode.UNKNOWN_SERVER_ERROR],
    ['OUT_OF_RANGE', ErrorCode.OFFSET_OUT_OF_RANGE],
    ['INVALID', ErrorCode.INVALID_REQUEST],
    ['FENCED', ErrorCode.NOT_CONTROLLER],
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
    next('createTopic', fail(new StoreError('FULL', 'no room')));
    expect(await ask()).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
    expect(warn).toHaveBeenCalledWith('topic new cannot be created: StoreError: no room');
    expect(await ask()).toMatchObject({ errorCode: ErrorCode.NONE });
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
      next('put', fail(new StoreError('UNAVAILABLE', 'no')));
      expect(await attempt()).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
      expect(await committed()).toBe(5n);
    }
    next('put', (run) => run());
    next('put', fail(new StoreError('UNAVAILABLE', 'no')));
    expect(await deleteGroup()).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(await deleteGroup()).toBe(ErrorCode.NONE);
    expect(await committed()).toBe(-1n);
    expect(await deleteGroup()).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
    expect(await committed(await (await startBroker({ store })).connect())).toBe(-1n);
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
    next('logOffsets', fail(new StoreError('NOT_FOUND', 'deleted meanwhile')));
    expect(await ask()).toEqual([ErrorCode.NONE, ErrorCode.NONE, ['u-0', 'u-1']]);
    next('logOffsets', (run) => run());
    next('logOffsets', fail(new StoreError('UNAVAILABLE', 'no')));
    expect(await ask()).toEqual([ErrorCode.NONE, ErrorCode.KAFKA_STORAGE_ERROR, ['t-0', 'u-1']]);
    expect(errors).toEqual([]);
    next('logOffsets', fail(BROKEN));
    expect((await ask())[0]).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'describeLogDirs', error: BROKEN }]);
    expect(await ask()).toEqual([ErrorCode.NONE, ErrorCode.NONE, ['t-0', 'u-0', 'u-1']]);
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

  test('a store whose open fails is closed, and listen() rejects with the error of open', async () => {
    const calls: string[] = [];
    const { store, next } = troubledStore({
      open: () => void calls.push('open'),
      close: () => void calls.push('close'),
    });
    const gateway = createKafkaGateway({ listener: { port: 0 }, backend: createBrokerBackend({ store }) });
    next('open', fail(BROKEN));
    next('close', (run) => {
      run();
      throw new Error('another');
    });
    await expect(gateway.listen()).rejects.toBe(BROKEN);
    expect(calls).toEqual(['close']);
    await gateway.listen();
    await gateway.close();
    expect(calls).toEqual(['close', 'open', 'close']);
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
  const { client, next, errors } = await started(troubledStore({ keeps: 'records' }));
  await produce(client, 't', sequence(0));
  next('put', () => Promise.reject(BROKEN));
  const topics = [{ name: 't', topicId: NIL_UUID }];
  const { response } = await client.send(deleteTopicsApi, 6, { topics, timeoutMs: 1 });
  expect(response.responses).toMatchObject([{ errorCode: 0 }]);
  expect(errors).toEqual([]);
});

test('a store is closed once all that was put into it has settled', async () => {
  const close = vi.fn<() => void>();
  const { client, next, gateway } = await started(troubledStore({ keeps: 'records', close }));
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
