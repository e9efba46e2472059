import { apiVersionsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { createFetchBackend, fetchFrame } from '../support/fetch-backend.js';
import { type Observed, startObserved } from '../support/gateways.js';
import { createHeldBackend } from '../support/held-backend.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame, software, type WireClient } from '../support/wire-client.js';

expectQuietProcess();

const KIB = 1024;

/** Waits until a number has stayed the same over many round trips of another connection: all that could happen has. */
async function standstill({ connect }: Observed, what: () => number): Promise<number> {
  const other = await connect();
  let last = -1;
  for (let same = 0; same < 30;) {
    await other.send(apiVersionsApi, 3, software);
    const now = what();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  await other.close();
  return last;
}

/** The partition of the first record set in a Fetch v11 answer: what its request asked to have back. */
function partitionOf(body: Buffer): number {
  // Throttle time, error code, session id, count of topics, topic of one character, count of partitions.
  return body.readInt32BE(4 + 2 + 4 + 4 + 3 + 4);
}

async function expectAll(client: WireClient, count: number): Promise<void> {
  for (let id = 0; id < count; id++) {
    const { correlationId, body } = await client.next();
    if (correlationId !== id || partitionOf(body) !== id) throw new Error(`answer ${correlationId} in place ${id}`);
  }
}

test('of a client that asks and does not read, requests wait from maxUnsentBytes on; then it loses nothing', async () => {
  const answerBytes = 16 * KIB;
  const count = 3000;
  const { backend, handled } = createFetchBackend(answerBytes);
  const running = await startObserved({ backend, maxUnsentBytes: 256 * KIB });
  const client = await running.connect();
  client.socket.pause();
  client.sendRaw(Buffer.concat(Array.from({ length: count }, (_, id) => fetchFrame(id))));
  const begun = await standstill(running, handled);
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(count / 2);
  // What may be unsent, one run of answers, and what was read ahead.
  const bound = 256 * KIB + 256 * KIB + answerBytes + 128 * KIB;
  expect(running.gateway.stats().inFlightBytes).toBeGreaterThanOrEqual(256 * KIB);
  expect(running.gateway.stats().inFlightBytes).toBeLessThanOrEqual(bound);
  client.socket.resume();
  await expectAll(client, count);
  expect(handled()).toBe(count);
});

test('a client that leaves less than that unread is answered on, however long it does not read', async () => {
  const { backend, handled } = createFetchBackend(1000);
  const running = await startObserved({ backend });
  const client = await running.connect();
  client.socket.pause();
  for (let id = 0; id < 240; id++) client.sendRaw(fetchFrame(id));
  expect(await standstill(running, handled)).toBe(240);
  client.socket.resume();
  await expectAll(client, 240);
});

test('a client that reads a little now and then gets everything, in order', async () => {
  const count = 1000;
  const { backend } = createFetchBackend(16 * KIB);
  const running = await startObserved({ backend, maxUnsentBytes: 64 * KIB });
  const client = await running.connect();
  client.socket.pause();
  client.sendRaw(Buffer.concat(Array.from({ length: count }, (_, id) => fetchFrame(id))));
  for (let round = 0; client.arrived.length < count; round++) {
    client.socket.resume();
    const seen = client.arrived.length;
    await vi.waitUntil(() => client.arrived.length > Math.min(seen + 20, count - 1), { interval: 1, timeout: 10_000 });
    client.socket.pause();
  }
  await expectAll(client, count);
});

test('of many clients that do not read, each holds but one answer once maxInFlightBytes is reached', async () => {
  const answerBytes = 512 * KIB;
  const limit = 2048 * KIB;
  const { backend } = createFetchBackend(answerBytes);
  const running = await startObserved({ backend, maxInFlightBytes: limit });
  const clients = await Promise.all(Array.from({ length: 20 }, () => running.connect()));
  for (const client of clients) {
    client.socket.pause();
    client.sendRaw(Buffer.concat(Array.from({ length: 40 }, (_, id) => fetchFrame(id))));
  }
  const held = (): number => running.gateway.stats().inFlightBytes;
  await vi.waitUntil(() => held() > limit);
  // A newcomer reads once, and is answered.
  const other = await running.connect();
  await other.send(apiVersionsApi, 3, software);
  // Who has nothing unsent may be answered once even then, or nobody would ever go on.
  expect(held()).toBeLessThan(limit + clients.length * (answerBytes + KIB));
  for (const client of clients) client.socket.resume();
  for (const client of clients) await expectAll(client, 40);
});

test('while a request is in flight, no more than 64 KiB and a chunk are read ahead; then nothing is lost', async () => {
  const { backend, holds, open } = createHeldBackend();
  const running = await startObserved({ backend });
  const client = await running.connect();
  client.post(metadataApi, 0, { topics: [] }, { correlationId: 0 });
  await holds(1);
  const frames = Array.from({ length: 200_000 }, (_, id) =>
    encodeRequestFrame(apiVersionsApi, 0, {}, { correlationId: id + 1 }),
  );
  // More than the system buffers for it: what the gateway does not read stays with the client.
  const bytes = Buffer.concat(frames);
  const more = Buffer.concat(Array.from({ length: 5 }, () => bytes));
  client.sendRaw(more);
  const held = await standstill(running, () => running.gateway.stats().inFlightBytes);
  expect(held).toBeGreaterThanOrEqual(64 * KIB);
  expect(held).toBeLessThanOrEqual(64 * KIB + 64 * KIB);
  expect(client.socket.writableLength).toBeGreaterThan(0);
  expect(client.arrived).toEqual([]);
  open();
  await vi.waitUntil(() => client.arrived.length === 1 + 5 * frames.length, { timeout: 15_000 });
  expect(client.arrived.every((id, index) => id === (index === 0 ? 0 : ((index - 1) % frames.length) + 1))).toBe(true);
});

test('a frame of more than that is read ahead as a whole, and no other behind it', async () => {
  const { backend, holds, open } = createHeldBackend();
  const running = await startObserved({ backend });
  const client = await running.connect();
  client.post(metadataApi, 0, { topics: [] }, { correlationId: 0 });
  await holds(1);
  const topics = Array.from({ length: 1000 }, (_, index) => ({ name: String(index).padEnd(1000, 'x') }));
  const frame = encodeRequestFrame(metadataApi, 0, { topics }, { correlationId: 1 });
  for (let count = 0; count < 20; count++) client.sendRaw(frame);
  const held = await standstill(running, () => running.gateway.stats().inFlightBytes);
  expect(held).toBeGreaterThanOrEqual(frame.length);
  expect(held).toBeLessThanOrEqual(frame.length + 2 * 64 * KIB);
  open();
  for (let count = 0; count < 21; count++) await client.next();
});
