import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

test('kafkajs writes records to Iggy and reads them', async () => {
  const { broker, warnings } = await startGateway(iggy);
  onTestFinished(() => broker.close());
  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] });

  const producer = kafka.producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  const messages = Array.from({ length: 100 }, (_, index) => ({
    key: `key-${String(index % 7)}`,
    value: `value-${String(index)}`,
    headers: { index: String(index) },
    partition: index % 2,
  }));
  await producer.send({ topic: 'orders', messages });

  const consumer = kafka.consumer({ groupId: 'readers' });
  await consumer.connect();
  onTestFinished(() => consumer.disconnect());
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  const read: string[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          const { key, value, headers } = message;
          read.push([partition, String(key), String(value), String(headers?.index)].join(' '));
          if (read.length === messages.length) resolve();
        },
      })
      .catch(reject);
  });
  const sent = messages.map(({ key, value, headers, partition }) => [partition, key, value, headers.index].join(' '));
  expect(read.sort()).toEqual(sent.sort());
  expect(warnings).toEqual([]);
});
