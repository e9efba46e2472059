import { buildBatch, type RecordBatchOptions } from 'iggy-gateway-kafka/protocol';
import { expect, vi } from 'vitest';
import { type Cluster, recordInit } from './cluster.js';
import type { Driver } from './driver.js';
import type { Compression, ReadRecord, WireRecord } from './driver-protocol.js';
import { empties, keysAndHeaders, large, nullHeaders, nulls, plain, recordsOf, repeatedHeaders } from './records.js';

/** What a scenario works with. */
export interface Stage {
  readonly cluster: Cluster;
  /** The client, which stays for all scenarios. */
  readonly driver: Driver;
  /** Another process of the same client, on this cluster or another; ended with the scenario. */
  another(of?: Cluster): Promise<Driver>;
  /** A cluster of the scenario's own, over a store of the same kind. */
  ownCluster(): Promise<Cluster>;
  /** Whether batches are stored as the client made them, compressed and with their sequences; else records alone. */
  readonly keepsBatches: boolean;
  /** A name that no other scenario uses. */
  readonly topic: string;
  /** Whether the client lets its user say the timestamps of records. */
  readonly stamps: boolean;
  /** Whether the client lets its user say the partition of a record. */
  readonly picks: boolean;
  /** Whether the client takes and gives text only. */
  readonly textual: boolean;
  /** Whether a consumer lives on while its only broker is away. */
  readonly outlives: boolean;
  /** What the client cannot say. */
  readonly lacks: readonly string[];
  /** Puts a number into the table. */
  measured(text: string): Promise<void>;
}

export interface Scenario {
  readonly name: string;
  run(stage: Stage): Promise<void>;
}

const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const WAIT = { timeout: 90_000, interval: 100 };
const PARTITIONS = [0, 1, 2, 3, 4, 5];
/**
 * A dead member's partitions are others' within its session timeout, two heartbeat intervals and a second: the table
 * says how long it took. Twice that fails: a machine with more to do than it has cores is late, and the broker is not.
 */
const TAKEOVER_MS = 6000 + 2 * 500 + 1000;

export const scenarios: readonly Scenario[] = [
  { name: 'connect', run: connect },
  { name: 'create topics', run: create },
  { name: 'describe topics', run: describeTopic },
  ...COMPRESSIONS.map((compression) => ({
    name: `produce, ${compression === 'none' ? 'no compression' : compression}`,
    run: (stage: Stage) => produceCompressed(stage, compression),
  })),
  { name: 'produce keys and headers', run: (stage) => producesExactly(stage, recordsOf(keysAndHeaders)) },
  { name: 'produce repeated header names', run: (stage) => producesExactly(stage, recordsOf(repeatedHeaders)) },
  { name: 'produce null values', run: (stage) => producesExactly(stage, recordsOf(nulls)) },
  { name: 'produce null header values', run: (stage) => producesExactly(stage, recordsOf(nullHeaders)) },
  { name: 'produce empty values', run: (stage) => producesExactly(stage, recordsOf(empties)) },
  { name: 'produce and consume 10 MiB', run: largeBatch },
  { name: 'idempotent producer', run: idempotent },
  { name: 'consume from the beginning', run: fromBeginning },
  { name: 'consume from an offset', run: fromOffset },
  { name: 'consume from a timestamp', run: fromTimestamp },
  { name: 'group of two rebalances: a third joins, one dies', run: rebalance },
  { name: 'commit, restart, resume', run: resume },
  { name: 'commit, gateway restarts, resume', run: resumeAfterRestart },
  { name: 'delete records', run: deleteRecords },
  { name: 'delete topic', run: deleteTopic },
];

async function connect({ driver }: Stage): Promise<void> {
  const { brokers = [1] } = await driver.do('connect', {});
  expect(brokers).toEqual([1]);
}

async function create({ cluster, driver, topic }: Stage): Promise<void> {
  await driver.do('create', { topic, partitions: 3 });
  expect((await cluster.log(topic, 2)).errorCode).toBe(0);
  expect((await cluster.log(topic, 3)).errorCode).toBe(3);
}

async function describeTopic({ cluster, driver, topic }: Stage): Promise<void> {
  await cluster.createTopic(topic, 3);
  expect(await driver.do('describe', { topic })).toEqual({ partitions: 3 });
}

async function produceCompressed(stage: Stage, compression: Compression): Promise<void> {
  await producesExactly(stage, plain(200), compression);
}

async function producesExactly(
  { cluster, driver, topic, stamps, picks, keepsBatches }: Stage,
  records: readonly WireRecord[],
  compression: Compression = 'none',
): Promise<void> {
  const partition = picks ? 1 : 0;
  await cluster.createTopic(topic, partition + 1);
  const before = Date.now();
  await driver.do('produce', { topic, partition, compression, idempotent: false, records });
  const stored = await cluster.records(topic, partition);
  expectRecords(stored, numbered(records), stamps);
  if (!stamps) for (const { timestamp } of stored) expect(timestamp).toBeGreaterThanOrEqual(before);
  if (!keepsBatches) return;
  const { batches } = await cluster.log(topic, partition);
  expect(new Set(batches.map((batch) => batch.compression))).toEqual(new Set([compression]));
}

