import { type Backend, createStubBackend, ErrorCode } from 'iggy-gateway-kafka';
import {
  createTopicsApi,
  EncodeError,
  listOffsetsApi,
  metadataApi,
  type MetadataResponseInit,
  produceApi,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { record, start } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { WireClosedError } from '../support/wire-client.js';

expectQuietProcess();

const REQUEST = { topics: [{ name: 'a' }, { name: 'b' }] };

const partition = { errorCode: 0, partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] };

function metadata(broken: object): MetadataResponseInit {
  return {
    errorCode: 0,
    brokers: [],
    topics: [{ errorCode: 0, name: 'a', partitions: [partition, partition, { ...partition, ...broken }] }],
  };
}

async function startWith(methods: Partial<Record<keyof Backend, unknown>>) {
  const started = await start({
    backend: { ...createStubBackend(), versions: {}, name: 'broken', ...methods } as Backend,
  });
  return { ...started, errors: record(started.gateway, 'requestError'), client: await started.connect() };
}

describe('a response that does not fit', () => {
  test.each([
    ['sync', (value: unknown) => value],
    ['async', (value: unknown) => Promise.resolve(value)],
  ])('is UNKNOWN_SERVER_ERROR to the client, and tells the backend’s author where (%s)', async (_how, answered) => {
    const { client, errors } = await startWith({ metadata: () => answered(metadata({ leaderEpoch: 'seven' })) });
    const { response } = await client.send(metadataApi, 9, REQUEST, { clientId: 'me' });
    expect(response).toMatchObject({
      brokers: [],
      topics: [
        { name: 'a', errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, partitions: [] },
        { name: 'b', errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, partitions: [] },
      ],
    });
    expect(errors).toEqual([
      {
        connection: expect.objectContaining({ remotePort: client.socket.localPort }),
        backend: 'broken',
        api: 'metadata',
        context: expect.objectContaining({ api: 'metadata', apiVersion: 9, correlationId: 1, clientId: 'me' }),
        error: expect.any(EncodeError),
      },
    ]);
    expect(errors[0]?.error).toMatchObject({
      code: 'INVALID_VALUE',
      path: 'topics[0].partitions[2].leaderEpoch',
      message: 'topics[0].partitions[2].leaderEpoch: "seven" is not an int32',
    });
  });

  test.each([
    [{ errorCode: undefined }, 'topics[0].partitions[2].errorCode', 'is required: an int16'],
    [{ leaderId: 2 ** 40 }, 'topics[0].partitions[2].leaderId', '1099511627776 is not an int32'],
    [{ isrNodes: [1, 1.5] }, 'topics[0].partitions[2].isrNodes[1]', '1.5 is not an int32'],
    [{ replicaNodes: new Set([1]) }, 'topics[0].partitions[2].replicaNodes', 'a value of type object is not an array'],
  ])('names the field and what is wrong with it: %o', async (broken, path, detail) => {
    const { client, errors } = await startWith({ metadata: () => metadata(broken) });
    await client.send(metadataApi, 9, REQUEST);
    expect(errors[0]?.error).toMatchObject({ path, detail });
  });

  test('is one that holds a value which the version does not carry', async () => {
    const answered = {
      topics: [
        { name: 'a', partitions: [{ partitionIndex: 0, errorCode: 0, timestamp: 1n, offset: 1n, leaderEpoch: 5 }] },
      ],
    };
    const { client, errors } = await startWith({ listOffsets: () => answered });
    const request = { replicaId: -1, topics: [{ name: 'a', partitions: [{ partitionIndex: 0, timestamp: -1n }] }] };
    expect((await client.send(listOffsetsApi, 4, request)).response).toMatchObject(answered);
    expect((await client.send(listOffsetsApi, 3, request)).response).toMatchObject({
      topics: [{ partitions: [{ errorCode: ErrorCode.UNKNOWN_SERVER_ERROR }] }],
    });
    expect(errors.map(({ error }) => error)).toMatchObject([
      { code: 'UNSUPPORTED_FIELD', path: 'topics[0].partitions[0].leaderEpoch' },
    ]);
  });

  test.each([undefined, null, 5, 'answer', [], {}, true, () => 1])(
    'is one that is no response at all: %s',
    async (answered) => {
      const { gateway, client, errors } = await startWith({ metadata: () => answered });
      record(gateway, 'response');
      const { response } = await client.send(metadataApi, 9, REQUEST);
      expect(response.topics.map(({ errorCode }) => errorCode)).toEqual([-1, -1]);
      expect(errors.map(({ error }) => error)).toEqual([expect.any(EncodeError)]);
    },
  );

  test('leaves nothing of itself on the wire, and the answers around it whole', async () => {
    let calls = 0;
    const { client } = await startWith({
      metadata: () => metadata(++calls % 2 === 0 ? { leaderEpoch: 'seven' } : { leaderEpoch: calls }),
    });
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.send(metadataApi, 9, REQUEST)));
    answers.forEach(({ correlationId, response }, index) => {
      expect(correlationId).toBe(index + 1);
      expect(response.topics[0]?.errorCode).toBe(index % 2 === 0 ? 0 : -1);
      expect(response.topics[0]?.partitions[2]?.leaderEpoch).toBe(index % 2 === 0 ? index + 1 : undefined);
    });
    expect(client.arrived).toEqual(answers.map(({ correlationId }) => correlationId));
  });

  test('closes the connection where there is no place for the error', async () => {
    const { client, errors } = await startWith({ metadata: () => metadata({ leaderEpoch: 'seven' }) });
    await expect(client.send(metadataApi, 9, { topics: null })).rejects.toBeInstanceOf(WireClosedError);
    expect(errors).toHaveLength(1);
  });

  test('after a large part of it was written is taken back as well', async () => {
    const topics = Array.from({ length: 20_000 }, (_, index) => ({
      name: `topic-${String(index)}`,
      errorCode: 0,
      errorMessage: null,
    }));
    const { client, errors } = await startWith({
      createTopics: () => ({ topics: [...topics, { name: 'last', errorCode: null, errorMessage: null }] }),
    });
    const request = { topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }] };
    const { response } = await client.send(createTopicsApi, 5, request);
    expect(response).toMatchObject({ topics: [{ name: 'a', errorCode: -1 }] });
    expect(errors[0]?.error).toMatchObject({ path: 'topics[20000].errorCode' });
  });

  test('of Produce with acks 0 closes the connection, for its client awaits no answer', async () => {
    const { client, errors } = await startWith({ produce: () => undefined });
    client.post(produceApi, 9, { acks: 0, timeoutMs: 1, topicData: [] });
    await client.closed;
    expect(client.arrived).toEqual([]);
    expect(errors.map(({ error }) => error)).toEqual([expect.any(EncodeError)]);
  });
});
