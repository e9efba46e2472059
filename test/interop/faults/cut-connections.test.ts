import { readRecords } from 'iggy-gateway-kafka/protocol';
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { clients, type MatrixClient } from '../matrix/clients.js';
import { Cluster } from '../matrix/cluster.js';
import type { Driver } from '../matrix/driver.js';
import { type Cuts, cutAtRandom, randomFrom } from './cuts.js';
import { startClient } from './start-client.js';
import type { CutRow } from './tables.js';

const COUNT = Number(process.env['FAULT_RECORDS'] ?? 100_000);
const SEED = Number(process.env['FAULT_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
const PARTITIONS = 4;
const TOPIC = 'flood';
const VALUE = 'What an answer says is lost with its connection; what was stored is not. '.repeat(2);
/** Small answers, so that there are many to cut. */
const CONFIG = { 'fetch.max.bytes': 64 * 1024 };

describe(`connections cut at random after the append, before the answer (FAULT_SEED=${SEED})`, () => {
  test.for(Object.values<MatrixClient>(clients).map((client) => [client.name, client] as const))(
    '%s: all records are there, in order',
    async ([, client], context) => {
      const cluster = await Cluster.start(CONFIG);
      onTestFinished(() => cluster.close());
      const driver = await startClient(context, client, cluster);
      await cluster.createTopic(TOPIC, PARTITIONS);
      const cuts = cutAtRandom(cluster.faults, randomFrom(SEED));
      try {
        await withCuts(context, { client, driver, cluster, cuts });
      } catch (error) {
        const lost: CutRow = { client: client.name, result: null };
        await context.annotate(JSON.stringify(lost), 'cuts');
        await context.annotate(`${JSON.stringify(cuts)} ${cluster.asked.slice(-60).join(', ')}`, 'output');
        throw error;
      }
    },
  );
});

interface Stage {
  readonly client: MatrixClient;
  readonly driver: Driver;
  readonly cluster: Cluster;
  readonly cuts: Cuts;
}

async function withCuts(context: TestContext, { client, driver, cluster, cuts }: Stage): Promise<void> {
  const idempotent = !(client.cannot ?? []).includes('idempotent producer');
  const input = { topic: TOPIC, partitions: PARTITIONS, count: COUNT, value: VALUE, idempotent };
  const { failed } = await driver.do('flood', input);
  cluster.faults.clear();
  const stored = await numbersOf(cluster);

  const acknowledged = new Set(Array.from({ length: COUNT }, (_, number) => number));
  for (const number of failed) acknowledged.delete(number);
  for (const numbers of stored) for (const number of numbers) acknowledged.delete(number);
  expect([...acknowledged], 'acknowledged, and not stored').toEqual([]);
  expect(failed, 'never acknowledged').toEqual([]);

  for (const numbers of stored) {
    const first = [...new Set(numbers)];
    expect(first.length).toBeGreaterThan(0);
    expect(outOfOrder(first), 'out of order').toEqual([]);
  }
  const counts = stored.map(({ length }) => length);
  const twice = counts.reduce((sum, one) => sum + one, 0) - COUNT;
  if (idempotent) expect(twice, 'stored twice').toBe(0);

  const { fetch } = cutAtRandom(cluster.faults, randomFrom(SEED));
  const { read } = await driver.do('drain', { topic: TOPIC, counts });
  for (const [partition, numbers] of read.entries()) expectEqual(numbers, stored[partition]!);
  expect(cuts.produce.cut, 'Produce answers cut').toBeGreaterThan(0);
  expect(fetch.cut, 'Fetch answers cut').toBeGreaterThan(0);
  expect(cluster.trouble.splice(0)).toEqual([]);

  const result = { idempotent, records: COUNT, produce: cuts.produce, fetch, twice };
  const row: CutRow = { client: client.name, result };
  await context.annotate(JSON.stringify(row), 'cuts');
  await context.annotate(JSON.stringify(result), 'output');
}

/** What is stored, past every client. */
async function numbersOf(cluster: Cluster): Promise<number[][]> {
  const stored: number[][] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const numbers: number[] = [];
    const { batches } = await cluster.log(TOPIC, partition);
    for (const batch of batches) {
      for (const { key, value } of readRecords(batch)) {
        if (String(value) !== VALUE) throw new Error(`the value of record ${String(key)} is ${String(value)}`);
        numbers.push(Number(String(key)));
      }
    }
    stored.push(numbers);
  }
  return stored;
}

/** The first few numbers that come after a greater one. */
function outOfOrder(numbers: readonly number[]): string[] {
  return numbers
    .flatMap((number, index) =>
      index > 0 && number < numbers[index - 1]! ? [`${numbers[index - 1]!}, ${number}`] : [],
    )
    .slice(0, 5);
}

/** Equal; the first difference is shown, not all numbers. */
function expectEqual(read: readonly number[], stored: readonly number[]): void {
  const at = stored.findIndex((number, index) => read[index] !== number);
  const shown = (numbers: readonly number[]): readonly number[] => (at < 0 ? [] : numbers.slice(at, at + 5));
  expect(shown(read), `read from ${at} on`).toEqual(shown(stored));
  expect(read.length).toBe(stored.length);
}
