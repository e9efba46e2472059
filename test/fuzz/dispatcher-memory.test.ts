import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { type Backend, createStubBackend } from 'iggy-gateway-kafka';
import { expect, test } from 'vitest';
import { allowedVersions } from '../support/dispatch-model.js';
import { ASYNC_FUZZ_TIMEOUT_MS, checkAsync } from '../support/fuzz.js';
import { start } from '../support/gateways.js';
import { codecOf, encodeBody, type Golden, goldens } from '../support/golden.js';
import { mutate, type Mutation, mutation } from '../support/mutations.js';
import { type Path, pathsIn, replacedAt, valueAt } from '../support/paths.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { rawRequest } from '../support/raw-request.js';
import { WireClient } from '../support/wire-client.js';

// Large requests of any shape, some of them damaged: what the gateway takes for one is bounded by the request's size.

const noise = expectQuietProcess();

const KIB = 1024;
const MIB = 1024 * KIB;
/** What a request in the handler may hold, collections having left it. */
const HELD_PER_BYTE = 64;
/** What was allocated by the time that the handler is called or the request given up, garbage included. */
const ALLOCATED_PER_BYTE = 96;
const BESIDES = MIB;

/** Paths of the arrays in a value that have an element. */
function arraysIn(value: unknown): Path[] {
  return pathsIn(value).filter((path) => {
    const found = valueAt(value, path);
    return Array.isArray(found) && found.length > 0;
  });
}

/** The same with nothing in its lists, texts and bytes: as few bytes as it can have. */
function hollow(value: unknown): unknown {
  if (typeof value === 'string') return /^[0-9a-f]{8}-/.test(value) ? value : '';
  if (value instanceof Uint8Array) return Buffer.alloc(0);
  if (Array.isArray(value)) return [];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hollow(each)]));
}

const stub = createStubBackend();
const rich = goldens.filter(({ direction, kind, apiKey, version, value }) => {
  const range = allowedVersions(apiKey, stub);
  const allowed = range !== null && version >= range.min && version <= range.max;
  return allowed && direction === 'request' && kind === 'rich' && arraysIn(value).length > 0;
});

interface Large {
  readonly golden: Golden;
  readonly path: Path;
  readonly hollow: boolean;
  readonly bytes: number;
  readonly mutations: readonly Mutation[];
}

const large: fc.Arbitrary<Large> = fc.constantFrom(...rich).chain((golden) =>
  fc.record({
    golden: fc.constant(golden),
    path: fc.constantFrom(...arraysIn(golden.value)),
    hollow: fc.boolean(),
    bytes: fc.integer({ min: 64 * KIB, max: MIB }),
    mutations: fc.oneof(fc.constant([]), fc.array(mutation, { maxLength: 3 })),
  }),
);

/** The golden request with one of its lists so long that the request has about so many bytes. */
function toFrame({ golden, path, hollow: isHollow, bytes, mutations }: Large): Buffer {
  const { apiKey, version, flexible, value } = golden;
  const codec = codecOf(golden);
  const first = (valueAt(value, path) as unknown[])[0];
  const element = isHollow ? hollow(first) : first;
  const encode = (count: number): Buffer =>
    encodeBody(codec, 'request', version, replacedAt(value, path, new Array<unknown>(count).fill(element)));
  const least = encode(1).length;
  const each = encode(2).length - least;
  const body = encode(Math.max(1, Math.floor((bytes - least) / each)));
  return rawRequest({ apiKey, version, flexible, body: mutations.reduce(mutate, body) });
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function collected(): Promise<number> {
  // Twice, with a turn between: what a socket or a WeakRef holds for its turn goes with the second.
  globalThis.gc!();
  await nextTurn();
  globalThis.gc!();
  return inUse();
}

test(
  'a request of any shape takes memory in proportion to its bytes',
  async () => {
    let onSeen: (() => void) | undefined;
    let release: (() => void) | undefined;
    let peak = 0;
    const seen = (): void => {
      peak = inUse();
      onSeen?.();
    };
    const hold = (): Promise<never> => {
      seen();
      return new Promise((_, reject) => {
        release = () => {
          reject(new Error('over'));
        };
      });
    };
    const backend = {
      name: 'hold',
      versions: stub.versions!,
      ...{ produce: hold, fetch: hold, metadata: hold, listOffsets: hold, createTopics: hold },
    } as Backend;
    const { gateway, port } = await start({ backend });
    gateway.on('protocolError', seen).on('requestError', () => undefined);

    await checkAsync(
      fc.asyncProperty(large, async (each) => {
        const frame = toFrame(each);
        const client = await WireClient.connect(port);
        try {
          const wasSeen = new Promise<void>((resolve) => (onSeen = resolve));
          const before = await collected();
          client.sendRaw(frame);
          await wasSeen;
          expect(peak - before).toBeLessThan(ALLOCATED_PER_BYTE * frame.length + BESIDES);
          const held = (await collected()) - before;
          expect(held).toBeLessThan(HELD_PER_BYTE * frame.length + BESIDES);
        } finally {
          release?.();
          release = undefined;
          client.reset();
          await client.closed;
        }
        expect(noise).toEqual([]);
      }),
      // Each takes a forced collection or two.
      { share: 0.03 },
    );
  },
  ASYNC_FUZZ_TIMEOUT_MS,
);
