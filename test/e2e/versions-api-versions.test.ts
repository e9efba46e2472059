import { type Backend, createKafkaGateway, createStubBackend, ErrorCode } from 'iggy-gateway-kafka';
import { createBrokerBackend, singleNode } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryBackend, createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { apiVersionsApi, describeClusterApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { startObserved } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { software, type WireClient } from '../support/wire-client.js';

expectQuietProcess();

const INVALID_REQUEST = 42;

describe('what the client calls its software', () => {
  const good = ['a', '7', 'apache-kafka-java', 'librdkafka', '2.3.0', 'A.b-C.9', 'x'.repeat(300)];
  const bad = [
    '',
    ' ',
    '-a',
    'a-',
    '.a',
    'a.',
    'a b',
    'a_b',
    'kafka+js',
    'é',
    '漢',
    'a\n',
    'a\u0000',
    'x'.repeat(9) + '!',
  ];

  test('may be letters, digits, dots and dashes, letters or digits at both ends', async () => {
    const { connect } = await startObserved();
    const client = await connect();
    for (const clientSoftwareName of good) {
      for (const clientSoftwareVersion of good) {
        const { response } = await client.send(apiVersionsApi, 3, { clientSoftwareName, clientSoftwareVersion });
        expect(response).toMatchObject({ errorCode: 0 });
        expect(response.apiKeys.length).toBeGreaterThan(0);
      }
    }
  });

  test('is otherwise an invalid request: no ranges, and the connection stays open', async () => {
    const { connect, protocolErrors, refused } = await startObserved();
    const client = await connect();
    for (const name of bad) {
      for (const [clientSoftwareName, clientSoftwareVersion] of [
        [name, '1.0'],
        ['good', name],
        [name, name],
      ] as const) {
        const { response } = await client.send(apiVersionsApi, 3, { clientSoftwareName, clientSoftwareVersion });
        expect(response, JSON.stringify(name)).toMatchObject({ errorCode: INVALID_REQUEST, apiKeys: [] });
        // A good one in between: what was found good is remembered, and says nothing of the next.
        await client.send(apiVersionsApi, 3, { clientSoftwareName: 'good', clientSoftwareVersion: '1.0' });
      }
    }
    expect(protocolErrors).toEqual([]);
    expect(refused).toEqual([]);
  });

  test.each([0, 1, 2])('is not asked for in version %i', async (version) => {
    const { connect } = await startObserved();
    const client = await connect();
    const { response } = await client.send(apiVersionsApi, version, {});
    expect(response.errorCode).toBe(0);
  });
});

describe('ApiVersions says exactly what is allowed', () => {
  const ranges = async (options: Parameters<typeof startObserved>[0]): Promise<Record<number, [number, number]>> => {
    const { connect } = await startObserved(options);
    const client = await connect();
    const { response } = await client.send(apiVersionsApi, 0, {});
    return Object.fromEntries(
      response.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]),
    );
  };

  test('for the stub, Produce being the one exception', async () => {
    expect(await ranges({})).toEqual({ 0: [0, 9], 1: [4, 12], 2: [1, 6], 3: [0, 9], 18: [0, 3], 19: [2, 5] });
  });

  test('for a backend without versions of its own: all that the codec knows of its methods, and ApiVersions', async () => {
    const { metadata } = createStubBackend();
    const backend: Backend = { name: 'test', metadata: metadata };
    expect(await ranges({ backend })).toEqual({ 3: [0, 13], 18: [0, 5] });
  });

  test('with versions narrowed by an option: within what the backend allows', async () => {
    const versions = { metadata: { min: 4, max: 13 }, fetch: { min: 0, max: 5 }, apiVersions: { min: 1, max: 2 } };
    const { connect } = await startObserved({ versions });
    const client = await connect();
    const { response } = await client.send(apiVersionsApi, 2, {});
    const metadata = response.apiKeys.find(({ apiKey }) => apiKey === 3);
    expect(metadata).toMatchObject({ minVersion: 4, maxVersion: 9 });
    expect(response.apiKeys.find(({ apiKey }) => apiKey === 1)).toMatchObject({ minVersion: 4, maxVersion: 5 });
    expect(response.apiKeys.find(({ apiKey }) => apiKey === 18)).toMatchObject({ minVersion: 1, maxVersion: 2 });
    // Both sides of the new bounds.
    const codes = async (version: number): Promise<number> =>
      (await client.send(metadataApi, version, { topics: [{ name: 'a' }] })).response.topics[0]!.errorCode;
    expect([await codes(3), await codes(4), await codes(9), await codes(10)]).toEqual([35, 3, 3, 35]);
    const unknown = await client.send(apiVersionsApi, 0, {});
    expect(unknown.response.errorCode).toBe(35);
  });

  test('an option that leaves no version of what the backend allows is told at listen', async () => {
    const gateway = createKafkaGateway({ listener: { port: 0 }, versions: { fetch: { min: 13, max: 18 } } });
    await expect(gateway.listen()).rejects.toMatchObject({ name: 'OptionError', option: 'versions.fetch' });
    await gateway.close();
  });
});

