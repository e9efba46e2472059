import { buildBatch, initProducerIdApi } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../../adapters/testing/wire-client.js';
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

interface Outcome {
  /** What was acknowledged, by partition. */
  readonly sent: readonly string[][];
  /** What is in the log in the end, by partition. */
  readonly stored: readonly string[][];
}

/** An idempotent producer for each partition, under which the server is killed again and again. */
async function produceUnderKills(enforceFsync: boolean): Promise<Outcome> {
  const { broker } = await startGateway(iggy, { enforceFsync });
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
    await iggy.kill();
    await iggy.restart();
  }
  over = true;
  await producing;
  await admin.close();
  console.log(`fsync: ${String(enforceFsync)}; errors that producers saw, by code:`, Object.fromEntries(errors));
  const stored: string[][] = [];
  for (const partition of sent.keys()) stored.push(await readValues(broker.bootstrap, 'orders', 0, partition));
  return { sent, stored };
}

test(
  `${String(KILLS)} kills of a server that fsyncs lose nothing that was acknowledged, and repeat nothing`,
  {
    timeout: 300_000,
  },
  async () => {
    const { sent, stored } = await produceUnderKills(true);
    console.log(`with fsync: ${String(sent.flat().length)} acknowledged, ${String(stored.flat().length)} stored`);
    expect(stored).toEqual(sent);
  },
);

test(
  `${String(KILLS)} kills of a server that does not fsync repeat nothing; what they lose is counted`,
  {
    timeout: 300_000,
  },
  async () => {
    const { sent, stored } = await produceUnderKills(false);
    let lost = 0;
    let repeated = 0;
    for (const [partition, values] of stored.entries()) {
      const there = new Set(values);
      repeated += values.length - there.size;
      lost += sent[partition]!.filter((value) => !there.has(value)).length;
    }
    console.log(
      `without fsync: of ${String(sent.flat().length)} acknowledged records, ${String(lost)} are lost, ${String(repeated)} repeated`,
    );
    expect(repeated).toBe(0);
  },
);

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
    const killed = round % 3 === 1 ? iggy.kill().then(() => iggy.restart()) : undefined;
    for (const { errorCode, producerId } of await Promise.all(asked)) if (errorCode === 0) ids.push(producerId);
    await killed;
    await client.close();
    if (round % 2 === 0) broker = await broker.restart();
  }
  expect(ids.length).toBeGreaterThanOrEqual(80);
  expect(new Set(ids).size).toBe(ids.length);
});
