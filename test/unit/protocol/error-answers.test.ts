import {
  apiVersionsApi,
  createTopicsApi,
  describeLogDirsApi,
  electLeadersApi,
  ErrorCode,
  errorName,
  fetchApi,
  type FetchRequest,
  type FetchResponse,
  type FetchResponseInit,
  findCoordinatorApi,
  listOffsetsApi,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  metadataApi,
  type MetadataRequest,
  type MetadataResponse,
  NIL_UUID,
  produceApi,
  type ProduceRequest,
  type ProduceResponse,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, it, vi } from 'vitest';
import { codecs } from '../../../src/protocol/codecs.js';
import { within } from '../../../src/protocol/definitions/generator/model.js';
import { definedApis, structNamed } from '../../support/definitions.js';
import { codecOf, decodeBody, encodeBody, type Golden, goldens } from '../../support/golden.js';

function rich(codec: { readonly key: number }, direction: 'request' | 'response'): readonly Golden[] {
  return goldens.filter(
    (golden) => golden.apiKey === codec.key && golden.direction === direction && golden.kind === 'rich',
  );
}

/** The error answer to a golden request, as a client reads it. */
function answer(golden: Golden, code = 42, message: string | null = 'why'): unknown {
  const codec = codecOf(golden);
  const request = decodeBody(codec, 'request', golden.version, golden.bytes);
  const bytes = encodeBody(
    codec,
    'response',
    golden.version,
    codec.errorResponse(request, golden.version, code, message),
  );
  return decodeBody(codec, 'response', golden.version, bytes);
}

function request(golden: Golden): unknown {
  return decodeBody(codecOf(golden), 'request', golden.version, golden.bytes);
}

describe('an error answer says the code for everything that was asked', () => {
  it.each(rich(produceApi, 'request'))('$title', (golden) => {
    const { version } = golden;
    const response = answer(golden) as ProduceResponse;
    const asked = request(golden) as ProduceRequest;
    expect(response.responses).toStrictEqual(
      asked.topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => ({
          index,
          errorCode: 42,
          baseOffset: -1n,
          logAppendTimeMs: -1n,
          logStartOffset: -1n,
          recordErrors: [],
          errorMessage: version >= 8 ? 'why' : null,
          currentLeader: { leaderId: -1, leaderEpoch: -1 },
        })),
      })),
    );
    expect(response.responses.flatMap(({ partitionResponses }) => partitionResponses)).toHaveLength(4);
  });

  it.each(rich(fetchApi, 'request'))('$title', (golden) => {
    const response = answer(golden) as FetchResponse;
    const asked = request(golden) as FetchRequest;
    expect(response.errorCode).toBe(golden.version >= 7 ? 42 : 0);
    expect(response.sessionId).toBe(asked.sessionId);
    expect(response.responses.map(({ topic, topicId }) => [topic, topicId])).toEqual(
      asked.topics.map(({ topic, topicId }) => [topic, topicId]),
    );
    const partitions = response.responses.flatMap((topic) => topic.partitions);
    expect(partitions.map(({ partitionIndex }) => partitionIndex)).toEqual(
      asked.topics.flatMap((topic) => topic.partitions.map(({ partition }) => partition)),
    );
    for (const partition of partitions) {
      expect(partition).toMatchObject({
        errorCode: 42,
        highWatermark: -1n,
        lastStableOffset: -1n,
        logStartOffset: -1n,
        preferredReadReplica: -1,
        abortedTransactions: null,
      });
      expect(partition.records).toEqual(Buffer.alloc(0));
    }
    expect(partitions).toHaveLength(4);
  });

  it.each(rich(listOffsetsApi, 'request'))('$title', (golden) => {
    const response = answer(golden) as ListOffsetsResponse;
    expect(response).toStrictEqual({
      throttleTimeMs: 0,
      topics: (request(golden) as ListOffsetsRequest).topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: 42,
          timestamp: -1n,
          offset: -1n,
          leaderEpoch: -1,
        })),
      })),
    });
  });

  it.each(rich(metadataApi, 'request'))('$title', (golden) => {
    const { version } = golden;
    const response = answer(golden) as MetadataResponse;
    const asked = (request(golden) as MetadataRequest).topics!;
    expect(asked).toHaveLength(2);
    expect(response.errorCode).toBe(version >= 13 ? 42 : 0);
    expect(
      response.topics.map(({ errorCode, name, topicId, partitions }) => [errorCode, name, topicId, partitions]),
    ).toEqual(asked.map(({ name, topicId }) => [42, name, version >= 10 ? topicId : NIL_UUID, []]));
  });

  it.each(rich(createTopicsApi, 'request'))('$title', (golden) => {
    expect(answer(golden)).toMatchObject({
      throttleTimeMs: 0,
      topics: (golden.value['topics'] as { name: string }[]).map(({ name }) => ({
        name,
        errorCode: 42,
        errorMessage: 'why',
        numPartitions: -1,
        replicationFactor: -1,
        configs: [],
      })),
    });
  });

  it.each(rich(apiVersionsApi, 'request'))('$title', (golden) => {
    expect(answer(golden)).toMatchObject({ errorCode: 42, apiKeys: [] });
  });

  describe('for every API, in every version', () => {
    const requests = goldens.filter(({ direction, kind }) => direction === 'request' && kind === 'rich');
    /** Before it had a code at the top, DescribeLogDirs said what went wrong by directory, and no request names one. */
    const placeless = ['DescribeLogDirsRequest v1 rich', 'DescribeLogDirsRequest v2 rich'];

    it.each(definedApis)('$name', ({ key, versions }) => {
      const own = requests.filter(({ apiKey }) => apiKey === key);
      expect(own).toHaveLength(versions.max - versions.min + 1);
      for (const golden of own) {
        const read = answer(golden, 77);
        const found = codecOf(golden).findErrorCode(read, golden.version);
        expect(found, golden.title).toBe(placeless.includes(golden.title) ? 0 : 77);
        const codes = everyCode(read).filter(([, code]) => code !== 77);
        expect(
          codes.filter(([place]) => isCarried(golden, place)),
          golden.title,
        ).toEqual([]);
      }
    });
  });

  it('and has none for Metadata of all topics before version 13', () => {
    const all = { topics: null } as MetadataRequest;
    const response = metadataApi.errorResponse(all, 12, 42, null);
    expect(response.topics).toEqual([]);
    expect(metadataApi.findErrorCode(response, 12)).toBe(0);
    expect(metadataApi.findErrorCode(response, 13)).toBe(42);
  });
});

