import type { Backend, KafkaGateway } from 'iggy-gateway-kafka';
import { apiVersionsApi, fetchApi, type FetchResponseInit, metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { type Observed, startObserved } from '../support/gateways.js';
import { createHeldBackend } from '../support/held-backend.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame, software, type WireClient } from '../support/wire-client.js';

expectQuietProcess();

const KIB = 1024;
const MIB = 1024 * KIB;
/** The least that may be configured. */
const LIMIT = 64 * KIB;

/** A Metadata request of about so many bytes. */
function largeMetadata(bytes: number, correlationId = 1): Buffer {
  const topics = Array.from({ length: Math.ceil(bytes / 1000) }, (_, index) => ({
    name: `${String(index)}-`.padEnd(998, 'x'),
  }));
  return encodeRequestFrame(metadataApi, 8, { topics }, { correlationId });
}

/** A round trip that says that what was sent before has been read. */
async function roundTrip(client: WireClient): Promise<void> {
  await client.send(apiVersionsApi, 3, software);
}

/** Sends a piece of a frame, and waits until the gateway has read it. */
async function sendCounted(gateway: KafkaGateway, client: WireClient, bytes: Buffer): Promise<void> {
  const before = gateway.stats().inFlightBytes;
  client.sendRaw(bytes);
  await vi.waitUntil(() => gateway.stats().inFlightBytes > before);
}

async function connectThree(connect: Observed['connect']): Promise<[WireClient, WireClient, WireClient]> {
  return [await connect(), await connect(), await connect()];
}

function fetchResponse(records: Buffer): FetchResponseInit {
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 0n, abortedTransactions: null, records };
  return { errorCode: 0, responses: [{ topic: 't', partitions: [partition] }] };
}

test('reading pauses above maxInFlightBytes, and everyone reads on below it', async () => {
  const { backend, open, holds } = createHeldBackend();
  const { gateway, connect } = await startObserved({ backend, maxInFlightBytes: LIMIT });
  const others = await Promise.all(Array.from({ length: 20 }, () => connect()));
  const hog = await connect();
  hog.sendRaw(largeMetadata(128 * KIB));
  await holds(1);
  expect(gateway.stats().inFlightBytes).toBeGreaterThanOrEqual(128 * KIB);
  // Each reads once before it learns that memory is short.
  await Promise.all(others.map(roundTrip));
  let answered = 0;
  const second = others.map((client) => roundTrip(client).then(() => (answered += 1)));
  // They are paused: what another one is answered meanwhile came later than what they sent.
  const late = await connect();
  await roundTrip(late);
  expect(answered).toBe(0);
  open();
  await hog.next();
  await Promise.all(second);
  expect(answered).toBe(20);
});

test('many half frames cannot lock each other out', async () => {
  const { gateway, connect } = await startObserved({ maxInFlightBytes: LIMIT });
  const clients = await Promise.all(Array.from({ length: 30 }, () => connect()));
  const frame = largeMetadata(40 * KIB);
  const half = frame.length / 2;
  for (const client of clients) client.sendRaw(frame.subarray(0, half));
  await vi.waitUntil(() => gateway.stats().inFlightBytes > LIMIT);
  // Half frames alone fill the budget: only who is favoured can complete its own, one after another.
  for (const client of clients) client.sendRaw(frame.subarray(half));
  const answers = await Promise.all(clients.map((client) => client.next()));
  expect(answers.map(({ correlationId }) => correlationId)).toEqual(clients.map(() => 1));
});

test('a connection that begins frame after frame does not keep the half frames of others waiting', async () => {
  const { backend, holds, open } = createHeldBackend();
  const { gateway, connect } = await startObserved({ backend, maxInFlightBytes: LIMIT });
  const [hog, stream, other] = await connectThree(connect);
  hog.sendRaw(largeMetadata(128 * KIB));
  await holds(1);
  const frame = encodeRequestFrame(apiVersionsApi, 3, software, { correlationId: 9 });
  const begin = frame.subarray(0, 10);
  const end = frame.subarray(10);
  // Memory is short, so the first that is half way is favoured. The second waits, its frame complete but unread.
  await sendCounted(gateway, stream, begin);
  await sendCounted(gateway, other, begin);
  other.sendRaw(end);
  const served: number[] = [];
  const answer = other.next().then(() => served.push(1));
  // Every write ends one frame and begins the next: the stream is half way at all times.
  for (let frames = 0; served.length === 0 && frames < 100; frames++) {
    stream.sendRaw(Buffer.concat([end, begin]));
    await Promise.race([stream.next(), answer]);
  }
  expect(served).toHaveLength(1);
  open();
});

test('a favoured connection that does not take its answers gives way to others', async () => {
  const held = createHeldBackend();
  const backend: Backend = { ...held.backend, fetch: () => fetchResponse(Buffer.alloc(8 * MIB, 7)) };
  const { gateway, connect } = await startObserved({ backend, maxInFlightBytes: LIMIT });
  const [hog, slow, other] = await connectThree(connect);
  hog.sendRaw(largeMetadata(128 * KIB));
  await held.holds(1);
  const fetch = encodeRequestFrame(fetchApi, 11, { maxWaitMs: 0, minBytes: 0, topics: [] });
  const begin = fetch.subarray(0, 10);
  const end = fetch.subarray(10);
  // It becomes the favoured one, and then stands still half way, with an answer that it does not take.
  slow.socket.pause();
  await sendCounted(gateway, slow, begin);
  slow.sendRaw(Buffer.concat([end, begin]));
  await vi.waitUntil(() => gateway.stats().inFlightBytes > MIB);
  const frame = encodeRequestFrame(apiVersionsApi, 3, software, { correlationId: 9 });
  await sendCounted(gateway, other, frame.subarray(0, 10));
  other.sendRaw(frame.subarray(10));
  expect((await other.next()).correlationId).toBe(9);
  held.open();
  slow.socket.resume();
  slow.sendRaw(end);
  expect((await slow.next()).body.length).toBeGreaterThan(8 * MIB);
  expect((await slow.next()).body.length).toBeGreaterThan(8 * MIB);
});
