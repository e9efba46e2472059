import { type Backend, createStubBackend } from 'iggy-gateway-kafka';
import { expect, test, vi } from 'vitest';
import { startObserved } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame } from '../support/wire-client.js';

expectQuietProcess();

/** Numbers that look random and are the same in every run. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The stub, whose answers come at once, or as a promise that is kept in any order over all connections. */
function createShuffledBackend(random: (below: number) => number): Backend {
  const stub = createStubBackend({ mode: 'accepting' });
  const waiting: (() => void)[] = [];
  let scheduled = false;
  const settleSome = (): void => {
    scheduled = false;
    for (let left = 1 + random(waiting.length); left > 0; left--) {
      const [settle] = waiting.splice(random(waiting.length), 1);
      settle!();
    }
    schedule();
  };
  const schedule = (): void => {
    if (scheduled || waiting.length === 0) return;
    scheduled = true;
    setImmediate(settleSome);
  };
  const answer = <T>(response: T): T | Promise<T> => {
    switch (random(4)) {
      case 0:
        return Promise.resolve(response);
      case 1:
        return new Promise((resolve) => {
          waiting.push(() => {
            resolve(response);
          });
          schedule();
        });
      default:
        return response;
    }
  };
  const { metadata, produce, fetch, listOffsets, createTopics } = stub;
  return {
    name: 'shuffled',
    versions: stub.versions!,
    metadata: (request, context) => answer(metadata(request, context as Parameters<typeof metadata>[1])),
    produce: (request) => answer(produce(request)),
    fetch: (request) => answer(fetch(request)),
    listOffsets: (request) => answer(listOffsets(request)),
    createTopics: (request, context) => answer(createTopics(request, context as Parameters<typeof createTopics>[1])),
  };
}

/** A request of some API in some version whose answer repeats the topic's name. */
const kinds: readonly ((name: string, random: (below: number) => number) => [number, number, object])[] = [
  (name, random) => {
    const partitionData = [{ index: 0, records: Buffer.alloc(random(200)) }];
    return [0, 3 + random(7), { acks: 1, timeoutMs: 1, topicData: [{ name, partitionData }] }];
  },
  (name, random) => {
    const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 }];
    return [1, 4 + random(9), { maxWaitMs: 1, minBytes: 1, topics: [{ topic: name, partitions }] }];
  },
  (name, random) => {
    const partitions = [{ partitionIndex: 0, timestamp: -1n }];
    return [2, 1 + random(6), { replicaId: -1, topics: [{ name, partitions }] }];
  },
  (name, random) => [3, random(10), { topics: [{ name }] }],
  (name, random) => {
    const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    return [19, 2 + random(4), { topics: [topic] }];
  },
];

test('over 100 connections with 1,000 requests each in their pipelines, no answer is ever another’s', async () => {
  const random = makeRandom(20_240_806);
  const { connect, requestErrors, protocolErrors } = await startObserved({ backend: createShuffledBackend(random) });
  const count = 1000;
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect()));
  const asked = clients.map((client, index) => {
    // Ids of any size, another beginning for each connection.
    const firstId = random(2 ** 32) - 2 ** 31;
    const requests = Array.from({ length: count }, (_, place) => {
      const correlationId = (firstId + place * 7919) | 0;
      const name = `topic-${index}-${place}-`;
      // ApiVersions has nothing to repeat; its place in the order says enough.
      if (random(6) === 0) {
        return { correlationId, name: null, frame: encodeRequestFrame(18, random(3), {}, { correlationId }) };
      }
      const [key, version, request] = kinds[random(kinds.length)]!(name, random);
      return { correlationId, name, frame: encodeRequestFrame(key, version, request, { correlationId }) };
    });
    client.sendRaw(Buffer.concat(requests.map(({ frame }) => frame)));
    return requests;
  });
  await vi.waitUntil(() => clients.every(({ arrived }) => arrived.length === count), { timeout: 60_000 });
  for (const [index, client] of clients.entries()) {
    for (const [place, { correlationId, name }] of asked[index]!.entries()) {
      const answer = await client.next();
      const own = name === null || answer.body.includes(name);
      if (answer.correlationId !== correlationId || !own) throw new Error(`connection ${index}, answer ${place}`);
    }
    expect(client.arrived).toHaveLength(count);
  }
  expect(requestErrors).toEqual([]);
  expect(protocolErrors).toEqual([]);
}, 60_000);

test('requests of one connection are handled one at a time, in their order', async () => {
  const random = makeRandom(7);
  const stub = createStubBackend();
  let running = 0;
  const order: number[] = [];
  const backend: Backend = {
    ...stub,
    name: 'counting',
    metadata: async (request, context) => {
      running++;
      expect(running).toBe(1);
      order.push(context.correlationId);
      for (let turns = random(3); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      running--;
      return stub.metadata(request, context as never);
    },
  };
  const { connect, requestErrors } = await startObserved({ backend });
  const client = await connect();
  const frames = Array.from({ length: 1000 }, (_, correlationId) =>
    encodeRequestFrame(3, 9, { topics: null }, { correlationId }),
  );
  client.sendRaw(Buffer.concat(frames));
  await vi.waitUntil(() => client.arrived.length === 1000, { timeout: 10_000 });
  expect(order).toEqual(client.arrived);
  expect(order).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  expect(requestErrors).toEqual([]);
});
