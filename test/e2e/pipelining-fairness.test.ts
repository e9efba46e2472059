import { type Backend, createStubBackend } from 'iggy-gateway-kafka';
import { apiVersionsApi, metadataApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import { startObserved } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame, software, type WireClient } from '../support/wire-client.js';

// No clock here: what counts is how many round trips of one connection fit into the work of another.

expectQuietProcess();

/** Round trips of one request at a time, until the other connection has its last answer. */
async function roundTripsBeside(client: WireClient, answers: number, beside: () => Promise<unknown>): Promise<number> {
  let trips = 0;
  while (client.arrived.length < answers) {
    await beside();
    trips++;
  }
  return trips;
}

/** Takes time as a handler with something to compute does. */
function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

const pings = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => encodeRequestFrame(apiVersionsApi, 0, {}, { correlationId: index }));

test('a connection that pipelines a hundred thousand requests leaves room for the others', async () => {
  const { connect } = await startObserved();
  const [busy, other] = [await connect(), await connect()];
  const count = 100_000;
  busy.sendRaw(Buffer.concat(pings(count)));
  const trips = await roundTripsBeside(busy, count, () => other.send(apiVersionsApi, 3, software));
  // 1.8 MB at 256 KiB a turn.
  expect(trips).toBeGreaterThanOrEqual(5);
  expect(busy.arrived).toEqual(Array.from({ length: count }, (_, index) => index));
});

test('a connection that sends large requests without end leaves room for the others', async () => {
  const stub = createStubBackend({ mode: 'accepting' });
  const { connect } = await startObserved({ backend: stub });
  const [busy, other] = [await connect(), await connect()];
  const count = 100;
  const request = {
    acks: 1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: Buffer.alloc(1024 * 1024) }] }],
  };
  for (let id = 0; id < count; id++) busy.sendRaw(encodeRequestFrame(produceApi, 9, request, { correlationId: id }));
  const trips = await roundTripsBeside(busy, count, () => other.send(apiVersionsApi, 3, software));
  expect(trips).toBeGreaterThanOrEqual(50);
});

type Metadata = NonNullable<Backend['metadata']>;
const stub = createStubBackend();
const answer = stub.metadata as Metadata;

/** Ways to take a fifth of a millisecond for an answer. */
const slow: Record<string, Metadata> = {
  'at once': (request, context) => {
    spin(0.2);
    return answer(request, context);
  },
  'within the same turn of the event loop': async (request, context) => {
    spin(0.2);
    return answer(request, context);
  },
};

test.each(Object.keys(slow))(
  'a handler that computes, and answers %s, keeps others waiting for no more than a slice',
  async (how) => {
    const { connect } = await startObserved({ backend: { ...stub, metadata: slow[how]! } });
    const [busy, other] = [await connect(), await connect()];
    const count = 3000;
    // In one chunk, so that the gateway has all of it at once.
    const frames = Array.from({ length: count }, (_, id) =>
      encodeRequestFrame(metadataApi, 8, { topics: [] }, { correlationId: id }),
    );
    busy.sendRaw(Buffer.concat(frames));
    const trips = await roundTripsBeside(busy, count, () => other.send(apiVersionsApi, 3, software));
    // Six tenths of a second of work, in slices of 128 requests.
    expect(trips).toBeGreaterThanOrEqual(4);
    expect(busy.arrived).toEqual(Array.from({ length: count }, (_, index) => index));
  },
);
