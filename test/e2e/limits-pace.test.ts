import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createStubBackend } from 'iggy-gateway-kafka';
import { metadataApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { record, start, startBackend } from '../support/gateways.js';
import { encodeRequestFrame } from '../support/wire-client.js';

const ALL = { topics: null };
const answer = () => ({ brokers: [], topics: [], errorCode: 0 });

expectQuietProcess();

/** A raw client whose end, of whatever kind, is waited for and not thrown. */
async function raw(port: number): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return { socket, closed };
}

/** Sends a byte again and again, until the socket is closed. */
function trickle(socket: Socket, everyMs: number): void {
  const timer = setInterval(() => {
    if (!socket.destroyed) socket.write(Buffer.alloc(1));
  }, everyMs);
  onTestFinished(() => {
    clearInterval(timer);
  });
}

describe('with memory short', () => {
  test('half frames that creep on are given up one after the other, and others are served', async () => {
    const {
      gateway,
      port,
      connect: connectClient,
    } = await start({
      backend: createStubBackend(),
      maxInFlightBytes: 64 * 1024,
      maxFrameBytes: 1024 * 1024,
      frameTimeoutMs: 300,
    });
    const errors = record(gateway, 'connectionError');
    const half = Buffer.alloc(40 * 1024);
    half.writeInt32BE(1024 * 1024 - 4);
    const creeping = await Promise.all([1, 2, 3].map(() => raw(port)));
    for (const { socket } of creeping) {
      socket.write(half);
      trickle(socket, 20);
    }
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThanOrEqual(64 * 1024);
    });
    const client = await connectClient();
    // The first it brings along, and then it waits for memory like the others.
    await client.send(metadataApi, 9, ALL);
    expect((await client.send(metadataApi, 9, ALL)).response.brokers).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      error: {
        name: 'ConnectionTimeoutError',
        limit: 'frameTimeoutMs',
        message: expect.stringContaining('memory short'),
      },
    });
  });

  test('a client that waits for memory is not closed as idle', async () => {
    const released = defer();
    const {
      gateway,
      port,
      connect: connectClient,
    } = await startBackend(
      { metadata: answer, produce: () => released.promise.then(() => ({ responses: [] })) },
      { maxInFlightBytes: 64 * 1024, idleTimeoutMs: 200 },
    );
    const errors = record(gateway, 'connectionError');
    const holder = await connectClient();
    const batch = {
      acks: -1,
      timeoutMs: 0,
      topicData: [{ name: 'a', partitionData: [{ index: 0, records: Buffer.alloc(100_000) }] }],
    };
    const held = holder.send(produceApi, 9, batch);
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(64 * 1024);
    });
    const { socket, closed } = await raw(port);
    let answers = 0;
    socket.on('data', () => answers++);
    const frame = encodeRequestFrame(metadataApi, 9, ALL);
    // From here on it sends, and the gateway does not read.
    const timer = setInterval(() => void socket.write(frame), 20);
    let ended = false;
    void closed.then(() => (ended = true));
    // Another, which sends nothing, comes to its limit meanwhile, twice over.
    for (let round = 0; round < 2; round++) await (await raw(port)).closed;
    clearInterval(timer);
    expect(ended).toBe(false);
    released.resolve();
    await held;
    await vi.waitFor(() => {
      expect(answers).toBeGreaterThan(0);
    });
    expect(errors).toHaveLength(2);
  });
});

test('a client that takes nothing is given up, although it sends a byte now and then', async () => {
  const { gateway, port } = await startBackend(
    { metadata: () => ({ ...answer(), clusterId: 'c'.repeat(30_000) }) },
    { writeTimeoutMs: 300, maxUnsentBytes: 256 * 1024 * 1024 },
  );
  const errors = record(gateway, 'connectionError');
  const { socket, closed } = await raw(port);
  socket.pause();
  const frame = encodeRequestFrame(metadataApi, 9, ALL);
  socket.write(Buffer.concat(Array.from({ length: 2000 }, () => frame)));
  // The length of a frame that never becomes whole.
  socket.write(Buffer.from([0, 0, 64, 0]));
  trickle(socket, 20);
  await vi.waitFor(() => {
    expect(errors).toHaveLength(1);
  }, 15_000);
  expect(errors[0]).toMatchObject({ error: { limit: 'writeTimeoutMs' } });
  await closed;
});

test('handlers that go on beyond their time count with their frames, and hold up their client from some number on', async () => {
  const released = defer();
  let entered = 0;
  const { gateway, connect: connectClient } = await startBackend(
    {
      metadata: async () => {
        entered++;
        await released.promise;
        return answer();
      },
    },
    { requestTimeoutMs: 20 },
  );
  const errors = record(gateway, 'requestError');
  const client = await connectClient();
  const answered = Array.from({ length: 6 }, () => client.send(metadataApi, 13, ALL));
  await Promise.all(answered.slice(0, 4));
  expect(entered).toBe(4);
  expect(errors).toHaveLength(4);
  expect(gateway.stats().inFlightBytes).toBeGreaterThan(0);
  released.resolve();
  await Promise.all(answered);
  expect(entered).toBe(6);
  await vi.waitFor(() => {
    expect(gateway.stats().inFlightBytes).toBe(0);
  });
});
