import { createStubBackend, type StubMode } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { codecs } from '../../src/protocol/codecs.js';
import { startObserved } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { rawRequest } from '../support/raw-request.js';
import { decodeResponseFrame, encodeRequestFrame, type WireClient, type WireFrame } from '../support/wire-client.js';

expectQuietProcess();

const UNSUPPORTED_VERSION = 35;
const NOT_LEADER_OR_FOLLOWER = 6;
const UNKNOWN_TOPIC_OR_PARTITION = 3;
const NOT_CONTROLLER = 41;
const TOPIC_ID = '01234567-89ab-cdef-0123-456789abcdef';

/** Two topics of two partitions each, or what comes nearest to it, in a form that every version of the API takes. */
interface Row {
  readonly api: string;
  readonly key: number;
  /** What the stub allows. */
  readonly min: number;
  readonly max: number;
  /** What Kafka 4.4 defines. */
  readonly known: readonly [min: number, max: number];
  readonly flexibleFrom: number;
  request(version: number): object;
  /** Codes in the stub's answer, in the order of its fields; one that the version does not carry is 0. */
  readonly stub: readonly number[];
  /** Codes in a refusal. */
  refused(version: number): readonly number[];
}

const names = ['first', 'second'];
const repeat = (count: number, code: number): number[] => Array.from({ length: count }, () => code);

const rows: readonly Row[] = [
  {
    api: 'Produce',
    key: 0,
    min: 3,
    max: 9,
    known: [3, 13],
    flexibleFrom: 9,
    request: (version) => ({
      acks: 1,
      timeoutMs: 1,
      topicData: names.map((name) => ({
        ...(version < 13 ? { name } : { topicId: TOPIC_ID }),
        partitionData: [0, 1].map((index) => ({ index, records: Buffer.alloc(10) })),
      })),
    }),
    stub: repeat(4, NOT_LEADER_OR_FOLLOWER),
    refused: () => repeat(4, UNSUPPORTED_VERSION),
  },
  {
    api: 'Fetch',
    key: 1,
    min: 4,
    max: 12,
    known: [4, 18],
    flexibleFrom: 12,
    request: (version) => ({
      maxWaitMs: 1,
      minBytes: 1,
      topics: names.map((topic) => ({
        ...(version < 13 ? { topic } : { topicId: TOPIC_ID }),
        partitions: [0, 1].map((partition) => ({ partition, fetchOffset: 0n, partitionMaxBytes: 1 })),
      })),
    }),
    stub: [0, ...repeat(4, NOT_LEADER_OR_FOLLOWER)],
    refused: () => repeat(5, UNSUPPORTED_VERSION),
  },
  {
    api: 'ListOffsets',
    key: 2,
    min: 1,
    max: 6,
    known: [1, 11],
    flexibleFrom: 6,
    request: () => ({
      replicaId: -1,
      topics: names.map((name) => ({
        name,
        partitions: [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1n })),
      })),
    }),
    stub: repeat(4, NOT_LEADER_OR_FOLLOWER),
    refused: () => repeat(4, UNSUPPORTED_VERSION),
  },
  {
    api: 'Metadata',
    key: 3,
    min: 0,
    max: 9,
    known: [0, 13],
    flexibleFrom: 9,
    request: () => ({ topics: names.map((name) => ({ name })) }),
    stub: [...repeat(2, UNKNOWN_TOPIC_OR_PARTITION), 0],
    // At the end, the top level, which has a code from version 13 on.
    refused: (version) => [...repeat(2, UNSUPPORTED_VERSION), version >= 13 ? UNSUPPORTED_VERSION : 0],
  },
  {
    api: 'CreateTopics',
    key: 19,
    min: 2,
    max: 5,
    known: [2, 7],
    flexibleFrom: 5,
    request: () => ({
      topics: names.map((name) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] })),
    }),
    stub: repeat(2, NOT_CONTROLLER),
    refused: () => repeat(2, UNSUPPORTED_VERSION),
  },
];

/** Every error code in a response, in the order of its fields. */
function errorCodes(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(errorCodes);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    name === 'errorCode' ? [field as number] : errorCodes(field),
  );
}

/** Both sides of every bound: what is allowed, what is known, and what a version can be. */
function versionsOf({ known }: Row): number[] {
  const between = Array.from({ length: known[1] + 3 }, (_, index) => index - 1);
  return [-0x8000, ...between, 0x7fff];
}