/** The error codes in a response, each with the struct and field that it stands in; those of an empty list are none. */
function everyCode(value: unknown, path = ''): [path: string, code: number][] {
  if (Array.isArray(value)) return value.flatMap((element) => everyCode(element, path));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([name, held]): [string, number][] =>
    name === 'errorCode' || name === 'partitionErrorCode'
      ? [[`${path}.${name}`, held as number]]
      : everyCode(held, `${path}.${name}`),
  );
}

/** Whether the version of a request carries the field of the response at a path. */
function isCarried({ apiKey, version }: Golden, path: string): boolean {
  const message = definedApis.find(({ key }) => key === apiKey)!.response!;
  let struct = message.root;
  for (const name of path.slice(1).split('.')) {
    const field = struct.fields.find((each) => each.name === name)!;
    if (!within(field.versions, version)) return false;
    const element = field.type.kind === 'array' ? field.type.element : field.type;
    if (element.kind === 'struct') struct = structNamed(message, element.name);
  }
  return true;
}

describe('a rejection, to a request that could not be read', () => {
  const rejecting = [...codecs.values()].filter(({ rejection }) => rejection !== undefined);

  it.each(rejecting)('of $name encodes in every version in which its code has a place at the top', (codec) => {
    let encoded = 0;
    for (let version = codec.versions.min; version <= codec.versions.max; version++) {
      const rejection = codec.rejection!(version, 42, 'why');
      if (codec.findErrorCode(rejection, version) === 0) continue;
      encoded++;
      const read = decodeBody(codec, 'response', version, encodeBody(codec, 'response', version, rejection));
      expect(read).toHaveProperty('errorCode', 42);
    }
    expect(encoded).toBeGreaterThan(0);
  });

  it.each([
    [fetchApi, 7],
    [metadataApi, 13],
    [apiVersionsApi, 0],
    [electLeadersApi, 1],
    [describeLogDirsApi, 3],
  ] satisfies [{ readonly key: number }, number][])(
    'of $name has a place for it from version %i on',
    ({ key }, from) => {
      const codec = codecOf({ apiKey: key });
      for (let version = codec.versions.min; version <= codec.versions.max; version++) {
        const found = codec.findErrorCode(codec.rejection!(version, 42, 'why'), version);
        expect(found).toBe(version >= from ? 42 : 0);
      }
    },
  );

  it('of FindCoordinator has one up to version 3: later ones say it for each key', () => {
    const codes = [0, 3, 4, 6].map((version) =>
      findCoordinatorApi.findErrorCode(findCoordinatorApi.rejection!(version, 42, null), version),
    );
    expect(codes).toEqual([42, 42, 0, 0]);
  });

  it('is not there for APIs without a code at the top', () => {
    for (const codec of [produceApi, listOffsetsApi, createTopicsApi]) expect(codec.rejection).toBeUndefined();
  });
});

