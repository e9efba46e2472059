import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  type DataCodec,
  decodeConsumerProtocol,
  decodeRequest,
  decodeResponse,
  EncodeError,
  encodeConsumerProtocol,
  encodeRequest,
  encodeResponse,
  ErrorCode,
} from 'iggy-gateway-kafka/protocol';
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from 'iggy-gateway-kafka/protocol/messages/consumer-protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codecs } from '../../src/protocol/codecs.js';
import { complete, definedApis, messageNamed, messages, revive, type Value } from '../support/definitions.js';
import { jars, java } from './clients.js';
import { runClient } from './run-client.js';
import { requireClient } from './scenario.js';

// Our codec against kafka-clients itself, on values that nobody has chosen: fixtures/generator/ says how they are made.

/** Values for each message in each version; half of them may hold what the version does not take. */
const VALUES = Number(process.env['CODEC_VALUES'] ?? 60);
const SEED = process.env['CODEC_SEED'] ?? String(Date.now() % 1_000_000);

const generator = fileURLToPath(new URL('../../fixtures/generator/GoldenBytes.java', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'codec-'));

interface Line {
  readonly message: string;
  readonly version: number;
  readonly kind: 'valid' | 'loose';
  readonly value: Value;
  readonly hex?: string;
  /** What Kafka threw instead of writing it. */
  readonly error?: string;
}

async function* linesOf(file: string, args: readonly string[]): AsyncGenerator {
  const out = join(folder, file);
  const { exitCode, stderr } = await runClient('java', ['-cp', `${jars}*`, generator, '--out', out, ...args]);
  if (exitCode !== 0) throw new Error(stderr);
  for await (const line of createInterface({ input: createReadStream(out) })) yield JSON.parse(line);
}

function encode(message: string, version: number, value: Value): Buffer {
  if (message === 'ConsumerProtocolSubscription') {
    return encodeConsumerProtocol(consumerProtocolSubscription, version, value as never).subarray(2);
  }
  if (message === 'ConsumerProtocolAssignment') {
    return encodeConsumerProtocol(consumerProtocolAssignment, version, value as never).subarray(2);
  }
  const { key } = definedApis.find(({ name }) => message === `${name}Request` || message === `${name}Response`)!;
  return message.endsWith('Request') ? encodeRequest(key, version, value) : encodeResponse(key, version, value);
}

function decode(message: string, version: number, bytes: Buffer): unknown {
  if (message.startsWith('ConsumerProtocol')) {
    const withVersion = Buffer.concat([Buffer.of(0, version), bytes]);
    const codec: DataCodec = message.endsWith('Subscription')
      ? consumerProtocolSubscription
      : consumerProtocolAssignment;
    return decodeConsumerProtocol(codec, withVersion).value;
  }
  const { key } = definedApis.find(({ name }) => message === `${name}Request` || message === `${name}Response`)!;
  return message.endsWith('Request') ? decodeRequest(key, version, bytes) : decodeResponse(key, version, bytes);
}

/** What is wrong with our reading or writing of a value; null when Kafka does the same. */
function difference({ message, version, kind, value: json, hex, error }: Line): string | null {
  const definition = messageNamed(message);
  const value = revive(definition, definition.root, json);
  let ours: string;
  try {
    ours = encode(message, version, value).toString('hex');
  } catch (refusal) {
    if (!(refusal instanceof EncodeError)) return `we threw ${String(refusal)}`;
    if (error === undefined) return `we refused what Kafka wrote: ${refusal.message}`;
    // Where a null and a field that is not carried are both in the way, either may be met first.
    return null;
  }
  if (error !== undefined) return `we wrote what Kafka refused with ${error}`;
  if (ours !== hex) return `we wrote ${ours}, Kafka ${String(hex)}`;
  const decoded = decode(message, version, Buffer.from(ours, 'hex'));
  // What a loose value has beyond its version is not in the bytes.
  if (kind === 'valid' && !isDeepStrictEqual(decoded, complete(definition, definition.root, value))) {
    return 'we read something else than was written';
  }
  return encode(message, version, decoded as Value).toString('hex') === hex
    ? null
    : 'what we read encodes to other bytes';
}

