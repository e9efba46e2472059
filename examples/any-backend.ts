// One program for every backend: a Kafka client writes three records to the gateway in the same process and reads them as a
// member of a group. What is behind the gateway is one line. The stub stores nothing and says so; memory and Iggy are brokers.
// It needs kafkajs, and apache-iggy whichever backend it is, in a project with `"type": "module"`.
import { Client } from 'apache-iggy';
import { type Backend, createKafkaGateway, createStubBackend } from 'iggy-gateway-kafka';
import { createIggyBackend } from 'iggy-gateway-kafka/adapters/iggy';
import { createMemoryBackend } from 'iggy-gateway-kafka/adapters/memory';
import { Kafka, logLevel, Partitioners } from 'kafkajs';

const connect = () =>
  new Client({
    transport: 'TCP',
    options: { host: '127.0.0.1', port: Number(process.env['IGGY_PORT'] ?? 8090) },
    credentials: { username: 'iggy', password: 'iggy' },
    reconnect: { enabled: false, interval: 0, maxRetries: 0 }, // the gateway does it, and sooner
  });
const backends = {
  stub: () => createStubBackend(),
  memory: () => createMemoryBackend(),
  iggy: () => createIggyBackend({ connect, stream: 'market' }),
};

// The line to change: stub, memory or iggy.
const backend: Backend = backends.memory();

const gateway = createKafkaGateway({ listener: { port: 0 }, backend });
const { port } = await gateway.listen();
console.log(`backend: ${backend.name}`);

const kafka = new Kafka({
  brokers: [`127.0.0.1:${String(port)}`],
  logLevel: logLevel.NOTHING,
  retry: { retries: 3, initialRetryTime: 50 },
});
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
const consumer = kafka.consumer({ groupId: 'readers' });
try {
  await producer.connect();
  const messages = ['apples', 'pears', 'plums'].map((value) => ({ key: 'anna', value }));
  const [sent] = await producer.send({ topic: 'fruit', messages });
  const first = Number(sent?.baseOffset);
  console.log(`written from offset ${String(first)}`);

  await consumer.connect();
  await consumer.subscribe({ topic: 'fruit', fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        console.log(`${message.offset} ${String(message.key)} ${String(message.value)}`);
        if (Number(message.offset) === first + 2) resolve();
      },
    });
  });
} catch (error) {
  console.log(`refused: ${String(error)}`);
} finally {
  await consumer.disconnect();
  await producer.disconnect();
  await gateway.close();
}
