import { apiVersionsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { startObserved } from '../support/gateways.js';
import { createHeldBackend } from '../support/held-backend.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { software } from '../support/wire-client.js';

expectQuietProcess();

test('a thousand connections at once are each answered', async () => {
  const { gateway, connect, disconnects } = await startObserved();
  const clients = await Promise.all(Array.from({ length: 1000 }, () => connect()));
  const answers = await Promise.all(
    clients.map(async (client, id) => {
      const topics = [{ name: `topic-${id}` }];
      const [versions, metadata] = await Promise.all([
        client.send(apiVersionsApi, 3, software),
        client.send(metadataApi, 9, { topics }),
      ]);
      expect(versions.response.errorCode).toBe(0);
      return metadata.response.topics[0]?.name;
    }),
  );
  expect(answers).toEqual(clients.map((_, id) => `topic-${id}`));
  expect(gateway.stats().connections).toBe(1000);
  await Promise.all(clients.map((client) => client.close()));
  await vi.waitUntil(() => disconnects.length === 1000);
});

test('one connection too many is closed and reported, the others go on, and a place becomes free again', async () => {
  const { gateway, connect, connectionErrors } = await startObserved({ maxConnections: 3 });
  const clients = await Promise.all([connect(), connect(), connect()]);
  for (const client of clients) await client.send(apiVersionsApi, 3, software);
  const more = await Promise.all(Array.from({ length: 5 }, () => connect()));
  for (const client of more) client.post(apiVersionsApi, 3, software);
  await Promise.all(more.map((client) => client.closed));
  expect(more.flatMap(({ arrived }) => arrived)).toEqual([]);
  expect(connectionErrors).toHaveLength(5);
  for (const { error } of connectionErrors) {
    expect(error).toMatchObject({ name: 'TooManyConnectionsError', maxConnections: 3 });
  }
  expect(gateway.stats().connections).toBe(3);
  for (const client of clients) await client.send(apiVersionsApi, 3, software);
  await clients[0].close();
  await vi.waitUntil(() => gateway.stats().connections === 2);
  const next = await connect();
  await next.send(apiVersionsApi, 3, software);
});

test('a client that vanishes while its request is with the handler disturbs nobody', async () => {
  const { backend, holds, open } = createHeldBackend();
  const running = await startObserved({ backend });
  const [gone, stays] = [await running.connect(), await running.connect()];
  gone.post(metadataApi, 9, { topics: null });
  const [held] = await holds(1);
  const aborted = new Promise<unknown>((resolve) => {
    const { signal } = held!.context;
    signal.addEventListener('abort', () => {
      resolve(signal.reason);
    });
  });
  gone.reset();
  expect(await aborted).toMatchObject({ name: 'RequestAbortedError', cause: 'disconnect' });
  await stays.send(apiVersionsApi, 3, software);
  // The handler is still at it: until it has settled, the connection is not over, and its request is held.
  expect(running.disconnects).toEqual([]);
  expect(running.gateway.stats().inFlightBytes).toBeGreaterThan(0);
  open();
  await vi.waitUntil(() => running.disconnects.length === 1);
  expect(running.gateway.stats().inFlightBytes).toBe(0);
  expect(running.requestErrors).toEqual([]);
});

test('of many clients that vanish with requests under way, none leaves anything behind', async () => {
  const { backend, holds, open } = createHeldBackend();
  const running = await startObserved({ backend });
  const clients = await Promise.all(Array.from({ length: 100 }, () => running.connect()));
  for (const [index, client] of clients.entries()) {
    // Behind the request in flight: whole frames, and half a one.
    for (let count = 0; count < index % 5; count++) client.post(metadataApi, 9, { topics: null });
    client.post(metadataApi, 9, { topics: [{ name: 'a'.repeat(index * 100) }] });
    client.sendRaw(Buffer.from([0, 0, 1]));
  }
  await holds(100);
  for (const client of clients) client.reset();
  await Promise.all(clients.map(({ closed }) => closed));
  open();
  await vi.waitUntil(() => running.disconnects.length === 100);
  expect(running.gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
  expect(running.requestErrors).toEqual([]);
  expect(running.protocolErrors).toEqual([]);
});

test('a close with requests in flight answers them, and each connection ends after its last answer', async () => {
  const { backend, holds, open } = createHeldBackend();
  const running = await startObserved({ backend });
  const clients = await Promise.all(Array.from({ length: 20 }, () => running.connect()));
  for (const client of clients) {
    for (let id = 1; id <= 3; id++) client.post(metadataApi, 9, { topics: [{ name: String(id) }] });
  }
  await holds(20);
  const closed = running.gateway.close({ drainTimeoutMs: 60_000 });
  await expect(running.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  open();
  await closed;
  await Promise.all(clients.map((client) => client.closed));
  for (const { arrived } of clients) expect(arrived).toEqual([1, 2, 3]);
});

test('a close whose time is over aborts what is in flight, and closes', async () => {
  const { backend, holds, held } = createHeldBackend();
  const running = await startObserved({ backend });
  const clients = await Promise.all(Array.from({ length: 20 }, () => running.connect()));
  for (const client of clients) client.post(metadataApi, 9, { topics: null });
  const requests = await holds(20);
  for (const request of requests) {
    request.context.signal.addEventListener('abort', () => {
      request.fail(request.context.signal.reason);
    });
  }
  await running.gateway.close({ drainTimeoutMs: 0 });
  await Promise.all(clients.map((client) => client.closed));
  expect(clients.flatMap(({ arrived }) => arrived)).toEqual([]);
  expect(held).toEqual([]);
  expect(running.disconnects).toHaveLength(20);
  expect(running.requestErrors).toEqual([]);
});
