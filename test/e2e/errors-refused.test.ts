import { type Backend } from 'iggy-gateway-kafka';
import {
  apis,
  apiVersionsApi,
  createTopicsApi,
  fetchApi,
  listOffsetsApi,
  metadataApi,
  produceApi,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { record, start, startBackend } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame, framed } from '../support/wire-client.js';

const UNSUPPORTED_VERSION = 35;
const INVALID_REQUEST = 42;
const ALL = { topics: null };

expectQuietProcess();

/** A backend with Metadata alone: the codecs of the other APIs are not loaded when it listens. */
const metadataOnly: Omit<Backend, 'name'> = { metadata: () => ({ brokers: [], topics: [], errorCode: 0 }) };

/** A request of a version of its own, with a body of nothing. */
function bare(apiKey: number, version: number, correlationId: number): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeInt16BE(apiKey, 0);
  bytes.writeInt16BE(version, 2);
  bytes.writeInt32BE(correlationId, 4);
  bytes.writeInt16BE(-1, 8);
  return framed(bytes);
}

describe('a refused request, the connection staying open', () => {
  test('of an API whose codec is not loaded yet is answered in its own shape, what comes behind it after it', async () => {
    const { connect } = await startBackend(metadataOnly);
    const client = await connect();
    const partitions = [{ partition: 3, fetchOffset: 0n, partitionMaxBytes: 1 }];
    const fetched = client.send(fetchApi, 12, { maxWaitMs: 1, minBytes: 1, topics: [{ topic: 'a', partitions }] });
    const others = [
      client.send(metadataApi, 9, ALL),
      client.send(listOffsetsApi, 6, {
        replicaId: -1,
        topics: [{ name: 'a', partitions: [{ partitionIndex: 4, timestamp: -1n }] }],
      }),
      client.send(createTopicsApi, 5, {
        topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      }),
      client.send(metadataApi, 9, ALL),
    ];
    expect((await fetched).response).toMatchObject({
      errorCode: UNSUPPORTED_VERSION,
      responses: [{ topic: 'a', partitions: [{ partitionIndex: 3, errorCode: UNSUPPORTED_VERSION }] }],
    });
    const [, offsets, created] = await Promise.all(others);
    expect(offsets?.response).toMatchObject({ topics: [{ partitions: [{ errorCode: UNSUPPORTED_VERSION }] }] });
    expect(created?.response).toMatchObject({ topics: [{ name: 'a', errorCode: UNSUPPORTED_VERSION }] });
    expect(client.arrived).toEqual([1, 2, 3, 4, 5]);
  });

  test('of an API whose codec is not loaded yet may be the last of a client that is gone', async () => {
    const { gateway, connect } = await startBackend(metadataOnly);
    const client = await connect();
    client.post(fetchApi, 12, { maxWaitMs: 1, minBytes: 1, topics: [] });
    client.reset();
    await client.closed;
    await gateway.close();
    expect(gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
  });

  test('that does not decode gets the bare code', async () => {
    const { gateway, connect } = await start();
    const protocolErrors = record(gateway, 'protocolError');
    const client = await connect();
    client.sendRaw(bare(2, 7, 1));
    // Flexible header: one byte for no tagged field, then the code.
    expect((await client.next()).body).toEqual(Buffer.from([0, 0, UNSUPPORTED_VERSION]));
    client.sendRaw(bare(3, 0, 2));
    await client.closed;
    expect(protocolErrors).toHaveLength(1);
  });

  test('of ApiVersions lists what there is, in version 0, whatever was asked', async () => {
    for (const options of [{}, { onUnsupportedVersion: 'close' as const }]) {
      const { connect } = await start(options);
      const client = await connect();
      const { response: listed } = await client.send(apiVersionsApi, 0, {});
      for (const version of [4, 5, 99, 32767, -1]) {
        client.sendRaw(bare(18, version, 100));
        const { body } = await client.next();
        expect(body.readInt16BE(0)).toBe(UNSUPPORTED_VERSION);
        expect(body.readInt32BE(2)).toBe(listed.apiKeys.length);
        expect(body.length).toBe(2 + 4 + 6 * listed.apiKeys.length);
      }
    }
  });

  test('of any API that has no schema here gets the bare code, under the header that its version has', async () => {
    const { connect } = await start();
    const client = await connect();
    let correlationId = 0;
    for (const { key, flexibleFrom, versions, load } of apis) {
      if (load || !versions) continue;
      for (const version of [0, versions.max, versions.max + 1, 99]) {
        client.sendRaw(bare(key, version, ++correlationId));
        const frame = await client.next();
        expect(frame.correlationId).toBe(correlationId);
        const flexible = flexibleFrom >= 0 && version >= flexibleFrom;
        expect([...frame.body]).toEqual(flexible ? [0, 0, UNSUPPORTED_VERSION] : [0, UNSUPPORTED_VERSION]);
      }
    }
    for (const key of [-1, 95, 1000, 32767]) {
      client.sendRaw(bare(key, 0, ++correlationId));
      expect([...(await client.next()).body]).toEqual([0, UNSUPPORTED_VERSION]);
    }
  });

  test('closes it where that was asked for', async () => {
    const { gateway, connect } = await start({ onUnsupportedVersion: 'close' });
    const refused = record(gateway, 'unsupportedVersion');
    const client = await connect();
    const before = client.send(metadataApi, 9, ALL);
    client.post(metadataApi, 10, ALL);
    client.post(metadataApi, 9, ALL);
    await before;
    await client.closed;
    expect(client.arrived).toEqual([1]);
    expect(refused).toHaveLength(1);
  });
});

describe('a body that does not decode', () => {
  const names = { metadataApi, produceApi, fetchApi, listOffsetsApi, createTopicsApi, apiVersionsApi };
  const cases = Object.values(names).flatMap(({ key, name, versions }) =>
    Array.from({ length: versions.max - versions.min + 1 }, (_, index) => ({
      key,
      name,
      version: versions.min + index,
    })),
  );
  // ApiVersions before version 3 has no body that could be wrong.
  const decodable = cases.filter(({ key, version }) => key !== 18 || version >= 3);

  test.each(decodable)(
    '$name v$version: is told where there is a code at the top, then closed',
    async ({ key, version }) => {
      const methods = { produce: 1, fetch: 1, listOffsets: 1, metadata: 1, createTopics: 1 };
      const { gateway, connect } = await startBackend(
        Object.fromEntries(Object.keys(methods).map((name) => [name, () => expect.unreachable()])),
        { allowUnstableVersions: true },
      );
      const protocolErrors = record(gateway, 'protocolError');
      const client = await connect();
      const empty = encodeRequestFrame({ ...metadataApi, ...codecOf(key), writeRequest: () => undefined }, version, {});
      client.sendRaw(empty);
      await client.closed;
      expect(protocolErrors).toMatchObject([{ apiKey: key, apiVersion: version, error: { name: 'DecodeError' } }]);
      const told = key === 18 || (key === 1 && version >= 7) || (key === 3 && version >= 13);
      expect(client.arrived).toEqual(told ? [1] : []);
      if (!told) return;
      const { body } = await client.next();
      expect(body.includes(Buffer.from([0, INVALID_REQUEST]))).toBe(true);
    },
  );

  function codecOf(key: number) {
    const codec = Object.values(names).find((each) => each.key === key);
    return { key, flexibleFrom: codec?.flexibleFrom ?? -1 };
  }
});