async function largeBatch({ cluster, driver, topic, stamps, textual }: Stage): Promise<void> {
  await cluster.createTopic(topic);
  const record = large(textual);
  await driver.do('produce', { topic, partition: 0, compression: 'none', idempotent: false, records: [record] });
  expectRecords(await cluster.records(topic), numbered([record]), stamps);
  const { records } = await driver.do('consume', { topic, partition: 0, offset: -2, count: 1 });
  expectRecords(records, numbered([record]), stamps);
}

async function idempotent({ cluster, driver, topic, stamps, keepsBatches }: Stage): Promise<void> {
  await cluster.createTopic(topic);
  const records = plain(50);
  const asked = cluster.asked.length;
  await driver.do('produce', { topic, partition: 0, compression: 'none', idempotent: true, records });
  expectRecords(await cluster.records(topic), numbered(records), stamps);
  expect(cluster.asked.slice(asked).filter((api) => api.startsWith('initProducerId'))).not.toEqual([]);
  if (!keepsBatches) return;
  const { batches } = await cluster.log(topic);
  let sequence = 0;
  for (const batch of batches) {
    expect(batch.producerId).toBeGreaterThanOrEqual(0);
    expect(batch.baseSequence).toBe(sequence);
    sequence = batch.lastSequence + 1;
  }
}

/** A batch of each compression, and all that a record may be. */
async function layOut({ cluster, topic, lacks }: Stage): Promise<ReadRecord[]> {
  await cluster.createTopic(topic);
  const all: WireRecord[] = [];
  for (const compression of COMPRESSIONS) {
    // Ours is framed as that of snappy-java is.
    if (compression === 'snappy' && lacks.includes('framed snappy')) continue;
    const maybeEmpty = lacks.includes('empty values') ? [] : empties;
    const texts = [...keysAndHeaders, ...repeatedHeaders, ...nulls, ...nullHeaders, ...maybeEmpty].filter(
      ({ headers = [] }) => {
        const names = new Set(headers.map(([name]) => name));
        if (lacks.includes('repeated headers') && names.size < headers.length) return false;
        return !lacks.includes('null headers') || headers.every(([, value]) => value !== null);
      },
    );
    const special = recordsOf(texts, all.length);
    const records = [...special, ...plain(10, all.length + special.length)];
    await cluster.append(topic, 0, batchOf(records, { compression }));
    all.push(...records);
  }
  return numbered(all);
}

async function fromBeginning(stage: Stage): Promise<void> {
  const expected = await layOut(stage);
  const { topic, driver } = stage;
  const { records } = await driver.do('consume', { topic, partition: 0, offset: -2, count: expected.length });
  expectRecords(records, expected, true);
}

async function fromOffset(stage: Stage): Promise<void> {
  // In the middle of the second batch, which is compressed.
  const expected = (await layOut(stage)).slice(27);
  const { topic, driver } = stage;
  const { records } = await driver.do('consume', { topic, partition: 0, offset: 27, count: expected.length });
  expectRecords(records, expected, true);
}

async function fromTimestamp(stage: Stage): Promise<void> {
  // Between the times of two records.
  const expected = (await layOut(stage)).slice(45);
  const timestamp = expected[0]!.timestamp - 500;
  const { topic, driver } = stage;
  const { records } = await driver.do('consume', { topic, partition: 0, timestamp, count: expected.length });
  expectRecords(records, expected, true);
}

async function rebalance({ cluster, topic, another, measured }: Stage): Promise<void> {
  await cluster.createTopic(topic, PARTITIONS.length);
  const join = async (): Promise<Driver> => {
    const member = await another();
    await member.do('join', { group: topic, topic });
    return member;
  };
  const shared = (...members: Driver[]): Promise<void> =>
    vi.waitFor(async () => {
      const states = await Promise.all(members.map((member) => member.do('state', {})));
      const shares = states.map(({ partitions }) => partitions);
      expect(shares.flat().sort()).toEqual(PARTITIONS);
      for (const share of shares) expect(share.length).toBe(PARTITIONS.length / members.length);
    }, WAIT);

  const [one, two] = await Promise.all([join(), join()]);
  await shared(one, two);
  const three = await join();
  await shared(one, two, three);
  const died = performance.now();
  await two.kill();
  await shared(one, three);
  const took = (cluster.answeredAt.get('syncGroup') ?? Infinity) - died;
  await measured(took <= TAKEOVER_MS ? `within ${TAKEOVER_MS / 1000} s` : `${(took / 1000).toFixed(1)} s`);
  expect(took).toBeLessThanOrEqual(2 * TAKEOVER_MS);

  // Some clients give their user what a fetch brings that began while the partition was theirs.
  await cluster.fetchesAnswered();
  for (const partition of PARTITIONS)
    await cluster.append(topic, partition, batchOf(recordsOf([{ value: `in ${partition}` }])));
  await vi.waitFor(async () => {
    const states = await Promise.all([one, three].map((member) => member.do('state', {})));
    expect(states.flatMap(({ values }) => values).sort()).toEqual(PARTITIONS.map((partition) => `in ${partition}`));
  }, WAIT);
  await one.do('leave', {});
  await shared(three);
}