beforeEach((context) => requireClient(context, java));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe(`random values, seed ${SEED}`, () => {
  test('of every message in every version are read, written and refused as kafka-clients does', async (context) => {
    const count = new Map<string, number>();
    const refused = new Map<string, number>();
    const wrong: string[] = [];
    for await (const each of linesOf('random.ndjson', ['--random', String(VALUES), '--seed', SEED])) {
      const line = each as Line;
      const place = `${line.message} v${line.version}`;
      count.set(place, (count.get(place) ?? 0) + 1);
      if (line.error !== undefined) refused.set(line.error, (refused.get(line.error) ?? 0) + 1);
      const problem = difference(line);
      if (problem !== null) wrong.push(`${place} ${line.kind}: ${problem}: ${JSON.stringify(line.value)}`);
    }
    const total = [...count.values()].reduce((sum, each) => sum + each, 0);
    await context.annotate(`${total} values, of which Kafka refused ${JSON.stringify([...refused])}`, 'output');
    expect(wrong.slice(0, 10)).toEqual([]);
    const wanted = [...messages.values()].flatMap(({ name, versions: { min, max } }) =>
      Array.from({ length: max - min + 1 }, (_, index) => `${name} v${min + index}`),
    );
    expect([...count.keys()].sort()).toEqual(wanted.sort());
    expect(wanted).toHaveLength(2 * 285 + 2 * 4);
    expect(Math.min(...count.values())).toBeGreaterThanOrEqual(50);
    expect([...refused.keys()].sort()).toEqual(['NullPointerException', 'UnsupportedVersionException']);
  });
});

describe('errors', () => {
  const UNSUPPORTED_VERSION = 35;
  const names: Record<string, number> = {};
  const answers: { apiKey: number; version: number; request: string; response: string }[] = [];

  beforeAll(async () => {
    for await (const line of linesOf('errors.ndjson', ['--errors', String(UNSUPPORTED_VERSION)])) {
      if ('name' in (line as object)) {
        const { name, code } = line as { name: string; code: number };
        names[name] = code;
      } else answers.push(line as (typeof answers)[number]);
    }
  });

  test('have Kafka’s codes', () => {
    expect({ ...ErrorCode }).toEqual(names);
  });

  /** The places of error codes in a response, lists of any length as one, and whether one of them is there and not 0. */
  function places(value: unknown, path = ''): string[] {
    if (Array.isArray(value)) return value.flatMap((element) => places(element, path));
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
    return Object.entries(value).flatMap(([name, held]) =>
      /^(partitionE|e)rrorCode$/.test(name)
        ? held === UNSUPPORTED_VERSION
          ? [`${path}.${name}`]
          : []
        : places(held, `${path}.${name}`),
    );
  }

  test('are answered wherever Kafka answers them, in every API and version', () => {
    expect(answers).toHaveLength(285);
    for (const { apiKey, version, request, response } of answers) {
      const codec = codecs.get(apiKey)!;
      const theirs = places(decodeResponse(apiKey, version, Buffer.from(response, 'hex')));
      const asked = decodeRequest(apiKey, version, Buffer.from(request, 'hex'));
      const answer = codec.errorResponse(asked, version, UNSUPPORTED_VERSION, null);
      const ours = places(decodeResponse(apiKey, version, encodeResponse(apiKey, version, answer as object)));
      // Ours may say it further in as well. How often: our lists are as long as what was asked, and so are Kafka's.
      const missing = theirs.filter((place) => !ours.includes(place));
      expect(missing, `${codec.name} v${version}`).toEqual([]);
      for (const place of new Set(theirs)) {
        const times = (list: readonly string[]): number => list.filter((each) => each === place).length;
        expect(times(ours), `${codec.name} v${version} ${place}`).toBe(times(theirs));
      }
    }
  });
});
