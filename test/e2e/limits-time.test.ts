import { apiVersionsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { createFetchBackend, fetchFrame } from '../support/fetch-backend.js';
import { startObserved } from '../support/gateways.js';
import { createHeldBackend } from '../support/held-backend.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { tlsClient } from '../support/tls-client.js';
import { encodeRequestFrame, software } from '../support/wire-client.js';

// Times are short here, and what a test shows is which connection is closed, never when.

expectQuietProcess();

const MIB = 1024 * 1024;
const frame = encodeRequestFrame(metadataApi, 9, { topics: [{ name: 'topic' }] });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a connection without a request for idleTimeoutMs is closed, and the error names the limit', async () => {
  const { connect, connectionErrors } = await startObserved({ idleTimeoutMs: 100 });
  const never = await connect();
  const once = await connect();
  await once.send(apiVersionsApi, 3, software);
  await Promise.all([never.closed, once.closed]);
  expect(connectionErrors).toHaveLength(2);
  for (const { error } of connectionErrors) {
    expect(error).toMatchObject({ name: 'ConnectionTimeoutError', limit: 'idleTimeoutMs', message: 'idle for 100 ms' });
  }
});

test('a request now and then keeps a connection, for as many times the limit as it likes', async () => {
  const { connect, connectionErrors } = await startObserved({ idleTimeoutMs: 200 });
  const [busy, idle] = [await connect(), await connect()];
  let others = 0;
  void idle.closed.then(() => others++);
  for (let trips = 0; trips < 20 || others === 0; trips++) {
    await busy.send(apiVersionsApi, 3, software);
    await pause(25);
  }
  expect(connectionErrors).toHaveLength(1);
});

test('a connection that waits for its answer is not idle, whatever the handler takes', async () => {
  const { backend, holds, open } = createHeldBackend();
  const { connect, connectionErrors } = await startObserved({ backend, idleTimeoutMs: 100 });
  const [waiting, idle] = [await connect(), await connect()];
  const answer = waiting.send(metadataApi, 9, { topics: null });
  await holds(1);
  await idle.closed;
  const second = await connect();
  await second.closed;
  expect(connectionErrors).toHaveLength(2);
  open();
  expect((await answer).response.brokers).toHaveLength(1);
  // From the answer on it is.
  await waiting.closed;
  expect(connectionErrors).toHaveLength(3);
});

test('a begun frame without a byte for frameTimeoutMs closes its connection, and the error names the limit', async () => {
  const { connect, connectionErrors } = await startObserved({ frameTimeoutMs: 100 });
  const [inLength, inBody, behind, idle] = await Promise.all([connect(), connect(), connect(), connect()]);
  inLength.sendRaw(frame.subarray(0, 2));
  inBody.sendRaw(frame.subarray(0, frame.length - 1));
  behind.sendRaw(Buffer.concat([frame, frame.subarray(0, 5)]));
  await Promise.all([inLength.closed, inBody.closed, behind.closed]);
  expect([inLength.arrived, inBody.arrived, behind.arrived]).toEqual([[], [], [1]]);
  expect(connectionErrors).toHaveLength(3);
  for (const { error } of connectionErrors) {
    expect(error).toMatchObject({
      name: 'ConnectionTimeoutError',
      limit: 'frameTimeoutMs',
      message: 'no byte of a begun frame for 100 ms',
    });
  }
  // It has begun nothing.
  await idle.send(apiVersionsApi, 3, software);
});

test('a byte now and then keeps a begun frame, for as many times the limit as it takes', async () => {
  const { connect, connectionErrors } = await startObserved({ frameTimeoutMs: 200 });
  const [slow, stuck] = [await connect(), await connect()];
  stuck.sendRaw(frame.subarray(0, 5));
  for (const byte of frame) {
    slow.sendRaw(Buffer.of(byte));
    await pause(25);
  }
  await slow.next();
  await stuck.closed;
  expect(connectionErrors).toHaveLength(1);
});

