/* eslint-disable @typescript-eslint/ban-ts-comment -- types of the client are there only once install.sh has run */
// @ts-nocheck
import { createRequire } from 'node:module';
import { Admin, Consumer, Producer } from '@platformatic/kafka';
import { base64, bytes, serve } from './serve.ts';

const options = { clientId: 'platformatic', bootstrapBrokers: [process.argv[2]], retries: 3, retryDelay: 200 };
/** Tries again until it has been done. */
const patient = { ...options, retries: 1000, retryDelay: 10 };
const admin = new Admin(options);
let member = null;
let stream = null;
let partitions = [];
const values = [];

const consumerOf = (groupId) =>
  new Consumer({
    ...options,
    groupId,
    autocommit: false,
    maxWaitTime: 100,
    maxBytes: 32 * 1024 * 1024,
    sessionTimeout: 6000,
    heartbeatInterval: 500,
    rebalanceTimeout: 10_000,
  });

const read = ({ offset, timestamp, key, value, headers }) => ({
  offset: Number(offset),
  timestamp: Number(timestamp),
  key: base64(key),
  value: base64(value),
  headers: [...headers].map(([name, header]) => [String(name), base64(header)]),
});

async function collect(consumer, count, settings) {
  const records = [];
  let last = null;
  const messages = await consumer.consume(settings);
  for await (const message of messages) {
    records.push(read(message));
    last = message;
    if (records.length === count) break;
  }
  return { records, last };
}

const { version } = createRequire(import.meta.url)('./node_modules/@platformatic/kafka/package.json');

await serve(version, {
  async connect() {
    const { brokers } = await admin.metadata({ topics: [] });
    return { brokers: [...brokers.keys()] };
  },
  async create({ topic, partitions: count }) {
    await admin.createTopics({ topics: [topic], partitions: count, replicas: 1 });
    return {};
  },
  async describe({ topic }) {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    return { partitions: topics.get(topic).partitionsCount };
  },
  async produce({ topic, partition, compression, idempotent, records }) {
    const producer = new Producer({ ...options, idempotent, compression, acks: -1 });
    const messages = records.map(({ key, value, headers, timestamp }) => ({
      topic,
      partition,
      key: bytes(key),
      value: bytes(value),
      // Keys of a map that are buffers may say the same.
      headers: new Map(headers.map(([name, header]) => [Buffer.from(name), bytes(header)])),
      timestamp: BigInt(timestamp),
    }));
    await producer.send({ messages });
    await producer.close();
    return {};
  },
  async consume({ topic, partition, offset, timestamp, count }) {
    const consumer = consumerOf(`reader-${process.pid}-${topic}`);
    if (timestamp !== undefined || offset < 0) {
      const found = await consumer.listOffsets({ topics: [topic], timestamp: BigInt(timestamp ?? -2) });
      offset = found.get(topic)[partition];
    }
    const offsets = [{ topic, partition, offset: BigInt(offset) }];
    const { records } = await collect(consumer, count, { topics: [topic], mode: 'manual', offsets });
    await consumer.close(true);
    return { records };
  },
  async join({ group, topic }) {
    member = consumerOf(group);
    member.on('consumer:group:join', ({ assignments }) => {
      partitions = (assignments ?? []).filter((one) => one.topic === topic).flatMap((one) => one.partitions);
    });
    member.on('consumer:group:rebalance', () => {
      partitions = [];
    });
    stream = await member.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' });
    stream.on('data', ({ value }) => values.push(String(value)));
    stream.on('error', (error) => console.error(error));
    return {};
  },
  state: async () => ({ partitions, values }),
  async leave() {
    await member.close(true);
    return {};
  },
  async readGroup({ group, topic, count }) {
    const consumer = consumerOf(group);
    const settings = { topics: [topic], mode: 'committed', fallbackMode: 'earliest' };
    const { records, last } = await collect(consumer, count, settings);
    const offset = last.offset + 1n;
    await consumer.commit({ offsets: [{ topic, partition: last.partition, offset, leaderEpoch: 0 }] });
    await consumer.close(true);
    return { records };
  },
  async deleteRecords({ topic, partition, offset }) {
    await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }] });
    return {};
  },
  async flood({ topic, partitions, count, value, idempotent }) {
    const producer = new Producer({ ...patient, idempotent, acks: -1 });
    const failed = [];
    for (let first = 0; first < count; first += 200) {
      const numbers = Array.from({ length: Math.min(200, count - first) }, (_, index) => first + index);
      const messages = numbers.map((number) => ({
        topic,
        partition: number % partitions,
        key: Buffer.from(String(number)),
        value: Buffer.from(value),
      }));
      await producer.send({ messages }).catch((error) => {
        console.error(error);
        failed.push(...numbers);
      });
    }
    await producer.close();
    return { failed };
  },
  async drain({ topic, counts }) {
    const consumer = new Consumer({ ...patient, groupId: `drain-${process.pid}-${topic}`, maxWaitTime: 100 });
    const offsets = counts.map((_, partition) => ({ topic, partition, offset: 0n }));
    const messages = await consumer.consume({ topics: [topic], mode: 'manual', offsets, autocommit: false });
    const read = counts.map(() => []);
    let left = counts.reduce((sum, one) => sum + one, 0);
    for await (const { partition, key } of messages) {
      read[partition].push(Number(key));
      if (--left === 0) break;
    }
    await consumer.close(true);
    return { read };
  },
  async deleteTopic({ topic }) {
    await admin.deleteTopics({ topics: [topic] });
    return {};
  },
});
