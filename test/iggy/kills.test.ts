import type { IggyBackendOptions } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, initProducerIdApi } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { randomFrom } from '../interop/faults/cuts.js';
import { startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { createTopic, produceUntilTaken } from './support/produce.js';
import { readValues } from './support/read-values.js';

const KILLS = 20;
/** Batches between two kills, of some records each, to each of the partitions. */
const BATCHES = 25;
const RECORDS = 3;
const PARTITIONS = 2;
const SEED = 6;

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

/** Kills the server and starts it again over its data. */
async function crash(): Promise<void> {
  await iggy.kill();
  await iggy.restart();
}

interface Outcome {
  /** What was acknowledged, by partition. */
  readonly sent: readonly string[][];
  /** What is in the log in the end, by partition. */
  readonly stored: readonly string[][];
  /** What was reported of partitions whose end went back. */
  readonly wentBack: readonly EndBack[];
}

/** The end of a partition went back. */
interface EndBack {
  readonly topic: string;
  readonly partition: number;
  readonly offsets: number;
}

function endsBack(warnings: readonly string[]): EndBack[] {
  return warnings.flatMap((warning) => {
    const found = /^Iggy: topic '(.*)', partition (\d+): the end went back .*: (\d+) offsets are gone/.exec(warning);
    if (found === null) return [];
    const [, topic = '', partition, offsets] = found;
    return [{ topic, partition: Number(partition), offsets: Number(offsets) }];
  });
}

/** An idempotent producer for each partition, under which the server is killed again and again. */
async function produceUnderKills(options: Pick<IggyBackendOptions, 'durability'>): Promise<Outcome> {
  const { broker, warnings } = await startGateway(iggy, options);
  onTestFinished(() => broker.close());
  const admin = await WireClient.connect(broker.bootstrap);
  await createTopic(admin, 'orders', PARTITIONS);
  const errors = new Map<number, number>();
  const sent: string[][] = Array.from({ length: PARTITIONS }, () => []);
  const random = randomFrom(SEED);
  let over = false;

  async function producer(partition: number): Promise<void> {
    const client = await WireClient.connect(broker.bootstrap);
    const { producerId, producerEpoch } = await client.send(initProducerIdApi, {
      transactionalId: null,
      transactionTimeoutMs: 60_000,
    });
    for (let sequence = 0; !over; sequence += RECORDS) {
      const values = Array.from({ length: RECORDS }, (_, index) => `value-${String(sequence + index)}`);
      const records = buildBatch(
        values.map((value) => ({ timestamp: Date.now(), value: Buffer.from(value) })),
        { producerId: Number(producerId), producerEpoch, baseSequence: sequence },
      );
      await produceUntilTaken(client, 'orders', partition, records, errors);
      sent[partition]!.push(...values);
      taken();
    }
    await client.close();
  }

  let waiting: { count: number; resolve: () => void } | null = null;
  function taken(): void {
    if (waiting !== null && --waiting.count === 0) waiting.resolve();
  }
  const producing = Promise.all(sent.map((_, partition) => producer(partition)));
  for (let kill = 0; kill < KILLS; kill++) {
    await Promise.race([
      producing,
      new Promise<void>((resolve) => {
        waiting = { count: Math.ceil((0.5 + random()) * BATCHES * PARTITIONS), resolve };
      }),
    ]);
    await crash();
  }
  over = true;
  await producing;
  await admin.close();
  console.log(options, 'errors that producers saw, by code:', Object.fromEntries(errors));
  const stored: string[][] = [];
  for (const partition of sent.keys()) stored.push(await readValues(broker.bootstrap, 'orders', 0, partition));
  return { sent, stored, wentBack: endsBack(warnings) };
}

/** How many records are missing, and how many are there more than once. */
function compare({ sent, stored }: Outcome): { acknowledged: number; lost: number; repeated: number } {
  let lost = 0;
  let repeated = 0;
  for (const [partition, values] of stored.entries()) {
    const there = new Set(values);
    repeated += values.length - there.size;
    lost += sent[partition]!.filter((value) => !there.has(value)).length;
  }
  return { acknowledged: sent.flat().length, lost, repeated };
}

/** A gateway, with a client of it and one of Iggy's own. */
async function startWithClients() {
  const { broker, stream, warnings } = await startGateway(iggy);
  const client = await WireClient.connect(broker.bootstrap);
  const direct = iggy.connect();
  onTestFinished(async () => {
    await direct.destroy();
    await client.close();
    await broker.close();
  });
  return { client, direct, stream, warnings };
}

test.each([
  ['with default options', {}],
  ["with durability 'power'", { durability: 'power' }],
] as const)(
  `${String(KILLS)} kills of the server %s lose nothing that was acknowledged, and repeat nothing`,
  { timeout: 300_000 },
  async (how, options) => {
    const outcome = await produceUnderKills(options);
    console.log(`${how}:`, compare(outcome));
    expect(outcome.stored).toEqual(outcome.sent);
    expect(outcome.wentBack).toEqual([]);
  },
);

test(
  `${String(KILLS)} kills of the server with durability 'none' repeat nothing; what they lose is reported`,
  { timeout: 300_000 },
  async () => {
    const outcome = await produceUnderKills({ durability: 'none' });
    const { lost, repeated } = compare(outcome);
    const gone = outcome.wentBack.reduce((sum, { offsets }) => sum + offsets, 0);
    console.log("with durability 'none':", compare(outcome), `reported as gone: ${String(gone)}`);
    expect(repeated).toBe(0);
    expect(lost).toBeGreaterThan(0);
    expect(gone).toBeGreaterThanOrEqual(lost);
    expect(new Set(outcome.wentBack.map(({ partition }) => partition))).toEqual(new Set([0, 1]));
  },
);

test('a purge is reported with topic, partition and number of offsets', async () => {
  const { client, direct, stream, warnings } = await startWithClients();
  await createTopic(client, 'orders', PARTITIONS);
  const records = buildBatch(
    Array.from({ length: RECORDS }, () => ({ timestamp: Date.now(), value: Buffer.from('v') })),
  );
  await produceUntilTaken(client, 'orders', 1, records);
  await direct.topic.purge({ streamId: stream, topicId: 'orders' });
  expect(await produceUntilTaken(client, 'orders', 1, records)).toBe(0n);
  expect(endsBack(warnings)).toEqual([{ topic: 'orders', partition: 1, offsets: RECORDS }]);
});

test('a topic that an Iggy client made is reported at the first append to it', async () => {
  const { client, direct, stream, warnings } = await startWithClients();
  await direct.topic.create({ streamId: stream, name: 'lossy', partitionCount: 1, compressionAlgorithm: 1 });
  const records = buildBatch([{ timestamp: Date.now(), value: Buffer.from('v') }]);
  for (let count = 0; count < 3; count++) await produceUntilTaken(client, 'lossy', 0, records);
  expect(warnings).toEqual([expect.stringMatching(/^Iggy: topic 'lossy' loses acknowledged records .*'none'/)]);
});

test('no producer id is given twice, whatever is restarted', { timeout: 120_000 }, async () => {
  let { broker } = await startGateway(iggy);
  onTestFinished(() => broker.close());
  const ids: bigint[] = [];
  for (let round = 0; round < 12; round++) {
    const client = await WireClient.connect(broker.bootstrap);
    // Ids are reserved as the server dies, lives, or is not there yet.
    const asked = Array.from({ length: 10 }, () =>
      client.send(initProducerIdApi, { transactionalId: null, transactionTimeoutMs: 60_000 }),
    );
    const killed = round % 3 === 1 ? crash() : undefined;
    for (const { errorCode, producerId } of await Promise.all(asked)) if (errorCode === 0) ids.push(producerId);
    await killed;
    await client.close();
    if (round % 2 === 0) broker = await broker.restart();
  }
  expect(ids.length).toBeGreaterThanOrEqual(80);
  expect(new Set(ids).size).toBe(ids.length);
});