test('a begun frame behind a request in flight has its time from the answer on', async () => {
  const { backend, holds, open } = createHeldBackend();
  const { connect, connectionErrors } = await startObserved({ backend, frameTimeoutMs: 100 });
  const [waiting, stuck] = [await connect(), await connect()];
  waiting.sendRaw(Buffer.concat([frame, frame.subarray(0, 10)]));
  await holds(1);
  stuck.sendRaw(frame.subarray(0, 10));
  await stuck.closed;
  expect(connectionErrors).toHaveLength(1);
  open();
  await waiting.next();
  waiting.sendRaw(frame.subarray(10));
  await waiting.next();
  expect(connectionErrors).toHaveLength(1);
});

test('a begun frame is not late while the gateway itself does not read', async () => {
  const { backend, holds, open } = createHeldBackend();
  const { gateway, connect, connectionErrors } = await startObserved({
    backend,
    frameTimeoutMs: 100,
    maxInFlightBytes: 65_536,
  });
  const [hog, first, second] = [await connect(), await connect(), await connect()];
  const topics = Array.from({ length: 100 }, (_, index) => ({ name: String(index).padEnd(1000, 'x') }));
  hog.post(metadataApi, 9, { topics });
  await holds(1);
  // Memory is short: the first is favoured and read, the second has to wait.
  for (const client of [first, second]) {
    const before = gateway.stats().inFlightBytes;
    client.sendRaw(frame.subarray(0, 10));
    // On a machine that is held up, the first may be late before the second is read.
    await vi.waitUntil(() => gateway.stats().inFlightBytes > before || connectionErrors.length > 0, { interval: 1 });
  }
  second.sendRaw(frame.subarray(10));
  await first.closed;
  expect(connectionErrors).toMatchObject([{ error: { limit: 'frameTimeoutMs' } }]);
  open();
  await second.next();
  await hog.next();
  expect(connectionErrors).toHaveLength(1);
});

test('a gateway that was held up does not take it out on its clients', async () => {
  const { connect, connectionErrors } = await startObserved({ frameTimeoutMs: 100, idleTimeoutMs: 100 });
  const [begun, idle] = [await connect(), await connect()];
  await Promise.all([begun.send(apiVersionsApi, 3, software), idle.send(apiVersionsApi, 3, software)]);
  begun.sendRaw(frame.subarray(0, 10));
  await idle.send(apiVersionsApi, 3, software);
  // What they send is there in time; that nobody looks at it for so long is not their doing.
  begun.sendRaw(frame.subarray(10));
  const answers = [begun.next(), idle.send(apiVersionsApi, 3, software)];
  for (const end = performance.now() + 400; performance.now() < end;);
  await Promise.all(answers);
  expect(connectionErrors).toEqual([]);
});

test('a client that takes nothing of its answers for writeTimeoutMs is closed, and the error names the limit', async () => {
  const { backend } = createFetchBackend(16 * MIB);
  const { gateway, connect, connectionErrors } = await startObserved({ backend, writeTimeoutMs: 100 });
  const client = await connect();
  client.socket.pause();
  client.sendRaw(fetchFrame(1));
  await vi.waitUntil(() => gateway.stats().connections === 0, { timeout: 10_000 });
  expect(connectionErrors).toMatchObject([
    {
      error: {
        name: 'ConnectionTimeoutError',
        limit: 'writeTimeoutMs',
        message: 'the client took no byte of its answers for 100 ms',
      },
    },
  ]);
});

test.each(['TCP', 'TLS'])(
  'a client that takes some of a long answer now and then is kept, over %s',
  async (transport) => {
    const size = 16 * MIB;
    const { backend } = createFetchBackend(size);
    const { gateway, connect, connectionErrors } = await startObserved({ backend, writeTimeoutMs: 500 });
    const client = transport === 'TCP' ? await connect() : await tlsClient(gateway);
    client.sendRaw(fetchFrame(1));
    let taken = 0;
    client.socket.on('data', (chunk: Buffer) => {
      taken += chunk.length;
    });
    for (let goal = MIB; goal < size; goal += MIB) {
      client.socket.resume();
      await vi.waitUntil(() => taken >= Math.min(goal, size), { interval: 1 });
      client.socket.pause();
      await pause(100);
    }
    client.socket.resume();
    expect((await client.next()).correlationId).toBe(1);
    expect(connectionErrors).toEqual([]);
  },
);
