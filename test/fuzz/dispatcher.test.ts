import fc from 'fast-check';
import {
  type Backend,
  type ConnectionInfo,
  createStubBackend,
  KafkaError,
  type RequestContext,
  type StubBackend,
} from 'iggy-gateway-kafka';
import { apiVersionsApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { allowedVersions, type Modelled, type Owed, type OwedAnswer, owedFor } from '../support/dispatch-model.js';
import { ASYNC_FUZZ_TIMEOUT_MS, checkAsync } from '../support/fuzz.js';
import { record, start } from '../support/gateways.js';
import { type Golden, goldens } from '../support/golden.js';
import { bytes, mutate, type Mutation, mutation, telling } from '../support/mutations.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { decodeResponseFrame, framed, WireClient, type WireFrame } from '../support/wire-client.js';

// Streams of requests, good and damaged, through the whole gateway over real sockets: it answers exactly what a model
// of it owes, closes where it should and nowhere else, and goes on for everyone else.

const noise = expectQuietProcess();

const MAX_FRAME_BYTES = 1024 * 1024;
const retriable = createStubBackend();
const accepting = createStubBackend({ mode: 'accepting' });

/** How a handler answers, by its correlation id. */
const WAYS = ['at once', 'promise', 'later', 'thenable', 'throws KafkaError', 'rejects', 'throws'] as const;

function wayOf(correlationId: number): (typeof WAYS)[number] {
  return WAYS[Math.abs(correlationId) % WAYS.length]!;
}

function failureOf(correlationId: number): number {
  const way = wayOf(correlationId);
  if (way === 'throws') return -1;
  return way === 'throws KafkaError' || way === 'rejects' ? 29 : 0;
}

/** The accepting stub behind handlers that answer at once or later, or fail. */
function createVaried(stub: StubBackend): Backend {
  const vary = <T>(response: T, { correlationId }: { readonly correlationId: number }): T | PromiseLike<T> => {
    switch (wayOf(correlationId)) {
      case 'promise':
        return Promise.resolve(response);
      case 'later':
        return new Promise((resolve) => {
          setImmediate(resolve, response);
        });
      case 'thenable':
        return {
          then: (resolve: (value: T) => unknown) => setImmediate(resolve, response),
        } as unknown as PromiseLike<T>;
      case 'throws KafkaError':
        throw new KafkaError(29);
      case 'rejects':
        return new Promise((_, reject) => {
          setImmediate(reject, new KafkaError(29));
        });
      case 'throws':
        throw new Error('broken');
      case 'at once':
        return response;
    }
  };
  return {
    name: 'varied',
    versions: stub.versions!,
    metadata: (request, context) => vary(stub.metadata(request, context as RequestContext<undefined>), context),
    produce: (request, context) => vary(stub.produce(request), context),
    fetch: (request, context) => vary(stub.fetch(request), context),
    listOffsets: (request, context) => vary(stub.listOffsets(request), context),
    createTopics: (request, context) => vary(stub.createTopics(request, context as RequestContext<undefined>), context),
  };
}

type Setting = Partial<Pick<Modelled, 'onUnsupportedVersion' | 'failure'>> & {
  readonly backend: Backend;
  /** What answers in the model, if not the backend itself. */
  readonly stub?: Backend;
};

const settings: Record<string, Setting> = {
  'the stub': { backend: retriable },
  'the accepting stub': { backend: accepting },
  'handlers that answer later, or fail': { backend: createVaried(accepting), stub: accepting, failure: failureOf },
  'a backend with one API of all its versions': { backend: { name: 'one', metadata: accepting.metadata } },
  'a gateway that closes on what it refuses': { backend: accepting, onUnsupportedVersion: 'close' },
};

const requests = goldens.filter(({ direction }) => direction === 'request');

const int16 = fc.integer({ min: -0x8000, max: 0x7fff });
const often = <T>(usual: T, unusual: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: unusual });

