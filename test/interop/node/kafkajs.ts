import { createRequire } from 'node:module';
import kafkajs, { type Consumer, type EachMessagePayload, type IHeaders } from 'kafkajs';
import { compress, decompress } from '../../../src/protocol/records/compression/index.js';
import type { Commands, ReadRecord } from '../matrix/driver-protocol.js';
import { base64, bytes, serve, UnsupportedError } from './serve.js';

// kafkajs compresses with gzip by itself, and takes what its user brings for the rest.
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
const { None, GZIP, Snappy, LZ4, ZSTD } = CompressionTypes;
const TYPES = { none: None, gzip: GZIP, snappy: Snappy, lz4: LZ4, zstd: ZSTD };
for (const name of ['snappy', 'lz4', 'zstd'] as const) {
  (CompressionCodecs as Record<number, unknown>)[TYPES[name]] = () => ({
    compress: async (encoder: { buffer: Buffer }) => compress(name, encoder.buffer),
    decompress: async (buffer: Buffer) => decompress(name, buffer),
  });
}

const kafka = new Kafka({
  clientId: 'kafkajs',
  brokers: [process.argv[2] ?? ''],
  retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1000 },
  logLevel: logLevel.NOTHING,
});
/** Tries again until it has been done. */
const patient = new Kafka({
  clientId: 'kafkajs',
  brokers: [process.argv[2] ?? ''],
  retry: { retries: 1000, initialRetryTime: 10, maxRetryTime: 50 },
  logLevel: logLevel.NOTHING,
});
const admin = kafka.admin();
await admin.connect();

function headersOf(headers: readonly (readonly [string, string | null])[]): IHeaders {
  const all: Record<string, Buffer | Buffer[] | null> = {};
  for (const [name, value] of headers) {
    const before = all[name];
    const now = bytes(value);
    if (now === null) throw new UnsupportedError('its encoder takes no null as the value of a header');
    if (before === undefined) all[name] = now;
    else all[name] = [...(Array.isArray(before) ? before : [before!]), now];
  }
  return all as IHeaders;
}

function read({ message }: EachMessagePayload): ReadRecord {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, base64(one)] as const),
  );
  const { offset, timestamp, key, value } = message;
  return { offset: Number(offset), timestamp: Number(timestamp), key: base64(key), value: base64(value), headers };
}

let member: Consumer | null = null;
let partitions: number[] = [];
const values: string[] = [];
let groups = 0;

function consumerOf(groupId: string): Consumer {
  return kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 100 });
}

/** Reads until there are `count`; `begin` is called once the consumer runs. */
async function collect(consumer: Consumer, topic: string, count: number, begin: () => void): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const done = new Promise<void>((resolve) => {
    void consumer.run({
      autoCommit: false,
      eachMessage: async (payload) => {
        if (records.length < count) records.push(read(payload));
        if (records.length === count) resolve();
      },
    });
  });
  begin();
  await done;
  return records;
}

await serve((createRequire(import.meta.url)('kafkajs/package.json') as { version: string }).version, {
  async connect() {
    const { brokers } = await admin.describeCluster();
    return { brokers: brokers.map(({ nodeId }) => nodeId) };
  },
  async create({ topic, partitions: numPartitions }: Commands['create'][0]) {
    await admin.createTopics({ topics: [{ topic, numPartitions }] });
    return {};
  },
  async describe({ topic }: Commands['describe'][0]) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return { partitions: topics[0]!.partitions.length };
  },
  async produce({ topic, partition, compression, idempotent, records }: Commands['produce'][0]) {
    const producer = kafka.producer({ idempotent });
    await producer.connect();
    const messages = records.map(({ key, value, headers, timestamp }) => ({
      key: bytes(key),
      value: bytes(value),
      headers: headersOf(headers),
      timestamp: String(timestamp),
      partition,
    }));
    try {
      await producer.send({
        topic,
        messages,
        acks: -1,
        compression: TYPES[compression],
      });
    } finally {
      await producer.disconnect();
    }
    return {};
  },
  async consume({ topic, partition, offset, timestamp, count }: Commands['consume'][0]) {
    // It consumes in groups only: one of its own, which seeks.
    const consumer = consumerOf(`reader-${process.pid}-${++groups}`);
    let from = String(offset);
    if (timestamp !== undefined) {
      const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timestamp);
      from = offsets.find((entry) => entry.partition === partition)!.offset;
    }
    const records = await collect(consumer, topic, count, () => {
      consumer.seek({ topic, partition, offset: from });
    });
    await consumer.disconnect();
    return { records };
  },
  async join({ group, topic }: Commands['join'][0]) {
    member = consumerOf(group);
    member.on('consumer.group_join', ({ payload }) => {
      partitions = payload.memberAssignment[topic] ?? [];
    });
    member.on('consumer.rebalancing', () => {
      partitions = [];
    });
    await member.connect();
    await member.subscribe({ topic, fromBeginning: true });
    await member.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value));
      },
    });
    return {};
  },
  state: async () => ({ partitions, values }),
  async leave() {
    await member!.disconnect();
    return {};
  },
  async readGroup({ group, topic, count }: Commands['readGroup'][0]) {
    const consumer = consumerOf(group);
    const records = await collect(consumer, topic, count, () => undefined);
    await consumer.commitOffsets([{ topic, partition: 0, offset: String(records.at(-1)!.offset + 1) }]);
    await consumer.disconnect();
    return { records };
  },
  async deleteRecords({ topic, partition, offset }: Commands['deleteRecords'][0]) {
    // It looks for the leader in what it knows before it asks.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    return {};
  },
  async flood({ topic, partitions, count, value, idempotent }: Commands['flood'][0]) {
    const producer = patient.producer({ idempotent, maxInFlightRequests: 1 });
    await producer.connect();
    const failed: number[] = [];
    for (let first = 0; first < count; first += 200) {
      const numbers = Array.from({ length: Math.min(200, count - first) }, (_, index) => first + index);
      const messages = numbers.map((number) => ({ key: String(number), value, partition: number % partitions }));
      await producer.send({ topic, messages, acks: -1 }).catch((error: unknown) => {
        console.error(error);
        failed.push(...numbers);
      });
    }
    await producer.disconnect();
    return { failed };
  },
  async drain({ topic, counts }: Commands['drain'][0]) {
    const consumer = patient.consumer({ groupId: `drain-${process.pid}-${++groups}`, maxWaitTimeInMs: 100 });
    const read: number[][] = counts.map(() => []);
    let left = counts.reduce((sum, one) => sum + one, 0);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ partition, message }) => {
          read[partition]!.push(Number(message.key));
          if (--left === 0) resolve();
        },
      });
    });
    await consumer.disconnect();
    return { read };
  },
  async deleteTopic({ topic }: Commands['deleteTopic'][0]) {
    await admin.deleteTopics({ topics: [topic] });
    return {};
  },
});
