import { type Backend, createStubBackend, ErrorCode, KafkaError } from 'iggy-gateway-kafka';
import { metadataApi, produceApi, type ProduceRequestInit } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { defer } from '../support/deferred.js';
import { record, start } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { framed } from '../support/wire-client.js';

expectQuietProcess();

const NO_ACKS: ProduceRequestInit = {
  acks: 0,
  timeoutMs: 1000,
  topicData: [{ name: 'a', partitionData: [{ index: 0, records: Buffer.from('batch') }] }],
};
const VERSIONS = [3, 8, 9, 12].map((version) => [version]);
const stored = (errorCode: number) => ({
  responses: [{ name: 'a', partitionResponses: [{ index: 0, errorCode, baseOffset: 0n }] }],
});

async function startWith(produce: unknown, options = {}) {
  const backend = { ...createStubBackend(), versions: {}, produce } as Backend;
  const started = await start({ ...options, backend });
  return { ...started, client: await started.connect() };
}

describe('Produce with acks 0 is never answered', () => {
  test.each(VERSIONS)('v%d: stored, the connection goes on', async (version) => {
    for (const produce of [() => stored(0), () => Promise.resolve(stored(0))]) {
      const { gateway, client } = await startWith(produce);
      const responses = record(gateway, 'response');
      const ids = [1, 2, 3].map(() => client.post(produceApi, version, NO_ACKS));
      await client.send(metadataApi, 9, { topics: null });
      expect(client.arrived).toEqual([4]);
      expect(responses.map(({ correlationId, errorCode, bytes }) => [correlationId, errorCode, bytes === 0])).toEqual([
        ...ids.map((id) => [id, 0, true]),
        [4, 0, false],
      ]);
    }
  });

  test.each(VERSIONS)('v%d: failed by a code in the response, the connection closes', async (version) => {
    for (const produce of [() => stored(6), () => Promise.resolve(stored(6))]) {
      const { gateway, client } = await startWith(produce);
      const responses = record(gateway, 'response');
      client.post(produceApi, version, NO_ACKS);
      await client.closed;
      expect(client.arrived).toEqual([]);
      expect(responses).toMatchObject([{ errorCode: 6, bytes: 0 }]);
    }
  });

  test.each([
    ['a KafkaError', new KafkaError(ErrorCode.NOT_LEADER_OR_FOLLOWER), 0],
    ['any error', new Error('disk'), 1],
  ])('failed by %s, the connection closes', async (_what, error, reported) => {
    for (const produce of [
      () => {
        throw error;
      },
      () => Promise.reject(error),
    ]) {
      const { gateway, client } = await startWith(produce);
      const errors = record(gateway, 'requestError');
      client.post(produceApi, 9, NO_ACKS);
      await client.closed;
      expect(client.arrived).toEqual([]);
      expect(errors).toHaveLength(reported);
    }
  });

  test('failed by its time, the connection closes', async () => {
    const released = defer();
    const { gateway, client } = await startWith(() => released.promise.then(() => stored(0)), { requestTimeoutMs: 1 });
    const errors = record(gateway, 'requestError');
    client.post(produceApi, 9, NO_ACKS);
    await client.closed;
    expect(client.arrived).toEqual([]);
    expect(errors).toMatchObject([{ api: 'produce', error: { cause: 'timeout' } }]);
    released.resolve();
    await gateway.close();
  });

  test('what was asked before it is answered before the connection closes, what comes after is not begun', async () => {
    const { client } = await startWith(() => stored(6));
    const before = client.send(metadataApi, 9, { topics: null });
    client.post(produceApi, 9, NO_ACKS);
    client.post(metadataApi, 9, { topics: null });
    await before;
    await client.closed;
    expect(client.arrived).toEqual([1]);
  });

  test('with acks 1 or -1 each is', async () => {
    const { client } = await startWith(() => stored(6));
    for (const acks of [1, -1]) {
      const { response } = await client.send(produceApi, 9, { ...NO_ACKS, acks });
      expect(response).toMatchObject({ responses: [{ partitionResponses: [{ errorCode: 6 }] }] });
    }
  });
});

describe('Produce with acks 0 that is refused is not answered either', () => {
  /** Before version 3 the body begins with acks; nothing else of it is read. */
  function oldProduce(version: number, acks: number, correlationId: number): Buffer {
    const bytes = Buffer.alloc(8 + 2 + 2 + 8);
    bytes.writeInt16BE(version, 2);
    bytes.writeInt32BE(correlationId, 4);
    bytes.writeInt16BE(-1, 8);
    bytes.writeInt16BE(acks, 10);
    return framed(bytes);
  }

  test.each([0, 1, 2])('v%d, which is too old', async (version) => {
    const { client, gateway } = await startWith(() => stored(0));
    const refused = record(gateway, 'unsupportedVersion');
    client.sendRaw(oldProduce(version, 0, 71));
    client.sendRaw(oldProduce(version, 1, 72));
    client.sendRaw(oldProduce(version, -1, 73));
    await client.send(metadataApi, 9, { topics: null }, { correlationId: 74 });
    expect(client.arrived).toEqual([72, 73, 74]);
    const frame = await client.next();
    expect(frame.body).toEqual(Buffer.from([0, 35]));
    expect(refused.map(({ correlationId }) => correlationId)).toEqual([71, 72, 73]);
  });

  test('v10 of the stub, which allows 9: the codec knows it', async () => {
    const { connect } = await start();
    const client = await connect();
    client.post(produceApi, 10, NO_ACKS);
    const { response } = await client.send(produceApi, 10, { ...NO_ACKS, acks: 1 });
    expect(response).toMatchObject({ responses: [{ name: 'a', partitionResponses: [{ index: 0, errorCode: 35 }] }] });
    expect(client.arrived).toEqual([2]);
  });

  test('one too short to say its acks is answered: a client that waits must not wait for ever', async () => {
    const { client } = await startWith(() => stored(0));
    client.sendRaw(oldProduce(2, 0, 5).subarray(0, 14).fill(10, 3, 4));
    expect((await client.next()).body).toEqual(Buffer.from([0, 35]));
  });
});
