import type { Socket } from 'node:net';
import { type KafkaGateway, type RequestContext } from 'iggy-gateway-kafka';
import { metadataApi, type MetadataResponseInit } from 'iggy-gateway-kafka/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { start, startBackend } from '../support/gateways.js';
import { ownServer } from '../support/own-server.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame, WireClient } from '../support/wire-client.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });
const ALL = { topics: null };
const COUNT = 50;

expectQuietProcess();

/** Many requests in one piece. */
function manyFrames(count: number): Buffer {
  const frames = Array.from({ length: count }, (_, index) =>
    encodeRequestFrame(metadataApi, 9, ALL, { correlationId: index }),
  );
  return Buffer.concat(frames);
}

/** A client of a gateway whose own socket can be watched: what it reads and what it writes is noted. */
async function watched(
  gateway: KafkaGateway,
  note: (what: 'read' | 'write', bytes: number) => void,
): Promise<WireClient> {
  const port = await ownServer((socket: Socket) => {
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]) => {
      note('write', (args[0] as Buffer).length);
      return write(...args);
    };
    socket.on('data', (chunk: Buffer) => {
      note('read', chunk.length);
    });
    gateway.handleConnection(socket);
  });
  const client = await WireClient.connect(port);
  onTestFinished(() => client.close());
  return client;
}

async function nextFrames(client: WireClient, count: number): Promise<number[]> {
  const ids: number[] = [];
  while (ids.length < count) ids.push((await client.next()).correlationId);
  return ids;
}

const inOrder = Array.from({ length: COUNT }, (_, index) => index);

test('synchronous answers to all the requests of a chunk leave in one write, within the same turn', async () => {
  const { gateway } = await start();
  const noted: string[] = [];
  const client = await watched(gateway, (what) => noted.push(what));
  client.sendRaw(manyFrames(COUNT));
  expect(await nextFrames(client, COUNT)).toEqual(inOrder);
  const chunks = noted.filter((what) => what === 'read').length;
  expect(chunks).toBeLessThan(5);
  // Each chunk is answered before the next is read, and by a single write.
  expect(noted).toEqual(Array.from({ length: chunks }, () => ['read', 'write']).flat());
});

test('requests behind one that waits are handled in one go once it settles, and leave with it', async () => {
  const released = defer();
  const entered = defer();
  let calls = 0;
  const { gateway } = await startBackend({
    metadata: () => {
      if (calls++ > 0) return answer();
      entered.resolve();
      return released.promise.then(answer);
    },
  });
  const writes: number[] = [];
  const client = await watched(gateway, (what, bytes) => {
    if (what === 'write') writes.push(bytes);
  });
  const frames = manyFrames(COUNT);
  client.sendRaw(frames);
  await entered.promise;
  // All of it is there but the length prefixes of what was begun.
  await vi.waitFor(() => {
    expect(gateway.stats().inFlightBytes).toBeGreaterThanOrEqual(frames.length - 4);
  });
  expect(writes).toEqual([]);
  released.resolve();
  expect(await nextFrames(client, COUNT)).toEqual(inOrder);
  expect(writes).toHaveLength(1);
});

test('what wakes another connection never runs its work inside its own call', async () => {
  const log: string[] = [];
  const named = (who: string): MetadataResponseInit => ({
    get brokers() {
      log.push(`${who} encoded`);
      return [];
    },
    topics: [],
    errorCode: 0,
  });
  let wake: (() => void) | null = null;
  const { gateway } = await startBackend({
    metadata: (_request, { clientId }: RequestContext) => {
      if (clientId === 'sleeper') {
        // No promise: it calls back within the call of whoever wakes it.
        return {
          then: (resolve: (value: MetadataResponseInit) => void) => void (wake = () => resolve(named('sleeper'))),
        } as never;
      }
      log.push('waker called');
      wake?.();
      log.push('waker returns');
      return named('waker');
    },
  });
  const sleeper = await watched(gateway, (what) => {
    if (what === 'write') log.push('sleeper written');
  });
  const waker = await watched(gateway, (what) => {
    if (what === 'write') log.push('waker written');
  });
  const woken = sleeper.send(metadataApi, 9, ALL, { clientId: 'sleeper' });
  await vi.waitFor(() => {
    expect(wake).not.toBeNull();
  });
  await Promise.all([woken, waker.send(metadataApi, 9, ALL, { clientId: 'waker' })]);
  expect(log).toEqual([
    'waker called',
    'waker returns',
    'waker encoded',
    'sleeper encoded',
    'waker written',
    'sleeper written',
  ]);
});

test('what a request of a chunk wakes on another connection goes out after that whole chunk', async () => {
  let wake: ((value: MetadataResponseInit) => void) | null = null;
  const { gateway } = await startBackend({
    metadata: (_request, { clientId }: RequestContext) => {
      if (clientId === 'sleeper') {
        return { then: (resolve: (value: MetadataResponseInit) => void) => void (wake = resolve) } as never;
      }
      wake?.(answer());
      return answer();
    },
  });
  const order: string[] = [];
  const sleeper = await watched(gateway, (what) => {
    if (what === 'write') order.push('sleeper');
  });
  const waker = await watched(gateway, (what) => {
    if (what === 'write') order.push('waker');
  });
  const woken = sleeper.send(metadataApi, 9, ALL, { clientId: 'sleeper' });
  await vi.waitFor(() => {
    expect(wake).not.toBeNull();
  });
  waker.sendRaw(manyFrames(10));
  await Promise.all([woken, nextFrames(waker, 10)]);
  expect(order[0]).toBe('waker');
  expect(order).toContain('sleeper');
});
