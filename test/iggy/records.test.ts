import { Kafka, CompressionTypes, type KafkaMessage, logLevel, type Message } from 'kafkajs';
import {
  buildBatch,
  type Compression,
  createTopicsApi,
  fetchApi,
  initProducerIdApi,
  produceApi,
  readBatches,
  readRecords,
  type RecordInit,
} from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { randomFrom } from '../interop/faults/cuts.js';
import { startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { RandomRecords } from './support/random-records.js';

const SEED = Number(process.env.IGGY_SEED ?? 20_26);
/** In all; a tenth of them go through kafkajs. */
const RECORDS = Number(process.env.IGGY_RECORDS ?? 200_000);
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const PARTITIONS = 2;
const EACH = Math.round((RECORDS * 0.9) / COMPRESSIONS.length / PARTITIONS);
/** The longest value is 1 MiB. */
const CONFIG = { 'message.max.bytes': 4 * 1024 * 1024 };
const BATCH_BYTES = 1_200_000;

const now = Date.now();

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

async function createTopic(client: WireClient, name: string, compression: Compression): Promise<void> {
  const configs = [{ name: 'compression.type', value: compression === 'none' ? 'uncompressed' : compression }];
  const topics = [{ name, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs }];
  const { topics: results } = await client.send(createTopicsApi, { topics, timeoutMs: 10_000 });
  expect(results.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])).toEqual([[0, null]]);
}

/** A record in one line, long fields by both ends and their length. */
function lineOf({ timestamp, key, value, headers = [] }: RecordInit): string {
  const pairs = headers.map((header) => `${String(header.key)}=${textOf(header.value)}`);
  return [timestamp, textOf(key), textOf(value), ...pairs].join(' ');
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes === null || bytes === undefined
    ? 'null'
    : `${String(bytes.length)}:${Buffer.from(bytes).toString('base64')}`;
}

async function produceRandom(client: WireClient, topic: string, partition: number, seed: number): Promise<void> {
  const records = new RandomRecords(randomFrom(seed), now);
  const choice = randomFrom(seed + 1);
  const { producerId, producerEpoch } = await client.send(initProducerIdApi, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
  });
  let sequence = 0;
  for (let left = EACH; left > 0;) {
    const batch: RecordInit[] = [];
    let bytes = 0;
    const most = Math.min(left, 1 + Math.floor(choice() * 1000));
    while (batch.length < most && bytes < BATCH_BYTES) {
      const record = records.next();
      batch.push(record);
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    }
    left -= batch.length;
    const compression = COMPRESSIONS[Math.floor(choice() * COMPRESSIONS.length)]!;
    const idempotent = partition % 2 === 0;
    const producer = idempotent ? { producerId: Number(producerId), producerEpoch, baseSequence: sequence } : {};
    sequence += batch.length;
    const partitionData = [{ index: partition, records: buildBatch(batch, { compression, ...producer }) }];
    const request = { acks: -1, timeoutMs: 10_000, topicData: [{ name: topic, partitionData }] };
    const { responses } = await client.send(produceApi, request, 9);
    const answer = responses[0]?.partitionResponses[0];
    expect([answer?.errorCode, answer?.errorMessage]).toEqual([0, null]);
  }
}

/** Reads a partition to its end, and compares each record with what was sent. */
async function expectRandom(client: WireClient, topic: string, partition: number, seed: number): Promise<number> {
  const records = new RandomRecords(randomFrom(seed), now);
  const compressions = new Set<Compression>();
  let offset = 0;
  while (offset < EACH) {
    const partitions = [{ partition, fetchOffset: BigInt(offset), partitionMaxBytes: 1_048_576 }];
    const { responses } = await client.send(
      fetchApi,
      { maxWaitMs: 500, minBytes: 1, topics: [{ topic, partitions }] },
      11,
    );
    const answer = responses[0]?.partitions[0];
    expect(answer?.errorCode).toBe(0);
    for (const batch of readBatches(answer?.records ?? Buffer.alloc(0))) {
      batch.checkCrc();
      compressions.add(batch.compression);
      for (const record of readRecords(batch)) {
        if (record.offset < offset) continue;
        const sent = lineOf(records.next());
        const read = lineOf(record);
        // Equal lines are the rule, and compared 200,000 times.
        if (record.offset !== offset || read !== sent) {
          expect({ offset: record.offset, read }).toEqual({ offset, read: sent });
        }
        offset++;
      }
    }
  }
  return offset;
}

