import type { Socket } from 'node:net';
import { apiVersionsApi, DecodeError, metadataApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { startBroker } from 'iggy-gateway-kafka/testing';
import { expect, onTestFinished, test } from 'vitest';
import { WireClient, WireClosedError } from '../../../src/wire-client/index.js';
import { ownServer } from '../../support/own-server.js';
import { framed } from '../../support/wire-client.js';

/** A server that does something with each connection; where it listens. */
const serving = async (meet: (socket: Socket) => void): Promise<string> => `127.0.0.1:${String(await ownServer(meet))}`;

/** A client of a broker, both for one test. */
async function connected(): Promise<WireClient> {
  const broker = await startBroker();
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  return client;
}

test('sends requests in the highest version that both sides have', async () => {
  const client = await connected();
  expect(client.version(metadataApi)).toBe(metadataApi.versions.max);
  expect(client.version(metadataApi, 9)).toBe(9);
  expect(client.versions({ key: metadataApi.key, versions: { min: 12, max: 99 } })).toEqual([12, 13]);
  const { brokers } = await client.send(metadataApi, { topics: [] });
  expect(brokers).toHaveLength(1);
});

test('a version of an API that the broker lacks is an error', async () => {
  const client = await connected();
  expect(client.versions({ key: 99, versions: { min: 0, max: 1 } })).toEqual([]);
  const api = { key: 99, name: 'Unheard', versions: { min: 0, max: 1 } };
  expect(() => client.version(api)).toThrow('the broker does not answer Unheard');
});

test('ApiVersions in a version that the broker lacks decodes in version 0', async () => {
  const client = await connected();
  const { errorCode, apiKeys } = await client.send(apiVersionsApi, { clientSoftwareName: 'test' }, 99);
  expect(errorCode).toBe(35);
  expect(apiKeys.length).toBeGreaterThan(0);
});

test('posts a request that has no response, and goes on', async () => {
  const client = await connected();
  client.post(produceApi, { acks: 0, timeoutMs: 0, topicData: [] });
  expect(await client.send(metadataApi, { topics: [] })).toMatchObject({ topics: [] });
});

test('an error names the request that it ends', async () => {
  const client = await connected();
  await client.close();
  const ended = client.send(metadataApi, { topics: [] }, 12);
  await expect(ended).rejects.toThrow('Metadata v12: the connection is closed');
  await expect(ended).rejects.toBeInstanceOf(WireClosedError);
});

test('a connection that is reset rejects what waits for an answer', async () => {
  const bootstrap = await serving((socket) => socket.once('data', () => socket.resetAndDestroy()));
  await expect(WireClient.connect(bootstrap)).rejects.toThrow('ApiVersions v0: read ECONNRESET');
});

test('the connection to a broker whose versions do not decode is closed', async () => {
  let ended: Promise<unknown> | undefined;
  const bootstrap = await serving((socket) => {
    ended = new Promise((resolve) => socket.once('close', resolve));
    socket.once('data', () => socket.write(framed(Buffer.from([0, 0, 0, 1, 0]))));
  });
  await expect(WireClient.connect(bootstrap)).rejects.toBeInstanceOf(DecodeError);
  await ended;
});