async function resume({ cluster, topic, another }: Stage): Promise<void> {
  await cluster.createTopic(topic);
  const records = plain(30);
  for (const first of [0, 10, 20]) await cluster.append(topic, 0, batchOf(records.slice(first, first + 10)));
  const all = numbered(records);
  const read = async (count: number): Promise<readonly ReadRecord[]> => {
    const process = await another();
    const answer = await process.do('readGroup', { group: topic, topic, count });
    await process.close();
    return answer.records;
  };
  expectRecords(await read(15), all.slice(0, 15), true);
  expectRecords(await read(15), all.slice(15), true);
}

async function resumeAfterRestart({ another, ownCluster, topic, stamps, outlives }: Stage): Promise<void> {
  await using own = await ownCluster();
  await own.createTopic(topic);
  const ids = await own.ids(topic);
  const all = plain(35);
  for (const first of [0, 10, 20]) await own.append(topic, 0, batchOf(all.slice(first, first + 10)));
  const [reader, member] = await Promise.all([another(own), another(own)]);
  await member.do('join', { group: `${topic}-member`, topic });
  const values = async (): Promise<readonly string[]> => (await member.do('state', {})).values;
  await vi.waitFor(async () => expect((await values()).length).toBe(30), WAIT);
  const before = await reader.do('readGroup', { group: topic, topic, count: 15 });
  expectRecords(before.records, numbered(all).slice(0, 15), true);

  await own.restart();
  expect(await own.ids(topic)).toEqual(ids);
  const after = await reader.do('readGroup', { group: topic, topic, count: 15 });
  expectRecords(after.records, numbered(all).slice(15, 30), true);
  const records = all.slice(30);
  await reader.do('produce', { topic, partition: 0, compression: 'none', idempotent: false, records });
  const stored = await own.records(topic);
  expectRecords(stored.slice(0, 30), numbered(all).slice(0, 30), true);
  expectRecords(stored.slice(30), numbered(all).slice(30), stamps);
  // The member has committed nothing: it begins again, or goes on where it was.
  const last = Buffer.from(all.at(-1)!.value!, 'base64').toString();
  if (outlives) await vi.waitFor(async () => expect((await values()).at(-1)).toBe(last), WAIT);
  await Promise.all([reader.kill(), member.kill()]);
  expect(own.trouble).toEqual([]);
}

async function deleteRecords({ cluster, driver, topic }: Stage): Promise<void> {
  await cluster.createTopic(topic);
  const records = plain(20);
  for (const first of [0, 10]) await cluster.append(topic, 0, batchOf(records.slice(first, first + 10)));
  await driver.do('deleteRecords', { topic, partition: 0, offset: 10 });
  expect(await cluster.logStart(topic)).toBe(10);
  const left = await driver.do('consume', { topic, partition: 0, offset: -2, count: 10 });
  expectRecords(left.records, numbered(records).slice(10), true);
}

async function deleteTopic({ cluster, driver, topic }: Stage): Promise<void> {
  await cluster.createTopic(topic);
  const { topicId } = await cluster.ids(topic);
  await driver.do('deleteTopic', { topic });
  expect((await cluster.log(topic)).errorCode).toBe(3);
  await cluster.createTopic(topic);
  expect((await cluster.ids(topic)).topicId).not.toBe(topicId);
}

export function batchOf(records: readonly WireRecord[], options: RecordBatchOptions = {}): Buffer {
  return buildBatch(records.map(recordInit), options);
}

function numbered(records: readonly WireRecord[]): ReadRecord[] {
  return records.map((record, offset) => ({ ...record, offset }));
}

/** In order, and equal in every part; the first that differs is shown, not megabytes of both. */
function expectRecords(actual: readonly ReadRecord[], expected: readonly ReadRecord[], stamps: boolean): void {
  for (const [index, record] of expected.entries()) {
    expect(shown(actual[index], stamps)).toEqual(shown(record, stamps));
    expect(actual[index]?.value === record.value).toBe(true);
  }
  expect(actual.length).toBe(expected.length);
}

function shown(record: ReadRecord | undefined, stamps: boolean): unknown {
  if (record === undefined) return undefined;
  const { offset, timestamp, key, value, headers } = record;
  const text = (base64: string | null): string | null =>
    base64 && Buffer.from(base64.slice(0, 400), 'base64').toString();
  const pairs = headers.map(([name, header]) => [name, text(header)]);
  return { offset, ...(stamps && { timestamp }), key: text(key), value: text(value), headers: pairs };
}
