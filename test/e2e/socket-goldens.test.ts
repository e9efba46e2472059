import { createStubBackend } from 'iggy-gateway-kafka';
import { apiVersionsApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { allowedVersions, type Modelled, owedFor } from '../support/dispatch-model.js';
import { type Observed, startObserved } from '../support/gateways.js';
import { type Golden, goldens } from '../support/golden.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { rawRequest } from '../support/raw-request.js';
import { WireClient } from '../support/wire-client.js';

// Every request of Kafka's own client that the stub allows, damaged in one place at a time.

expectQuietProcess();

const backend = createStubBackend();
const requests = goldens.filter(({ direction, apiKey, version }) => {
  const range = allowedVersions(apiKey, backend);
  return direction === 'request' && range !== null && version >= range.min && version <= range.max;
});
/** Connections at once. */
const WIDTH = 50;

function frameOf({ apiKey, version, flexible, bytes }: Golden, more: Uint8Array = Buffer.alloc(0)): Buffer {
  return rawRequest({ apiKey, version, flexible, body: Buffer.concat([bytes, more]) });
}

/** Goes through a list with some connections at once, each for one element. */
async function onConnections<T>(
  port: number,
  all: readonly T[],
  use: (client: WireClient, each: T) => Promise<void>,
): Promise<void> {
  const left = all.values();
  const worker = async (): Promise<void> => {
    for (const each of left) {
      const client = await WireClient.connect(port);
      try {
        await use(client, each);
      } finally {
        await client.close();
      }
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
}

/** Nothing is left of so many connections, nothing was reported but resets, and the gateway goes on. */
async function expectGone({ gateway, connect, ...seen }: Observed, connections: number): Promise<void> {
  await vi.waitFor(() => {
    expect(seen.disconnects).toHaveLength(connections);
  });
  expect(gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
  expect([...seen.protocolErrors, ...seen.requestErrors, ...seen.refused]).toEqual([]);
  for (const { error } of seen.connectionErrors) expect(error).toMatchObject({ code: 'ECONNRESET' });
  const client = await connect();
  expect((await client.send(apiVersionsApi, 0, {})).response.errorCode).toBe(0);
}

/** Every beginning of every request that is not all of it. */
const beginnings = requests.flatMap((golden) => {
  const frame = frameOf(golden);
  return Array.from({ length: frame.length }, (_, length) => frame.subarray(0, length));
});

test('each request, cut at every byte, is no request: a client that ends there gets nothing', async () => {
  const running = await startObserved({ backend });
  await onConnections(running.port, beginnings, async (client, beginning) => {
    client.sendRaw(beginning);
    client.end();
    await client.closed;
    if (client.arrived.length > 0) throw new Error(`an answer to ${beginning.toString('hex')}`);
  });
  await expectGone(running, beginnings.length);
});

test('a client that vanishes there by a reset gets nothing either, and leaves nothing behind', async () => {
  const running = await startObserved({ backend });
  const sample = beginnings.filter((_, index) => index % 11 === 0);
  await onConnections(running.port, sample, async (client, beginning) => {
    await new Promise((resolve) => client.socket.write(beginning, resolve));
    client.reset();
    await client.closed;
  });
  await expectGone(running, sample.length);
});

test('each request with bytes after it is answered as it is without them', async () => {
  const running = await startObserved({ backend });
  const client = await running.connect();
  const answered = requests.filter(({ apiKey, value }) => apiKey !== 0 || value['acks'] !== 0);
  for (const golden of answered) {
    client.sendRaw(
      Buffer.concat([frameOf(golden), frameOf(golden, Buffer.of(0)), frameOf(golden, Buffer.alloc(99, 255))]),
    );
    const bodies = [await client.next(), await client.next(), await client.next()].map(({ body }) =>
      body.toString('hex'),
    );
    expect(new Set(bodies).size, golden.title).toBe(1);
  }
  expect(running.gateway.stats().requestsWithTrailingBytes).toBe(2 * answered.length);
  expect(running.protocolErrors).toEqual([]);
});

/** What may stand where a count or a length does: the greatest, those below null, and varints that are too wide. */
const COUNTS = ['7fffffff', 'fffffffe', '80000000', 'ffffffff0f', 'ffffffff1f', '808080808001'];
/** The last versions without and with compact counts. */
const bothForms = requests.filter(({ apiKey, version, kind, bytes }) => {
  const last = allowedVersions(apiKey, backend)!.max;
  return kind === 'rich' && bytes.length > 0 && (version === last || version === last - 1);
});

test.each(bothForms)('$title: no count at any place is believed', async (golden) => {
  const { gateway, port, protocolErrors } = await startObserved({ backend });
  const model: Modelled = {
    backend,
    failure: () => 0,
    onUnsupportedVersion: 'respond',
    maxFrameBytes: 100 * 1024 * 1024,
    advertised: gateway.advertised!,
  };
  const streams = COUNTS.flatMap((count, shift) =>
    // At every other place: the other ones come with another count of the same kind.
    Array.from({ length: Math.ceil(golden.bytes.length / 2) }, (_, index) => {
      const bytes = Buffer.concat([golden.bytes, Buffer.alloc(8)]);
      Buffer.from(count, 'hex').copy(bytes, 2 * index + (shift % 2));
      return frameOf({ ...golden, bytes: bytes.subarray(0, golden.bytes.length) });
    }),
  );
  const before = process.memoryUsage().arrayBuffers;
  let undecodable = 0;
  await onConnections(port, streams, async (client, stream) => {
    const owed = owedFor(stream, model);
    undecodable += owed.events.length;
    client.sendRaw(stream);
    for (const { correlationId, body } of owed.answers) {
      const answer = await client.next();
      if (answer.correlationId !== correlationId || !answer.body.equals(body)) throw new Error(stream.toString('hex'));
    }
    if (owed.closed) await client.closed;
  });
  expect(protocolErrors).toHaveLength(undecodable);
  expect(undecodable).toBeGreaterThan(0);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
});
