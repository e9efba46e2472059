// Starts brokers for tests, one after another, and a consumer with each; sends back the times. A child process: how often
// is its argument. It runs what was built.
import type * as Testing from 'iggy-gateway-kafka/testing';
import kafkajs from 'kafkajs';
import { ask } from './ask.js';
import { metadataRequest } from './rows.js';
import type { TestingTimes } from './testing.js';

const { startBroker } = (await import(
  new URL('../../dist/adapters/testing/index.js', import.meta.url).href
)) as typeof Testing;
const times: TestingTimes = { answer: [], group: [] };

for (let round = Number(process.argv[2]); round >= 0; round--) {
  const start = performance.now();
  const broker = await startBroker();
  await ask({ host: broker.host, port: broker.port }, metadataRequest);
  times.answer.push(performance.now() - start);
  times.group.push(await joinMs(broker.bootstrap));
  await broker.close();
}
// The first was not in a warm process.
process.send?.({ answer: times.answer.slice(1), group: times.group.slice(1) } satisfies TestingTimes);
process.once('disconnect', () => process.exit());

/** From a consumer's start until it has its partitions. */
async function joinMs(bootstrap: string): Promise<number> {
  const kafka = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: 'bench' });
  await consumer.connect();
  await consumer.subscribe({ topic: 'bench' });
  const joined = new Promise<number>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => {
      resolve(performance.now());
    });
  });
  const start = performance.now();
  await consumer.run({ eachMessage: async () => {} });
  const end = await joined;
  await consumer.disconnect();
  return end - start;
}
