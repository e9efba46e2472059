import type { Socket } from 'node:net';
import { apiVersionsApi } from 'iggy-gateway-kafka/protocol';
import { contractCases, startBroker } from 'iggy-gateway-kafka/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { WireClient } from '../../../adapters/testing/wire-client.js';
import { defer } from '../../support/deferred.js';
import { ownServer } from '../../support/own-server.js';

// The client that the contract speaks through, before servers that no broker is.

afterEach(() => {
  vi.useRealTimers();
});

/** A server that does something with each connection; where it listens. */
const serving = async (meet: (socket: Socket) => void): Promise<string> => `127.0.0.1:${String(await ownServer(meet))}`;

test('a connection that is reset rejects what waits for an answer', async () => {
  const bootstrap = await serving((socket) => socket.once('data', () => socket.resetAndDestroy()));
  await expect(WireClient.connect(bootstrap)).rejects.toThrow('ApiVersions v0');
});

test('nothing is sent over a connection that is closed', async () => {
  await using broker = await startBroker();
  const client = await WireClient.connect(broker.bootstrap);
  await client.close();
  const request = { clientSoftwareName: 'test' };
  await expect(client.send(apiVersionsApi, request, 0)).rejects.toThrow('ApiVersions v0: the connection is closed');
});

test('an answer that does not come is not waited for without end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked = defer();
  const bootstrap = await serving((socket) => socket.once('data', () => asked.resolve()));
  const silent = WireClient.connect(bootstrap).then(
    () => 'connected',
    (error: unknown) => String(error),
  );
  await asked.promise;
  vi.advanceTimersByTime(20_000);
  expect(await silent).toBe('Error: ApiVersions v0: no answer in 20000 ms');
});

test('a case whose broker cannot be spoken to closes it', async () => {
  const bootstrap = await serving((socket) => socket.end());
  const close = vi.fn();
  const [first] = contractCases({ start: () => ({ bootstrap, close }) });
  await expect(first?.run()).rejects.toThrow('ApiVersions v0');
  expect(close).toHaveBeenCalledTimes(1);
});