describe('a client that expects a broker (KIP-1242)', () => {
  const ask = (client: WireClient, version: number, clusterId?: string, nodeId?: number) =>
    client.send(apiVersionsApi, version, { ...software, clusterId, nodeId });

  test('is sent to its bootstrap servers by another one, and stays connected', async () => {
    const { connect, protocolErrors, requestErrors } = await startObserved({ backend: createMemoryBackend() });
    const client = await connect();
    const { response: cluster } = await client.send(describeClusterApi, 1, {
      includeClusterAuthorizedOperations: false,
    });
    const [{ brokerId } = { brokerId: -1 }] = cluster.brokers;
    const { response: here } = await ask(client, 5, cluster.clusterId, brokerId);
    expect(here).toEqual((await ask(client, 5)).response);
    expect(here.errorCode).toBe(ErrorCode.NONE);
    for (const [clusterId, nodeId] of [
      ['another', brokerId],
      [cluster.clusterId, brokerId + 1],
    ] as const) {
      const { response } = await ask(client, 5, clusterId, nodeId);
      expect(response).toMatchObject({ errorCode: ErrorCode.REBOOTSTRAP_REQUIRED, apiKeys: [], supportedFeatures: [] });
    }
    const { response: half } = await ask(client, 5, cluster.clusterId);
    expect(half).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] });
    // Before version 5 the request has no place for it.
    expect((await ask(client, 4, 'another', brokerId)).response.errorCode).toBe(ErrorCode.NONE);
    expect([...protocolErrors, ...requestErrors]).toEqual([]);
  });

  test('is answered with the bytes that a Kafka 4.4.0 answers with', async () => {
    const { connect } = await startObserved({ backend: createMemoryBackend({ clusterId: 'c' }) });
    const client = await connect();
    client.post(apiVersionsApi, 5, { ...software, clusterId: 'd', nodeId: 1 });
    expect((await client.next()).body.toString('hex')).toBe('0081010000000000');
    client.post(apiVersionsApi, 5, { ...software, clusterId: 'c' });
    expect((await client.next()).body.toString('hex')).toBe('002a010000000000');
  });

  test('is accepted by a backend that does not say which broker it is', async () => {
    const { identity, ...backend } = createMemoryBackend();
    expect(identity).toBeTypeOf('function');
    const { connect } = await startObserved({ backend });
    expect((await ask(await connect(), 5, 'another', 7)).response.errorCode).toBe(ErrorCode.NONE);
  });

  test('compares the ids that the backend has at the moment', async () => {
    let nodeId = 1;
    const backend = { ...createMemoryBackend(), identity: () => ({ clusterId: 'c', nodeId }) };
    const { connect } = await startObserved({ backend });
    const client = await connect();
    expect((await ask(client, 5, 'c', 1)).response.errorCode).toBe(ErrorCode.NONE);
    nodeId = 2;
    expect((await ask(client, 5, 'c', 1)).response.errorCode).toBe(ErrorCode.REBOOTSTRAP_REQUIRED);
    expect((await ask(client, 5, 'c', 2)).response.errorCode).toBe(ErrorCode.NONE);
  });

  test('and a backend whose identity is none does not listen', async () => {
    const backend = { ...createMemoryBackend(), identity: () => ({ clusterId: 'c', nodeId: -1 }) };
    const gateway = createKafkaGateway({ listener: { port: 0 }, backend });
    await expect(gateway.listen()).rejects.toMatchObject({ option: 'backend.identity().nodeId', value: -1 });
    expect(gateway.endpoint).toBeNull();
    await gateway.close({ drainTimeoutMs: 0 });
  });

  test('is told the cluster that the store kept, and the node of the placement', async () => {
    const store = createMemoryStore();
    const placement = singleNode(7);
    const clusterIds: string[] = [];
    for (let run = 0; run < 2; run++) {
      const { connect, gateway } = await startObserved({ backend: createBrokerBackend({ store, placement }) });
      const client = await connect();
      const { response } = await client.send(describeClusterApi, 1, { includeClusterAuthorizedOperations: false });
      clusterIds.push(response.clusterId);
      expect((await ask(client, 5, clusterIds[0], 7)).response.errorCode).toBe(ErrorCode.NONE);
      await gateway.close({ drainTimeoutMs: 0 });
    }
    expect(clusterIds[0]).toBe(clusterIds[1]);
  });
});
