import type { Socket } from 'node:net';
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { startBackend } from '../support/gateways.js';
import { ownServer } from '../support/own-server.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { WireClient } from '../support/wire-client.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });
const ALL = { topics: null };
const READ_AHEAD_BYTES = 64 * 1024;
/** What one read from a socket brings at most. */
const CHUNK_BYTES = 64 * 1024;

expectQuietProcess();

/** A gateway whose first request waits for the test, and the gateway's side of one connection to it. */
async function waiting() {
  const entered = defer<AbortSignal>();
  const released = defer();
  const calls: number[] = [];
  const { gateway } = await startBackend({
    metadata: async (request, { correlationId, signal }) => {
      calls.push(request.topics?.length ?? 0);
      if (correlationId > 1) return answer();
      entered.resolve(signal);
      await released.promise;
      return answer();
    },
  });
  const accepted = defer<Socket>();
  const port = await ownServer((socket) => {
    gateway.handleConnection(socket);
    accepted.resolve(socket);
  });
  const client = await WireClient.connect(port);
  onTestFinished(() => client.close());
  const first = client.send(metadataApi, 9, ALL);
  const signal = await entered.promise;
  return { gateway, client, first, signal, calls, socket: await accepted.promise, release: () => released.resolve() };
}

test('while a request is in flight, reading stops at 64 KiB read ahead, and goes on with the answer', async () => {
  const { client, first, socket, release, calls, gateway } = await waiting();
  const topics = Array.from({ length: 100 }, (_, index) => ({ name: `some-topic-${String(index)}` }));
  const answers = Array.from({ length: 1000 }, () => client.send(metadataApi, 9, { topics }));
  await vi.waitFor(() => {
    expect(socket.isPaused()).toBe(true);
  });
  expect(socket.bytesRead).toBeGreaterThan(READ_AHEAD_BYTES);
  expect(socket.bytesRead).toBeLessThan(READ_AHEAD_BYTES + 2 * CHUNK_BYTES);
  expect(gateway.stats().inFlightBytes).toBeLessThan(READ_AHEAD_BYTES + 2 * CHUNK_BYTES);
  expect(calls).toHaveLength(1);
  release();
  await Promise.all([first, ...answers]);
  expect(client.arrived).toEqual(Array.from({ length: 1001 }, (_, index) => index + 1));
});

test('a frame that is larger than that is read ahead as a whole', async () => {
  const { client, first, socket, release, calls } = await waiting();
  const topics = Array.from({ length: 30_000 }, (_, index) => ({ name: `some-topic-${String(index)}` }));
  const answers = [client.send(metadataApi, 9, { topics }), client.send(metadataApi, 9, ALL)];
  await vi.waitFor(() => {
    expect(socket.isPaused()).toBe(true);
  });
  expect(socket.bytesRead).toBeGreaterThan(400_000);
  release();
  await Promise.all([first, ...answers]);
  expect(calls).toEqual([0, 30_000, 0]);
});

test('a socket that is paused sees its client go when it is read again', async () => {
  const { gateway, client, first, signal, socket, release } = await waiting();
  const cut = expect(first).rejects.toThrow('closed');
  const topics = Array.from({ length: 20_000 }, () => ({ name: 'some-topic' }));
  for (let count = 0; count < 3; count++) client.post(metadataApi, 9, { topics });
  await vi.waitFor(() => {
    expect(socket.isPaused()).toBe(true);
  });
  client.reset();
  await cut;
  expect(signal.aborted).toBe(false);
  release();
  await vi.waitFor(() => {
    expect(gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
  });
});
