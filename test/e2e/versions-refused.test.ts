import { apiVersionsApi, fetchApi, metadataApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { codecs } from '../../src/protocol/codecs.js';
import { startObserved } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { rawRequest } from '../support/raw-request.js';
import { decodeResponseFrame, encodeRequestFrame, framed, software } from '../support/wire-client.js';

expectQuietProcess();

const UNSUPPORTED_VERSION = 35;

const OLD_HEADER = Buffer.from([0, UNSUPPORTED_VERSION]);
const FLEXIBLE_HEADER = Buffer.from([0, 0, UNSUPPORTED_VERSION]);

/** Whether an answer to a request that cannot be read has a place for a code. */
function hasRejection(key: number, version: number): boolean {
  const codec = codecs.get(key);
  if (codec?.rejection === undefined || version < codec.versions.min || version > codec.versions.max) return false;
  return codec.findErrorCode(codec.rejection(version, 1, null), version) === 1;
}

describe('a request without a body, where no schema is known or has a place for a code, is answered with header and code', () => {
  // By the table of Kafka 4.4: its first flexible version, or none.
  test.each([
    { api: 'LeaderAndIsr, which Kafka 4 has no more', key: 4, flexibleFrom: Infinity },
    { api: 'OffsetCommit', key: 8, flexibleFrom: 8 },
    { api: 'OffsetFetch', key: 9, flexibleFrom: 6 },
    { api: 'FindCoordinator', key: 10, flexibleFrom: 3 },
    { api: 'JoinGroup', key: 11, flexibleFrom: 6 },
    { api: 'Heartbeat', key: 12, flexibleFrom: 4 },
    { api: 'SaslHandshake', key: 17, flexibleFrom: Infinity },
    { api: 'DeleteTopics', key: 20, flexibleFrom: 4 },
    { api: 'InitProducerId', key: 22, flexibleFrom: 2 },
    { api: 'WriteTxnMarkers', key: 27, flexibleFrom: 1 },
    { api: 'SaslAuthenticate', key: 36, flexibleFrom: 2 },
    { api: 'AlterPartitionReassignments', key: 45, flexibleFrom: 0 },
    { api: 'OffsetDelete', key: 47, flexibleFrom: Infinity },
    { api: 'ConsumerGroupHeartbeat', key: 68, flexibleFrom: 0 },
    { api: 'DeleteShareGroupOffsets', key: 92, flexibleFrom: 0 },
    { api: 'a key that Kafka does not have', key: 95, flexibleFrom: Infinity },
    { api: 'a key far off', key: 20_000, flexibleFrom: Infinity },
    { api: 'the greatest key', key: 0x7fff, flexibleFrom: Infinity },
    { api: 'key -1', key: -1, flexibleFrom: Infinity },
    { api: 'the least key', key: -0x8000, flexibleFrom: Infinity },
  ])('$api', async ({ key, flexibleFrom }) => {
    const { connect, refused, protocolErrors } = await startObserved();
    const client = await connect();
    const bounds = flexibleFrom === Infinity ? [] : [flexibleFrom - 1, flexibleFrom, flexibleFrom + 1];
    const versions = [-0x8000, -1, 0, 1, ...bounds, 99, 0x7fff];
    for (const [index, version] of versions.entries()) {
      client.sendRaw(rawRequest({ apiKey: key, version, correlationId: -1 - index }));
      const answer = await client.next();
      expect(answer.correlationId).toBe(-1 - index);
      if (hasRejection(key, version)) {
        expect(decodeResponseFrame(key, version, answer)).toHaveProperty('errorCode', UNSUPPORTED_VERSION);
      } else {
        expect(answer.body, `v${version}`).toEqual(version >= flexibleFrom ? FLEXIBLE_HEADER : OLD_HEADER);
      }
    }
    expect(refused.map(({ apiKey, apiVersion }) => ({ apiKey, apiVersion }))).toEqual(
      versions.map((version) => ({ apiKey: key, apiVersion: version })),
    );
    expect(refused.every(({ apiName }) => (key >= 0 && key <= 92 ? apiName !== null : apiName === null))).toBe(true);
    await client.send(apiVersionsApi, 3, software);
    expect(protocolErrors).toEqual([]);
  });

  test('and a header that ends after the correlation id is enough to be refused by', async () => {
    const { connect } = await startObserved();
    const client = await connect();
    for (const [key, version] of [
      [8, 9],
      [3, 10],
      [0, 1],
    ] as const) {
      client.sendRaw(framed(rawRequest({ apiKey: key, version }).subarray(4, 12)));
      expect((await client.next()).body.subarray(-2)).toEqual(OLD_HEADER);
    }
  });
});

describe('Produce before version 3', () => {
  const body = (acks: number): Buffer => {
    const bytes = Buffer.alloc(10);
    bytes.writeInt16BE(acks, 0);
    return bytes;
  };

  test.each([0, 1, 2])('v%i is refused although it is advertised; with acks 0 nothing is answered', async (version) => {
    const { connect, refused } = await startObserved();
    const client = await connect();
    const { response } = await client.send(apiVersionsApi, 3, software);
    expect(response.apiKeys.find(({ apiKey }) => apiKey === 0)).toMatchObject({ minVersion: 0, maxVersion: 9 });
    client.sendRaw(rawRequest({ apiKey: 0, version, correlationId: 50, body: body(1) }));
    client.sendRaw(rawRequest({ apiKey: 0, version, correlationId: 51, body: body(0) }));
    client.sendRaw(rawRequest({ apiKey: 0, version, correlationId: 52, body: body(-1) }));
    const answers = [await client.next(), await client.next()];
    expect(answers.map(({ correlationId, body }) => ({ correlationId, body }))).toEqual([
      { correlationId: 50, body: OLD_HEADER },
      { correlationId: 52, body: OLD_HEADER },
    ]);
    await client.send(metadataApi, 9, { topics: null });
    expect(client.arrived).toHaveLength(4);
    expect(refused.map(({ correlationId }) => correlationId)).toEqual([50, 51, 52]);
  });
});

test('Produce after version 9 with acks 0 is not answered either, where it can be read', async () => {
  const { connect, refused } = await startObserved();
  const client = await connect();
  for (const version of [10, 11, 12, 13]) client.post(produceApi, version, { acks: 0, timeoutMs: 1, topicData: [] });
  await client.send(metadataApi, 9, { topics: null });
  expect(client.arrived).toEqual([5]);
  expect(refused).toHaveLength(4);
});

describe("with onUnsupportedVersion: 'close'", () => {
  test('a refused request closes its connection, after what came before it was answered', async () => {
    const { connect, refused } = await startObserved({ onUnsupportedVersion: 'close' });
    const client = await connect();
    const before = encodeRequestFrame(metadataApi, 9, { topics: null }, { correlationId: 1 });
    client.sendRaw(Buffer.concat([before, rawRequest({ apiKey: 8, version: 8, correlationId: 2 }), before]));
    await client.closed;
    expect(client.arrived).toEqual([1]);
    expect(refused).toMatchObject([
      { apiKey: 8, apiName: 'OffsetCommit', apiVersion: 8, correlationId: 2, closed: true },
    ]);
  });

  test('so does one whose schema is known', async () => {
    const { connect, refused } = await startObserved({ onUnsupportedVersion: 'close' });
    const client = await connect();
    client.post(fetchApi, 13, { maxWaitMs: 1, minBytes: 1, topics: [] });
    await client.closed;
    expect(client.arrived).toEqual([]);
    expect(refused).toMatchObject([{ apiName: 'Fetch', apiVersion: 13, closed: true }]);
  });

  test('ApiVersions in a version that we do not know is answered all the same: the client asks again', async () => {
    const { connect, refused } = await startObserved({ onUnsupportedVersion: 'close' });
    const client = await connect();
    const { response } = await client.send(apiVersionsApi, 4, software);
    expect(response.errorCode).toBe(UNSUPPORTED_VERSION);
    expect(response.apiKeys.length).toBeGreaterThan(0);
    await client.send(apiVersionsApi, 3, software);
    expect(refused).toMatchObject([{ apiName: 'ApiVersions', apiVersion: 4, closed: false }]);
  });
});
