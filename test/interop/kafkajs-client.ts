import { Kafka, logLevel } from 'kafkajs';

/**
 * kafkajs put to one use after another, as a process of its own. Arguments: host:port, command, topic. Prints what it
 * saw; exit code 1 for an error that the client reports.
 */
const [bootstrap, command, topic = 'greetings'] = process.argv.slice(2);
const limitMs = 5_000;

const kafka = new Kafka({
  clientId: 'kafkajs',
  brokers: [bootstrap ?? ''],
  connectionTimeout: limitMs,
  requestTimeout: limitMs,
  retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
  logLevel: logLevel.NOTHING,
});

const commands: Record<string, () => Promise<void>> = { metadata, 'create-topic': createTopic, produce };

async function metadata(): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { brokers, controller, clusterId } = await admin.describeCluster();
    print({ clusterId, controller, brokers });
    print({ topics: await admin.listTopics() });
    print(await admin.fetchTopicMetadata({ topics: [topic] }));
  } finally {
    await admin.disconnect();
  }
}

async function createTopic(): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const created = await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1 }] });
    print({ created });
  } finally {
    await admin.disconnect();
  }
}

async function produce(): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  try {
    const messages = ['one', 'two', 'three'].map((value) => ({ key: 'key', value }));
    print(await producer.send({ topic, messages }));
  } finally {
    await producer.disconnect();
  }
}

function print(value: unknown): void {
  console.log(JSON.stringify(value));
}

try {
  await commands[command ?? '']?.();
} catch (error) {
  const { name, message } = error as Error;
  console.log(`error: ${name}: ${message}`);
  process.exitCode = 1;
}
