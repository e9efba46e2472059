/* eslint-disable @typescript-eslint/ban-ts-comment -- types of the client are there only once install.sh has run */
// @ts-nocheck
import confluent from '@confluentinc/kafka-javascript';
import { createRequire } from 'node:module';
import { base64, bytes, serve, UnsupportedError } from './serve.ts';

const { Kafka, logLevel } = confluent.KafkaJS;
const kafka = new Kafka({
  kafkaJS: { clientId: 'confluent', brokers: [process.argv[2]], logLevel: logLevel.NOTHING },
});
const admin = kafka.admin();
await admin.connect();

const quick = { 'retry.backoff.ms': 10, 'reconnect.backoff.ms': 10, 'reconnect.backoff.max.ms': 100 };
let member = null;
const values = [];
let groups = 0;

const consumerOf = (groupId) =>
  kafka.consumer({
    kafkaJS: { groupId, fromBeginning: true, autoCommit: false, sessionTimeout: 6000, heartbeatInterval: 500 },
    'fetch.wait.max.ms': 100,
  });

/** Its binding takes an empty buffer without memory for null. */
const held = (text) => (text === '' ? Buffer.alloc(1).subarray(1) : bytes(text));

function headersOf(headers) {
  const all = {};
  for (const [name, value] of headers) {
    if (value === null) throw new UnsupportedError('its producer takes no null as the value of a header');
    all[name] = all[name] === undefined ? held(value) : [all[name], held(value)].flat();
  }
  return all;
}

const read = ({ offset, timestamp, key, value, headers }) => ({
  offset: Number(offset),
  timestamp: Number(timestamp),
  key: base64(key),
  value: base64(value),
  headers: Object.entries(headers ?? {}).flatMap(([name, header]) => [header].flat().map((one) => [name, base64(one)])),
});

/** Reads until there are `count`; `begin` is called once the consumer runs. */
async function collect(consumer, topic, count, begin = () => undefined) {
  const records = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic] });
  await new Promise((resolve, reject) => {
    const eachMessage = async ({ message }) => {
      if (records.length < count) records.push(read(message));
      if (records.length === count) resolve();
    };
    consumer.run({ eachMessage }).then(begin).catch(reject);
  });
  return records;
}

const { version } = createRequire(import.meta.url)('./node_modules/@confluentinc/kafka-javascript/package.json');

await serve(`${version}, librdkafka ${confluent.librdkafkaVersion}`, {
  async connect() {
    await admin.listTopics();
    return {};
  },
  async create({ topic, partitions: numPartitions }) {
    await admin.createTopics({ topics: [{ topic, numPartitions }] });
    return {};
  },
  async describe({ topic }) {
    const [found] = await admin.fetchTopicMetadata({ topics: [topic] });
    return { partitions: found.partitions.length };
  },
  async produce({ topic, partition, compression, idempotent, records }) {
    const producer = kafka.producer({
      kafkaJS: { idempotent, acks: -1, compression },
      'linger.ms': 50,
      'message.max.bytes': 16_000_000,
    });
    const messages = records.map(({ key, value, headers, timestamp }) => ({
      key: held(key),
      value: held(value),
      headers: headersOf(headers),
      timestamp: String(timestamp),
      partition,
    }));
    await producer.connect();
    try {
      await producer.send({ topic, messages });
    } finally {
      await producer.disconnect();
    }
    return {};
  },
  async consume({ topic, partition, offset, timestamp, count }) {
    // It consumes in groups only: one of its own, which seeks.
    const consumer = consumerOf(`reader-${process.pid}-${++groups}`);
    let from = offset;
    if (timestamp !== undefined) {
      const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timestamp);
      from = offsets.find((entry) => entry.partition === partition).offset;
    }
    const records = await collect(consumer, topic, count, () => {
      if (from !== -2) consumer.seek({ topic, partition, offset: String(from) });
    });
    await consumer.disconnect();
    return { records };
  },
  async join({ group, topic }) {
    member = consumerOf(group);
    await member.connect();
    await member.subscribe({ topics: [topic] });
    await member.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value));
      },
    });
    return {};
  },
  state: async () => ({ partitions: member.assignment().map(({ partition }) => partition), values }),
  async leave() {
    await member.disconnect();
    member = null;
    return {};
  },
  async readGroup({ group, topic, count }) {
    const consumer = consumerOf(group);
    const records = await collect(consumer, topic, count);
    await consumer.commitOffsets([{ topic, partition: 0, offset: String(records.at(-1).offset + 1) }]);
    await consumer.disconnect();
    return { records };
  },
  async deleteRecords({ topic, partition, offset }) {
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
    return {};
  },
  async flood({ topic, partitions, count, value, idempotent }) {
    const producer = kafka.producer({
      kafkaJS: { idempotent, acks: -1, maxInFlightRequests: idempotent ? 5 : 1 },
      'batch.num.messages': 200,
      'queue.buffering.max.messages': count,
      ...quick,
    });
    await producer.connect();
    const failed = [];
    const sent = Array.from({ length: count }, (_, number) => ({
      topic,
      messages: [{ key: String(number), value, partition: number % partitions }],
    })).map((one, number) => producer.send(one).catch(() => failed.push(number)));
    await Promise.all(sent);
    await producer.disconnect();
    return { failed };
  },
  async drain({ topic, counts }) {
    const consumer = kafka.consumer({
      kafkaJS: { groupId: `drain-${process.pid}-${++groups}`, fromBeginning: true, autoCommit: false },
      'fetch.wait.max.ms': 100,
      ...quick,
    });
    const read = counts.map(() => []);
    let left = counts.reduce((sum, one) => sum + one, 0);
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    await new Promise((resolve, reject) => {
      const eachMessage = async ({ partition, message }) => {
        read[partition].push(Number(message.key));
        if (--left === 0) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    await consumer.disconnect();
    return { read };
  },
  async deleteTopic({ topic }) {
    await admin.deleteTopics({ topics: [topic] });
    return {};
  },
});
