// A service on Apache Iggy that Kafka clients take part in: they read the orders that it writes with Iggy's SDK, and it
// reads with the SDK the payments that they write. README.md has the commands to try it with.
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Consumer, HeaderKeyFactory, HeaderValue, Partitioning, PollingStrategy } from 'apache-iggy';
import { createKafkaGateway } from 'iggy-gateway-kafka';
import { createIggyBackend } from 'iggy-gateway-kafka/adapters/iggy';

const env = process.env;
const streamId = 'shop';

const connect = () =>
  new Client({
    transport: 'TCP',
    options: { host: env['IGGY_HOST'] ?? '127.0.0.1', port: Number(env['IGGY_PORT'] ?? 8090) },
    credentials: { username: env['IGGY_USERNAME'] ?? 'iggy', password: env['IGGY_PASSWORD'] ?? 'iggy' },
    reconnect: { enabled: false, interval: 0, maxRetries: 0 }, // the gateway does it, and sooner
  });

const iggy = connect();
if (!(await iggy.stream.get({ streamId }))) await iggy.stream.create({ name: streamId });
for (const name of ['orders', 'payments']) {
  const topic = await iggy.topic.get({ streamId, topicId: name });
  if (!topic) await iggy.topic.create({ streamId, name, partitionCount: 1, compressionAlgorithm: 1 });
}

// The Kafka port. The gateway makes clients of its own: the service's polls do not hold up its.
const gateway = createKafkaGateway({
  listener: { port: Number(env['PORT'] ?? 9093) },
  backend: createIggyBackend({ connect, stream: streamId, warn: console.warn }),
});
const { port } = await gateway.listen();
console.log(`Kafka clients: 127.0.0.1:${String(port)}`);

// An order: a Kafka consumer gets the payload for a value, the header as a header, and no key.
async function order(number: number): Promise<void> {
  await iggy.message.send({
    streamId,
    topicId: 'orders',
    partition: Partitioning.PartitionId(0),
    messages: [
      {
        payload: Buffer.from(JSON.stringify({ order: number, total: 12.5 })),
        headers: [{ key: HeaderKeyFactory.String('source'), value: HeaderValue.Raw(Buffer.from('web')) }],
      },
    ],
  });
}

// Payments: the value is the payload, the key and the headers are headers.
async function readPayments(from: bigint): Promise<bigint> {
  const { messages } = await iggy.message.poll({
    streamId,
    topicId: 'payments',
    consumer: Consumer.Single,
    partitionId: 0,
    pollingStrategy: PollingStrategy.Offset(from),
    count: 100,
    autocommit: false,
  });
  for (const { payload, userHeaders } of messages) {
    const key = userHeaders.find((header) => header.key.value === 'kafka.key')?.value.value;
    console.log(`payment for ${key === undefined ? 'nobody' : String(key)}: ${payload.toString()}`);
  }
  return from + BigInt(messages.length);
}

const stop = new AbortController();
process.once('SIGTERM', () => {
  stop.abort();
});

let next = 0n;
for (let number = 1; !stop.signal.aborted; number++) {
  await order(number);
  next = await readPayments(next);
  await delay(100);
}
await gateway.close();
await iggy.destroy();