interface Damage {
  readonly golden: Golden;
  readonly apiKey: number | null;
  readonly version: number | null;
  readonly correlationId: number;
  readonly clientId: Buffer;
  readonly mutations: readonly Mutation[];
  readonly inHeader: boolean;
  /** What the length prefix says: the right length and this, or only this. */
  readonly length: { readonly add: number } | { readonly is: number };
}

const clientIds = ['ffff', '0000', '000474657374', `0100${'61'.repeat(256)}`].map((hex) => Buffer.from(hex, 'hex'));

function damagedOf(goldenRequests: fc.Arbitrary<Golden>): fc.Arbitrary<Damage> {
  return fc.record({
    golden: goldenRequests,
    apiKey: often<number | null>(null, fc.oneof(int16, fc.integer({ min: -1, max: 97 }))),
    version: often<number | null>(null, fc.oneof(int16, fc.integer({ min: -1, max: 20 }))),
    correlationId: fc.integer(),
    clientId: often(clientIds[2]!, fc.oneof(fc.constantFrom(...clientIds), telling.map(fromHex))),
    mutations: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(mutation, { minLength: 1, maxLength: 3 })),
    inHeader: often(false, fc.constant(true)),
    length: often<Damage['length']>(
      { add: 0 },
      fc.oneof(
        fc.record({ add: fc.integer({ min: -9, max: 9 }) }),
        fc.record({ is: fc.constantFrom(0, -1, -0x8000_0000, 0x7fff_ffff, MAX_FRAME_BYTES, MAX_FRAME_BYTES + 1) }),
      ),
    ),
  });
}

function toFrame({ golden, apiKey, version, correlationId, clientId, mutations, inHeader, length }: Damage): Buffer {
  const start = Buffer.alloc(8);
  start.writeInt16BE(apiKey ?? golden.apiKey, 0);
  start.writeInt16BE(version ?? golden.version, 2);
  start.writeInt32BE(correlationId, 4);
  // Tagged fields follow the client id where the version has them, none of them.
  const header = Buffer.concat([start, clientId, Buffer.alloc(golden.flexible ? 1 : 0)]);
  const damage = (input: Buffer): Buffer => mutations.reduce(mutate, input);
  const { bytes: body } = golden;
  const frame = framed(inHeader ? damage(Buffer.concat([header, body])) : Buffer.concat([header, damage(body)]));
  frame.writeInt32BE('is' in length ? length.is : Math.max(0, frame.length - 4 + length.add));
  return frame;
}

function fromHex(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** What a client sends, and how it leaves: after all its answers, by ending its side at once, or by a reset. */
interface Conversation {
  readonly stream: Buffer;
  /** Where the stream is cut into chunks. */
  readonly cuts: readonly number[];
  readonly ending: 'waits' | 'ends' | 'resets';
}

/** Conversations with a gateway: most of what they ask is something that it allows. */
function conversationsWith(backend: Backend): fc.Arbitrary<Conversation> {
  const allowed = requests.filter(({ apiKey, version }) => {
    const range = allowedVersions(apiKey, backend);
    return range !== null && version >= range.min && version <= range.max;
  });
  const damaged = damagedOf(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...allowed) },
      { weight: 1, arbitrary: fc.constantFrom(...requests) },
    ),
  );
  const piece = fc.oneof(
    { weight: 20, arbitrary: damaged.map(toFrame) },
    { weight: 2, arbitrary: bytes.map(framed) },
    { weight: 1, arbitrary: bytes },
  );
  return fc
    .record({
      pieces: fc.array(piece, { minLength: 1, maxLength: 8 }),
      borders: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
      byteByByte: often(false, fc.constant(true)),
      ending: fc.constantFrom<Conversation['ending'][]>('waits', 'waits', 'ends', 'ends', 'resets'),
    })
    .map(({ pieces, borders, byteByByte, ending }) => {
      const stream = Buffer.concat(pieces);
      const cuts =
        byteByByte && stream.length < 500
          ? Array.from(stream.keys())
          : borders.map((border) => Math.floor(border * stream.length)).sort((a, b) => a - b);
      // As bytes that can be pasted, when it fails.
      const print = (): string => JSON.stringify([stream.toString('hex'), cuts, ending]);
      return { stream, cuts, ending, [fc.toStringMethod]: print };
    });
}