describe('the first error code of a response', () => {
  const partition = { partitionIndex: 0, highWatermark: 0n, abortedTransactions: null, records: null };

  it('is that of the top before those below, where the version has one there', () => {
    const response: FetchResponseInit = {
      errorCode: 70,
      responses: [
        { partitions: [{ ...partition, errorCode: 0 }] },
        {
          partitions: [
            { ...partition, errorCode: 0 },
            { ...partition, errorCode: 6 },
            { ...partition, errorCode: 3 },
          ],
        },
      ],
    };
    expect(fetchApi.findErrorCode(response, 7)).toBe(70);
    expect(fetchApi.findErrorCode(response, 6)).toBe(6);
    expect(fetchApi.findErrorCode({ ...response, errorCode: 0 }, 18)).toBe(6);
    expect(fetchApi.findErrorCode({ errorCode: 0, responses: [] }, 18)).toBe(0);
  });

  it('is that of a topic before those of its partitions, and of what comes first on the wire', () => {
    const part = { errorCode: 5, partitionIndex: 0, leaderId: 1, replicaNodes: [], isrNodes: [] };
    const topic = { name: 't', errorCode: 0, partitions: [{ ...part, errorCode: 0 }, part] };
    const response = { brokers: [], topics: [topic], errorCode: 9 };
    expect(metadataApi.findErrorCode(response, 12)).toBe(5);
    expect(metadataApi.findErrorCode(response, 13)).toBe(5);
    expect(metadataApi.findErrorCode({ ...response, topics: [{ ...topic, errorCode: 3 }] }, 13)).toBe(3);
    expect(metadataApi.findErrorCode({ ...response, topics: [] }, 13)).toBe(9);
  });

  it('is found in what a client decoded: rich responses hold one, minimal ones do not', () => {
    for (const golden of goldens.filter(({ direction }) => direction === 'response')) {
      const codec = codecOf(golden);
      const response = decodeBody(codec, 'response', golden.version, golden.bytes);
      const code = codec.findErrorCode(response, golden.version);
      if (golden.kind === 'rich') expect(code, golden.title).not.toBe(0);
      if (golden.kind === 'minimal') expect(code, golden.title).toBe(0);
    }
  });
});

describe('records of a response that will not be written', () => {
  it('go back to owners who asked for it, and to nobody else', () => {
    const release = vi.fn();
    const owned = { chunks: [Buffer.of(1)], release };
    const partition = (records: FetchResponseInit['responses'][0]['partitions'][0]['records']) => ({
      ...{ partitionIndex: 0, errorCode: 0, highWatermark: 0n, abortedTransactions: null },
      records,
    });
    const onError = vi.fn();
    const responses = [
      // An answer may be dropped because it is broken: what is whole is given back all the same.
      { partitions: null },
      null,
      { partitions: [partition(owned), null, partition(null), partition(Buffer.of(1))] },
      { partitions: [partition([Buffer.of(1)]), partition(owned)] },
    ] as unknown as FetchResponseInit['responses'];
    fetchApi.releaseRecords!({ errorCode: 0, responses }, onError);
    expect(onError).not.toHaveBeenCalled();
    expect(release).toHaveBeenCalledTimes(2);
    expect(release.mock.contexts).toEqual([owned, owned]);
  });

  it('are in no other response', () => {
    for (const codec of [produceApi, listOffsetsApi, metadataApi, apiVersionsApi, createTopicsApi]) {
      expect(codec.releaseRecords).toBeUndefined();
    }
  });
});

describe('error codes', () => {
  it('have the names that Kafka gives them, each another number', () => {
    expect(errorName(0)).toBe('NONE');
    expect(errorName(-1)).toBe('UNKNOWN_SERVER_ERROR');
    expect(errorName(35)).toBe('UNSUPPORTED_VERSION');
    expect(errorName(9999)).toBe('9999');
    const codes = Object.values(ErrorCode);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.sort((a, b) => a - b)).toEqual(Array.from({ length: codes.length }, (_, index) => index - 1));
  });
});