async function ask(client: WireClient, row: Row, version: number, correlationId: number): Promise<WireFrame> {
  const [least, most] = row.known;
  const knows = version >= least && version <= most;
  client.sendRaw(
    knows
      ? encodeRequestFrame(row.key, version, row.request(version), { correlationId })
      : rawRequest({ apiKey: row.key, version, correlationId, flexible: version >= row.flexibleFrom }),
  );
  const answer = await client.next();
  expect(answer.correlationId).toBe(correlationId);
  return answer;
}

describe('every version of the stub’s APIs, and both sides of every bound, on one connection that stays open', () => {
  test.each(rows)('$api', async (row) => {
    const { connect, refused, protocolErrors } = await startObserved();
    const client = await connect();
    const codec = codecs.get(row.key)!;
    let correlationId = 0;
    let refusals = 0;
    for (const version of versionsOf(row)) {
      const frame = await ask(client, row, version, ++correlationId);
      const title = `${row.api} v${version}`;
      if (version >= row.min && version <= row.max) {
        expect(errorCodes(decodeResponseFrame(row.key, version, frame)), title).toEqual(row.stub);
        continue;
      }
      refusals++;
      expect(refused.at(-1), title).toMatchObject({
        apiKey: row.key,
        apiName: row.api,
        apiVersion: version,
        correlationId,
      });
      if (version >= row.known[0] && version <= row.known[1]) {
        const response = decodeResponseFrame(row.key, version, frame);
        expect(errorCodes(response), title).toEqual(row.refused(version));
        expect(codec.findErrorCode(response, version)).toBe(UNSUPPORTED_VERSION);
      } else {
        const flexible = version >= row.flexibleFrom;
        expect(frame.body, title).toEqual(Buffer.from([...(flexible ? [0] : []), 0, UNSUPPORTED_VERSION]));
      }
    }
    expect(refused).toHaveLength(refusals);
    expect(refused.every(({ closed }) => !closed)).toBe(true);
    expect(protocolErrors).toEqual([]);
  });

  test('ApiVersions', async () => {
    const { connect, refused } = await startObserved();
    const client = await connect();
    const ranges = [...rows, { key: 18, min: 0, max: 3 }]
      .map(({ key, min, max }) => ({ apiKey: key, minVersion: key === 0 ? 0 : min, maxVersion: max }))
      .sort((a, b) => a.apiKey - b.apiKey);
    let correlationId = 0;
    for (const version of [-0x8000, -1, 0, 1, 2, 3, 4, 5, 100, 0x7fff]) {
      const known = version >= 0 && version <= 4;
      const software = version >= 3 ? { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' } : {};
      client.sendRaw(
        known
          ? encodeRequestFrame(18, version, software, { correlationId: ++correlationId })
          : rawRequest({ apiKey: 18, version, correlationId: ++correlationId, flexible: version >= 3 }),
      );
      const frame = await client.next();
      expect(frame.correlationId).toBe(correlationId);
      const allowed = version >= 0 && version <= 3;
      // One that we do not know is answered in version 0, which every client reads.
      const response = decodeResponseFrame(18, allowed ? version : 0, frame);
      expect(response, `v${version}`).toMatchObject({ errorCode: allowed ? 0 : UNSUPPORTED_VERSION, apiKeys: ranges });
    }
    expect(refused.map(({ apiVersion }) => apiVersion)).toEqual([-0x8000, -1, 4, 5, 100, 0x7fff]);
  });
});

test.each(['retriable', 'accepting'] satisfies StubMode[])(
  'the %s stub answers every version it advertises, in one pipeline on one connection',
  async (mode) => {
    const { connect, requestErrors } = await startObserved({ backend: createStubBackend({ mode }) });
    const client = await connect();
    const asked = rows.flatMap((row) =>
      Array.from({ length: row.max - row.min + 1 }, (_, index) => ({ row, version: row.min + index })),
    );
    client.sendRaw(
      Buffer.concat(
        asked.map(({ row, version }, correlationId) =>
          encodeRequestFrame(row.key, version, row.request(version), { correlationId }),
        ),
      ),
    );
    for (const { row, version } of asked) {
      const response = decodeResponseFrame(row.key, version, await client.next());
      expect(errorCodes(response), `${row.api} v${version}`).toEqual(
        mode === 'retriable' ? row.stub : repeat(row.api === 'Metadata' ? 5 : row.stub.length, 0),
      );
    }
    expect(client.arrived).toEqual(asked.map((_, index) => index));
    expect(requestErrors).toEqual([]);
  },
);

test('topics asked for by id are refused by id', async () => {
  const { connect } = await startObserved();
  const client = await connect();
  const topics = [{ topicId: TOPIC_ID, name: null }];
  const { response } = await client.send(3, 12, { topics });
  expect(response).toMatchObject({ topics: [{ topicId: TOPIC_ID, errorCode: UNSUPPORTED_VERSION }] });
});