async function send(client: WireClient, { stream, cuts }: Conversation): Promise<void> {
  let from = 0;
  for (const to of [...cuts, stream.length]) {
    if (to > from) client.sendRaw(stream.subarray(from, to));
    // A packet of its own for each.
    if (to < stream.length) await new Promise((resolve) => setImmediate(resolve));
    from = to;
  }
}

function expectAnswer(actual: WireFrame, { title, correlationId, body, schema }: OwedAnswer): void {
  expect(actual.correlationId, title).toBe(correlationId);
  expect(actual.body.toString('hex'), title).toBe(body.toString('hex'));
  if (schema) expect(decodeResponseFrame(schema.apiKey, schema.version, actual), title).toBeTypeOf('object');
}

async function expectAlive(client: WireClient): Promise<void> {
  const { response } = await client.send(apiVersionsApi, 0, {}, { correlationId: ALIVE });
  expect(response.errorCode).toBe(0);
}

const ALIVE = -77;

/** Sends a stream, and holds what comes back against what is owed. */
async function talk(client: WireClient, each: Conversation, owed: Owed, reported: () => string[]): Promise<void> {
  await send(client, each);
  if (each.ending === 'ends') client.end();
  if (each.ending === 'resets') {
    client.reset();
    await client.closed;
    const ids = owed.answers.map(({ correlationId }) => correlationId);
    expect(client.arrived).toEqual(ids.slice(0, client.arrived.length));
    return;
  }
  for (const answer of owed.answers) expectAnswer(await client.next(), answer);
  const over = owed.closed || each.ending === 'ends';
  if (over) await client.closed;
  else if (owed.whole) await expectAlive(client);
  expect(client.arrived).toHaveLength(owed.answers.length + (!over && owed.whole ? 1 : 0));
  // A request that is refused in silence may be the last before half a frame: nothing else tells that it was read.
  await vi.waitUntil(() => reported().length >= owed.events.length, { interval: 1 });
  expect(reported()).toEqual(owed.events);
}

test.each(Object.entries(settings))(
  '%s: every stream gets the answers that it is owed, or its end, and nobody else notices',
  async (_, { backend, stub = backend, failure = () => 0, onUnsupportedVersion = 'respond' }) => {
    const { gateway, port, connect } = await start({ backend, onUnsupportedVersion, maxFrameBytes: MAX_FRAME_BYTES });
    const advertised = gateway.advertised!;
    const model: Modelled = {
      backend: stub,
      failure,
      onUnsupportedVersion,
      advertised,
      maxFrameBytes: MAX_FRAME_BYTES,
    };
    const errors = record(gateway, 'error');
    const disconnects = record(gateway, 'disconnect');
    let reported: { readonly name: string; readonly port: number | undefined }[] = [];
    for (const name of ['protocolError', 'requestError', 'unsupportedVersion'] as const) {
      gateway.on(name, ({ connection }: { connection: ConnectionInfo }) => {
        reported.push({ name, port: connection.remotePort });
      });
    }
    const bystander = await connect();
    let connections = 0;
    const connectOnce = async (use: (client: WireClient) => Promise<unknown>): Promise<void> => {
      connections++;
      const client = await WireClient.connect(port);
      try {
        await use(client);
      } finally {
        client.reset();
        await client.closed;
      }
    };

    await checkAsync(
      fc.asyncProperty(conversationsWith(stub), async (each) => {
        reported = [];
        await connectOnce(async (client) => {
          const { localPort } = client.socket;
          // A request of a client that is gone may still fail, and is reported for that one.
          const ofClient = (): string[] => reported.flatMap(({ name, port: from }) => (from === localPort ? name : []));
          await talk(client, each, owedFor(each.stream, model), ofClient);
        });
        await Promise.all([expectAlive(bystander), connectOnce(expectAlive)]);
        expect([...errors, ...noise]).toEqual([]);
      }),
    );
    await vi.waitFor(() => {
      expect(disconnects).toHaveLength(connections);
    });
  },
  ASYNC_FUZZ_TIMEOUT_MS,
);
