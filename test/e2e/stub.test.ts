import { createStubBackend, OptionError, type RequestContext, type StubMode } from 'iggy-gateway-kafka';
import {
  createTopicsApi,
  fetchApi,
  listOffsetsApi,
  metadataApi,
  type MetadataRequest,
  NIL_UUID,
  produceApi,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { start } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';

const UNKNOWN_TOPIC_OR_PARTITION = 3;
const NOT_LEADER_OR_FOLLOWER = 6;
const UNSUPPORTED_VERSION = 35;
const INVALID_PARTITIONS = 37;
const INVALID_REPLICATION_FACTOR = 38;
const NOT_CONTROLLER = 41;
const INVALID_REQUEST = 42;
const NO_OPERATIONS = -2147483648;

const MODES: readonly StubMode[] = ['retriable', 'accepting'];
const NAMES = ['a', 'b.c', 'ä-topic'];

expectQuietProcess();

function versions(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

async function connectTo(mode: StubMode) {
  const { port, connect } = await start({ backend: createStubBackend({ mode }) });
  return { port, client: await connect() };
}

describe.each(MODES)('%s', (mode) => {
  const accepting = mode === 'accepting';

  describe.each(versions(0, 9))('Metadata v%d', (version) => {
    /** What is the same for every request: one broker, which is the gateway. */
    const cluster = (port: number) => ({
      throttleTimeMs: 0,
      brokers: [{ nodeId: 1, host: '127.0.0.1', port, rack: null }],
      clusterId: null,
      controllerId: version >= 1 ? 1 : -1,
      clusterAuthorizedOperations: NO_OPERATIONS,
      errorCode: 0,
    });

    test('names one broker, and each topic that was asked for', async () => {
      const { port, client } = await connectTo(mode);
      const { response } = await client.send(metadataApi, version, { topics: NAMES.map((name) => ({ name })) });
      const partition = {
        errorCode: 0,
        partitionIndex: 0,
        leaderId: 1,
        leaderEpoch: -1,
        replicaNodes: [1],
        isrNodes: [1],
        offlineReplicas: [],
      };
      expect(response).toEqual({
        ...cluster(port),
        topics: NAMES.map((name) => ({
          errorCode: accepting ? 0 : UNKNOWN_TOPIC_OR_PARTITION,
          name,
          topicId: NIL_UUID,
          isInternal: false,
          partitions: accepting ? [partition] : [],
          topicAuthorizedOperations: NO_OPERATIONS,
        })),
      });
    });

    test('lists no topic when all are asked for, or none', async () => {
      const { port, client } = await connectTo(mode);
      for (const topics of version === 0 ? [[]] : [null, []]) {
        const { response } = await client.send(metadataApi, version, { topics });
        expect(response).toEqual({ ...cluster(port), topics: [] });
      }
    });
  });

  test.each(versions(3, 9))('Produce v%d', async (version) => {
    const { client } = await connectTo(mode);
    const { response } = await client.send(produceApi, version, {
      acks: -1,
      timeoutMs: 1000,
      topicData: NAMES.map((name) => ({
        name,
        partitionData: [0, 7].map((index) => ({ index, records: Buffer.from('batch') })),
      })),
    });
    expect(response).toEqual({
      throttleTimeMs: 0,
      nodeEndpoints: [],
      responses: NAMES.map((name) => ({
        name,
        topicId: NIL_UUID,
        partitionResponses: [0, 7].map((index) => ({
          index,
          errorCode: accepting ? 0 : NOT_LEADER_OR_FOLLOWER,
          baseOffset: accepting ? 0n : -1n,
          logAppendTimeMs: -1n,
          logStartOffset: accepting && version >= 5 ? 0n : -1n,
          recordErrors: [],
          errorMessage: null,
          currentLeader: { leaderId: -1, leaderEpoch: -1 },
        })),
      })),
    });
  });

  test.each(versions(4, 12))('Fetch v%d, with records that are empty and not null', async (version) => {
    const { client } = await connectTo(mode);
    const { response } = await client.send(fetchApi, version, {
      maxWaitMs: 10_000,
      minBytes: 1,
      topics: NAMES.map((topic) => ({
        topic,
        partitions: [0, 7].map((partition) => ({ partition, fetchOffset: 3n, partitionMaxBytes: 1000 })),
      })),
    });
    const offset = accepting ? 0n : -1n;
    expect(response).toMatchObject({
      throttleTimeMs: 0,
      errorCode: 0,
      sessionId: 0,
      responses: NAMES.map((topic) => ({
        topic,
        partitions: [0, 7].map((partitionIndex) => ({
          partitionIndex,
          errorCode: accepting ? 0 : NOT_LEADER_OR_FOLLOWER,
          highWatermark: offset,
          lastStableOffset: offset,
          logStartOffset: version >= 5 ? offset : -1n,
          abortedTransactions: null,
          preferredReadReplica: -1,
          records: Buffer.alloc(0),
        })),
      })),
    });
    expect(response.responses.map(({ partitions }) => partitions.length)).toEqual([2, 2, 2]);
  });

  test.each(versions(1, 6))('ListOffsets v%d', async (version) => {
    const { client } = await connectTo(mode);
    const { response } = await client.send(listOffsetsApi, version, {
      replicaId: -1,
      topics: NAMES.map((name) => ({
        name,
        partitions: [-1n, -2n, 1_700_000_000_000n].map((timestamp, partitionIndex) => ({ partitionIndex, timestamp })),
      })),
    });
    expect(response).toEqual({
      throttleTimeMs: 0,
      topics: NAMES.map((name) => ({
        name,
        partitions: [0, 1, 2].map((partitionIndex) => ({
          partitionIndex,
          errorCode: accepting ? 0 : NOT_LEADER_OR_FOLLOWER,
          timestamp: -1n,
          offset: accepting ? 0n : -1n,
          leaderEpoch: -1,
        })),
      })),
    });
  });

  describe.each(versions(2, 5))('CreateTopics v%d', (version) => {
    const assignments = [{ partitionIndex: 0, brokerIds: [1] }];
    const INPUTS: readonly (readonly [string, number, number, object[], number])[] = [
      ['as it should be', 3, 2, [], 0],
      ['the broker’s defaults', -1, -1, [], 0],
      ['a default of partitions alone', -1, 1, [], 0],
      ['assignments', -1, -1, assignments, 0],
      ['no replica', 3, 0, [], INVALID_REPLICATION_FACTOR],
      ['fewer replicas than none', 3, -2, [], INVALID_REPLICATION_FACTOR],
      ['no partition', 0, 1, [], INVALID_PARTITIONS],
      ['fewer partitions than none', -2, 1, [], INVALID_PARTITIONS],
      ['neither, of which replicas are looked at first', 0, 0, [], INVALID_REPLICATION_FACTOR],
      ['fewer than none of both', -5, -5, [], INVALID_REPLICATION_FACTOR],
      ['no partition, with assignments', 0, -1, assignments, INVALID_PARTITIONS],
      ['assignments and a count of partitions', 1, -1, assignments, INVALID_REQUEST],
      ['assignments and a count of replicas', -1, 1, assignments, INVALID_REQUEST],
      ['assignments and both', 1, 1, assignments, INVALID_REQUEST],
    ];

    test('each topic on its own', async () => {
      const { client } = await connectTo(mode);
      const topics = INPUTS.map(([name, numPartitions, replicationFactor, assigned]) => ({
        name,
        numPartitions,
        replicationFactor,
        assignments: assigned as typeof assignments,
        configs: [],
      }));
      const { response } = await client.send(createTopicsApi, version, { topics });
      expect(response.throttleTimeMs).toBe(0);
      expect(
        response.topics.map(({ name, errorCode, errorMessage, numPartitions, replicationFactor, configs }) => {
          return { name, errorCode, errorMessage, numPartitions, replicationFactor, configs };
        }),
      ).toEqual(
        INPUTS.map(([name, partitions, replicas, , bad]) => {
          const errorCode = bad !== 0 ? bad : accepting ? 0 : NOT_CONTROLLER;
          const echoed = errorCode === 0 && version >= 5;
          return {
            name,
            errorCode,
            errorMessage: null,
            numPartitions: echoed ? partitions : -1,
            replicationFactor: echoed ? replicas : -1,
            configs: [],
          };
        }),
      );
    });
  });

  test('of nothing that is asked for, nothing is answered', async () => {
    const { client } = await connectTo(mode);
    const produced = await client.send(produceApi, 9, { acks: 1, timeoutMs: 1, topicData: [] });
    expect(produced.response.responses).toEqual([]);
    const fetched = await client.send(fetchApi, 12, { maxWaitMs: 1, minBytes: 1, topics: [] });
    expect(fetched.response).toMatchObject({ errorCode: 0, sessionId: 0, responses: [] });
    const listed = await client.send(listOffsetsApi, 6, { replicaId: -1, topics: [] });
    expect(listed.response.topics).toEqual([]);
    const created = await client.send(createTopicsApi, 5, { topics: [] });
    expect(created.response.topics).toEqual([]);
  });

  test('its name says the mode', () => {
    expect(createStubBackend({ mode }).name).toBe(`stub (${mode})`);
  });
});

describe('what it allows', () => {
  test('is said by ApiVersions, and is refused beyond', async () => {
    const { client } = await connectTo('retriable');
    const { response } = await client.send(18, 0, {});
    expect(response).toMatchObject({
      apiKeys: [
        [0, 0, 9],
        [1, 4, 12],
        [2, 1, 6],
        [3, 0, 9],
        [18, 0, 3],
        [19, 2, 5],
      ].map(([apiKey, minVersion, maxVersion]) => ({ apiKey, minVersion, maxVersion })),
    });
    const refused = await client.send(metadataApi, 10, { topics: [{ name: 'a' }] });
    expect(refused.response.topics[0]?.errorCode).toBe(UNSUPPORTED_VERSION);
  });
});

describe('createStubBackend', () => {
  test.each([undefined, {}, { mode: undefined }, { mode: 'retriable' as const }])(
    'is retriable unless told otherwise: %j',
    (options) => {
      expect(createStubBackend(options).name).toBe('stub (retriable)');
    },
  );

  test.each(['Accepting', '', null, 1])('refuses a mode that is none: %j', (mode) => {
    expect(() => createStubBackend({ mode: mode as StubMode })).toThrow(OptionError);
    expect(() => createStubBackend({ mode: mode as StubMode })).toThrow(`option mode is ${JSON.stringify(mode)};`);
  });

  test.each([
    [{ Mode: 'accepting' }, 'option Mode is "accepting"; there is no such option; did you mean mode?'],
    ['accepting', 'option options is "accepting"; they are an object such as { mode }'],
    [null, 'option options is null; they are an object such as { mode }'],
  ])('refuses options that it does not have: %j', (options, message) => {
    expect(() => createStubBackend(options as never)).toThrow(message);
  });

  test('may be used without a gateway: it needs nothing but the advertised endpoint', () => {
    const context = { advertised: { host: 'broker', port: 1 }, apiVersion: 9 } as RequestContext<undefined>;
    const request = { topics: [{ name: 'a', topicId: NIL_UUID }] } as MetadataRequest;
    expect(createStubBackend().metadata(request, context).brokers).toEqual([
      { nodeId: 1, host: 'broker', port: 1, rack: null },
    ]);
  });
});