describe(`random records, seed ${String(SEED)}`, () => {
  test('come back from Iggy as they were sent, whatever they are', { timeout: 600_000 }, async () => {
    const { broker, warnings } = await startGateway(iggy, { config: CONFIG });
    onTestFinished(() => broker.close());
    let read = 0;
    await Promise.all(
      COMPRESSIONS.map(async (compression, number) => {
        const client = await WireClient.connect(broker.bootstrap);
        const topic = `random-${compression}`;
        await createTopic(client, topic, compression);
        for (let partition = 0; partition < PARTITIONS; partition++) {
          const seed = SEED + 100 * number + 10 * partition;
          await produceRandom(client, topic, partition, seed);
          const count = await expectRandom(client, topic, partition, seed);
          read += count;
        }
        await client.close();
      }),
    );
    console.log(`${String(read)} records came back as they were sent`);
    expect(warnings).toEqual([]);
  });

  test('come back to kafkajs as it sent them', { timeout: 600_000 }, async () => {
    const { broker, warnings } = await startGateway(iggy, { config: CONFIG });
    onTestFinished(() => broker.close());
    const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'random', numPartitions: PARTITIONS }] });
    await admin.disconnect();
    const count = RECORDS - EACH * PARTITIONS * COMPRESSIONS.length;
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    const records = new RandomRecords(randomFrom(SEED), now);
    const sent: string[][] = Array.from({ length: PARTITIONS }, () => []);
    for (let left = count; left > 0;) {
      const messages = Array.from({ length: Math.min(left, 1 + records.below(300)) }, () => {
        const message = messageOf(records);
        sent[message.partition]!.push(lineOfMessage(message));
        return message;
      });
      left -= messages.length;
      const compression = records.below(2) === 0 ? CompressionTypes.GZIP : CompressionTypes.None;
      await producer.send({ topic: 'random', messages, compression, acks: -1 });
    }

    const consumer = kafka.consumer({ groupId: 'readers', maxBytesPerPartition: 4 * 1024 * 1024 });
    await consumer.connect();
    onTestFinished(() => consumer.disconnect());
    await consumer.subscribe({ topic: 'random', fromBeginning: true });
    const read: string[][] = Array.from({ length: PARTITIONS }, () => []);
    let left = count;
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ partition, message }) => {
            read[partition]!.push(lineOfMessage(message));
            if (--left === 0) resolve();
          },
        })
        .catch(reject);
    });
    for (let partition = 0; partition < PARTITIONS; partition++) {
      expect(read[partition]!.length).toBe(sent[partition]!.length);
      const differs = read[partition]!.findIndex((line, index) => line !== sent[partition]![index]);
      expect([read[partition]![differs], differs]).toEqual([sent[partition]![differs], -1]);
    }
    console.log(`${String(count)} messages of kafkajs came back as it sent them`);
    expect(warnings).toEqual([]);
  });
});

interface OwnMessage extends Message {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly partition: number;
  readonly timestamp: string;
  readonly headers: Record<string, Buffer[]>;
}

/** kafkajs takes the values of a name together, no null among them, and a timestamp of 0 for none. */
function messageOf(records: RandomRecords): OwnMessage {
  const { timestamp, key, value, headers = [] } = records.next();
  const grouped: Record<string, Buffer[]> = {};
  for (const header of headers) (grouped[String(header.key)] ??= []).push(Buffer.from(header.value ?? ''));
  const partition = records.below(PARTITIONS);
  return { partition, timestamp: String(Math.max(1, timestamp)), key, value, headers: grouped };
}

function lineOfMessage({ timestamp, key, value, headers = {} }: OwnMessage | KafkaMessage): string {
  const list = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((each) => ({ key: name, value: each as Buffer })),
  );
  return lineOf({ timestamp: Number(timestamp), key, value, headers: list });
}
