import { type Backend, CodedError, createStubBackend, ErrorCode, KafkaError } from 'iggy-gateway-kafka';
import {
  type ApiCodec,
  createTopicsApi,
  fetchApi,
  listOffsetsApi,
  metadataApi,
  NIL_UUID,
  produceApi,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { record, start } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { WireClosedError } from '../support/wire-client.js';

const CODE = ErrorCode.TOPIC_AUTHORIZATION_FAILED;
const MESSAGE = 'no entry';
const ID = '01234567-89ab-cdef-0123-456789abcdef';

expectQuietProcess();

/** One API: a request of two topics in some version, and what its answer holds when all of it failed. */
interface Case {
  readonly codec: ApiCodec;
  readonly method: keyof Backend;
  request(version: number): unknown;
  expected(version: number, code: number, message: string | null): unknown;
}

const partitions = (...indexes: number[]) => indexes.map((partitionIndex) => ({ partitionIndex }));

const CASES: readonly Case[] = [
  {
    codec: produceApi,
    method: 'produce',
    request: (version) => ({
      acks: -1,
      timeoutMs: 1000,
      topicData: ['a', 'b'].map((name) => ({
        ...(version >= 13 ? { topicId: ID } : { name }),
        partitionData: [0, 1].map((index) => ({ index, records: Buffer.from('batch') })),
      })),
    }),
    expected: (version, errorCode, errorMessage) => ({
      responses: ['a', 'b'].map((name) => ({
        ...(version >= 13 ? { topicId: ID } : { name }),
        partitionResponses: [0, 1].map((index) => ({
          index,
          errorCode,
          baseOffset: -1n,
          logAppendTimeMs: -1n,
          logStartOffset: -1n,
          errorMessage: version >= 8 ? errorMessage : null,
        })),
      })),
    }),
  },
  {
    codec: fetchApi,
    method: 'fetch',
    request: (version) => ({
      maxWaitMs: 100,
      minBytes: 1,
      ...(version >= 7 ? { sessionId: 77, sessionEpoch: 3 } : {}),
      topics: ['a', 'b'].map((topic) => ({
        ...(version >= 13 ? { topicId: ID } : { topic }),
        partitions: [0, 1].map((partition) => ({ partition, fetchOffset: 5n, partitionMaxBytes: 100 })),
      })),
    }),
    expected: (version, errorCode) => ({
      errorCode: version >= 7 ? errorCode : 0,
      sessionId: version >= 7 ? 77 : 0,
      responses: ['a', 'b'].map((topic) => ({
        ...(version >= 13 ? { topicId: ID } : { topic }),
        partitions: [0, 1].map((partitionIndex) => ({
          partitionIndex,
          errorCode,
          highWatermark: -1n,
          lastStableOffset: -1n,
          logStartOffset: -1n,
          abortedTransactions: null,
          preferredReadReplica: -1,
          records: Buffer.alloc(0),
        })),
      })),
    }),
  },
  {
    codec: listOffsetsApi,
    method: 'listOffsets',
    request: () => ({
      replicaId: -1,
      topics: ['a', 'b'].map((name) => ({
        name,
        partitions: partitions(0, 1).map((each) => ({ ...each, timestamp: -1n })),
      })),
    }),
    expected: (_version, errorCode) => ({
      topics: ['a', 'b'].map((name) => ({
        name,
        partitions: partitions(0, 1).map((each) => ({
          ...each,
          errorCode,
          timestamp: -1n,
          offset: -1n,
          leaderEpoch: -1,
        })),
      })),
    }),
  },
  {
    codec: metadataApi,
    method: 'metadata',
    request: (version) => ({ topics: [{ name: 'a' }, version >= 12 ? { name: null, topicId: ID } : { name: 'b' }] }),
    expected: (version, errorCode) => ({
      brokers: [],
      errorCode: version >= 13 ? errorCode : 0,
      topics: [
        { name: 'a', topicId: NIL_UUID },
        version >= 12 ? { name: null, topicId: ID } : { name: 'b', topicId: NIL_UUID },
      ].map((topic) => ({ ...topic, errorCode, partitions: [], isInternal: false })),
    }),
  },
  {
    codec: createTopicsApi,
    method: 'createTopics',
    request: () => ({
      topics: ['a', 'b'].map((name) => ({
        name,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
    }),
    expected: (_version, errorCode, errorMessage) => ({
      topics: ['a', 'b'].map((name) => ({ name, errorCode, errorMessage })),
    }),
  },
];

/** Every API in every version that the codec has. */
const MATRIX = CASES.flatMap((each) => {
  const { versions, name } = each.codec;
  const all = Array.from({ length: versions.max - versions.min + 1 }, (_, index) => versions.min + index);
  return all.map((version) => ({ ...each, name, version }));
});

function failing(method: keyof Backend, error: unknown, how: 'throws' | 'rejects' = 'throws') {
  const handler = () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    if (how === 'rejects') return Promise.reject(error);
    else throw error;
  };
  const backend = { ...createStubBackend(), versions: {}, [method]: handler, name: 'test' };
  return start({ backend, allowUnstableVersions: true });
}

describe.each(MATRIX)('$name v$version', ({ codec, method, version, request, expected }) => {
  test('a KafkaError goes to each topic and partition of the request, its message where there is a place', async () => {
    const { gateway, connect } = await failing(method, new KafkaError(CODE, MESSAGE));
    const errors = record(gateway, 'requestError');
    const client = await connect();
    const { response } = await client.send(codec, version, request(version));
    expect(response).toMatchObject(expected(version, CODE, MESSAGE) as object);
    expect(errors).toEqual([]);
    await client.send(codec, version, request(version));
  });

  test('anything else thrown becomes UNKNOWN_SERVER_ERROR, of which nothing leaks', async () => {
    const failed = new Error('SECRET of the store', { cause: 'SECRET' });
    const { gateway, connect } = await failing(method, failed, 'rejects');
    const errors = record(gateway, 'requestError');
    const client = await connect();
    const received: Buffer[] = [];
    client.socket.on('data', (chunk: Buffer) => received.push(chunk));
    const { response } = await client.send(codec, version, request(version));
    expect(response).toMatchObject(expected(version, ErrorCode.UNKNOWN_SERVER_ERROR, null) as object);
    expect(Buffer.concat(received).includes('SECRET')).toBe(false);
    expect(errors).toEqual([
      {
        connection: expect.objectContaining({ remotePort: client.socket.localPort }),
        backend: 'test',
        api: method,
        context: expect.objectContaining({
          api: method,
          apiVersion: version,
          correlationId: 1,
          clientId: 'wire-client',
        }),
        error: failed,
      },
    ]);
  });
});

test.each([10, 11, 12, 13])('a topic asked for by its id is echoed as Metadata v%d can', async (version) => {
  const { connect } = await failing('metadata', new KafkaError(CODE));
  const client = await connect();
  const { response } = await client.send(metadataApi, version, { topics: [{ name: null, topicId: ID }] });
  expect(response.topics).toMatchObject([{ errorCode: CODE, name: version < 12 ? '' : null, topicId: ID }]);
});

describe('where there is no place for an error, the connection ends instead of a false success', () => {
  const ALL_TOPICS = Array.from({ length: 13 }, (_, version) => [version]);

  test.each(ALL_TOPICS)('Metadata v%d for all topics', async (version) => {
    const { gateway, connect } = await failing('metadata', new KafkaError(CODE));
    const responses = record(gateway, 'response');
    const errors = record(gateway, 'requestError');
    const client = await connect();
    const answered = client.send(metadataApi, version, { topics: version === 0 ? [] : null });
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    expect(errors).toMatchObject([{ api: 'metadata', error: { errorCode: CODE } }]);
    expect(responses).toMatchObject([{ errorCode: CODE, bytes: 0 }]);
  });

  test('Metadata v13 has one', async () => {
    const { connect } = await failing('metadata', new KafkaError(CODE));
    const client = await connect();
    expect((await client.send(metadataApi, 13, { topics: null })).response).toMatchObject({
      errorCode: CODE,
      topics: [],
    });
  });

  const ofNothing: readonly (readonly [string, ApiCodec, keyof Backend, number, object])[] = [
    ['Produce', produceApi, 'produce', 9, { acks: 1, timeoutMs: 1, topicData: [] }],
    ['Fetch', fetchApi, 'fetch', 6, { maxWaitMs: 1, minBytes: 1, topics: [] }],
    ['ListOffsets', listOffsetsApi, 'listOffsets', 6, { replicaId: -1, topics: [] }],
    ['CreateTopics', createTopicsApi, 'createTopics', 5, { topics: [] }],
  ];

  test.each(ofNothing)('%s of nothing', async (_name, codec, method, version, request) => {
    const { gateway, connect } = await failing(method, new KafkaError(CODE));
    const errors = record(gateway, 'requestError');
    const client = await connect();
    const answered = client.send(codec, version, request);
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    expect(errors).toMatchObject([{ api: method, error: { errorCode: CODE } }]);
  });
});

describe('what is thrown', () => {
  const request = { topics: [{ name: 'a' }] };

  async function codeFor(error: unknown, how: 'throws' | 'rejects') {
    const { gateway, connect } = await failing('metadata', error, how);
    const errors = record(gateway, 'requestError');
    const client = await connect();
    const { response } = await client.send(metadataApi, 9, request);
    return { code: response.topics[0]?.errorCode, errors: errors.map((event) => event.error) };
  }

  test.each([undefined, null, 'a string', 5, {}, Object.create(null)])('may be no Error at all: %s', async (error) => {
    for (const how of ['throws', 'rejects'] as const) {
      expect(await codeFor(error, how)).toEqual({ code: ErrorCode.UNKNOWN_SERVER_ERROR, errors: [error] });
    }
  });

  /** As a second copy of this package would throw it. */
  function foreign(code: unknown): Error {
    return Object.assign(new Error('from elsewhere'), { name: 'KafkaError', errorCode: code });
  }

  test('may be the KafkaError of a second copy of this package', async () => {
    expect(await codeFor(foreign(CODE), 'throws')).toEqual({ code: CODE, errors: [] });
  });

  test.each([0, 1.5, 32768, -32769, '29', undefined, NaN])(
    'is no error of the protocol with a code of %s',
    async (code) => {
      const error = foreign(code);
      expect(await codeFor(error, 'throws')).toEqual({ code: ErrorCode.UNKNOWN_SERVER_ERROR, errors: [error] });
    },
  );

  test('may be a KafkaError with a code that Kafka does not know', async () => {
    expect(await codeFor(new KafkaError(12345), 'throws')).toEqual({ code: 12345, errors: [] });
    expect(await codeFor(new KafkaError(-32768), 'throws')).toEqual({ code: -32768, errors: [] });
  });

  test.each(['throws', 'rejects'] as const)('may be a KafkaError, a handler that %s', async (how) => {
    expect(await codeFor(new KafkaError(CODE), how)).toEqual({ code: CODE, errors: [] });
  });
});

describe('the message', () => {
  const request = { topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }] };

  test.each([2, 5])('left out is null (CreateTopics v%d)', async (version) => {
    const { connect } = await failing('createTopics', new KafkaError(CODE));
    const client = await connect();
    const { response } = await client.send(createTopicsApi, version, request);
    expect(response.topics).toMatchObject([{ errorCode: CODE, errorMessage: null }]);
  });

  test.each([2, 5])('that is too long for the wire is not worth the answer (CreateTopics v%d)', async (version) => {
    const { connect } = await failing('createTopics', new KafkaError(CODE, 'x'.repeat(40_000)));
    const client = await connect();
    const { response } = await client.send(createTopicsApi, version, request);
    expect(response.topics).toMatchObject([{ errorCode: CODE }]);
    await client.send(createTopicsApi, version, request);
  });
});

describe('KafkaError', () => {
  test.each([0, 1.5, NaN, 32768, -32769, '29' as never])(
    'refuses the code %s, which would read as a success or not at all',
    (code) => {
      expect(() => new KafkaError(code)).toThrow(RangeError);
      expect(() => new KafkaError(code)).toThrow(`errorCode is ${String(code)}`);
    },
  );

  test('has a name, an error code with its name in Kafka, and a message', () => {
    expect(new KafkaError(CODE, MESSAGE)).toMatchObject({
      name: 'KafkaError',
      errorCode: CODE,
      code: 'TOPIC_AUTHORIZATION_FAILED',
      message: MESSAGE,
    });
    expect(new KafkaError(CODE).message).toBe('');
    expect(new KafkaError(CODE)).toBeInstanceOf(CodedError);
  });

  test('has the code that Kafka’s clients assume for an error code that Kafka does not define', () => {
    expect(new KafkaError(12345)).toMatchObject({ errorCode: 12345, code: 'UNKNOWN_SERVER_ERROR' });
  });
});
