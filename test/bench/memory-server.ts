// The broker over a memory store, with the topic that the rows use: its size is limited, so that a row can run for long.
// A child process: takes what else is to be there as its argument, listens and sends back the port. It runs what was built, as the command does.
import type * as Gateway from 'iggy-gateway-kafka';
import type * as Memory from 'iggy-gateway-kafka/adapters/memory';
import type * as Broker from 'iggy-gateway-kafka/adapters/broker';
import type * as Tuning from '../../src/cli/tuning.js';
import type { MemorySetup } from './child.js';
import { recordBatch } from './record-batch.js';
import { topic } from './rows.js';

const MIB = 1024 ** 2;

const built = async <Module>(file: string): Promise<Module> =>
  (await import(new URL(`../../dist/${file}`, import.meta.url).href)) as Module;
const { createKafkaGateway } = await built<typeof Gateway>('src/index.js');
const { createMemoryStore } = await built<typeof Memory>('adapters/memory/index.js');
const { createBrokerBackend } = await built<typeof Broker>('adapters/broker/index.js');
const { tuneProcess } = await built<typeof Tuning>('src/cli/tuning.js');

// As the command begins.
tuneProcess();

const store = createMemoryStore({ maxBytes: 512 * MIB });
const stored = {
  id: '6d0f0c5e-0000-4000-8000-000000000001',
  name: topic,
  partitionCount: 1,
  configs: { 'retention.bytes': String(128 * MIB), 'retention.ms': '-1' },
};
store.createTopic(stored);
// What the fetch rows read: batches of 64 KiB.
const batches = recordBatch(64 * 1024, 1024);
const partition = { topicId: stored.id, topic, partition: 0 };
for (let bytes = 0; bytes < 8 * MIB; bytes += batches.length) {
  store.append([
    { partition, batches, recordCount: 63, maxTimestamp: 1_700_000_000_000, leaderEpoch: 0, attempt: 0, marker: null },
  ]);
}
const { topics = 1, wide } = JSON.parse(process.argv[2] ?? '{}') as MemorySetup;
const id = (number: number): string => `6d0f0c5e-0000-4000-8000-${String(number).padStart(12, '0')}`;
for (let number = 2; number <= topics; number++) {
  store.createTopic({ id: id(number), name: `topic-${number}`, partitionCount: 1, configs: {} });
}
if (wide !== undefined) {
  store.createTopic({ id: id(topics + 1), name: wide.name, partitionCount: wide.partitions, configs: {} });
  const small = recordBatch(wide.batchBytes, wide.batchBytes - 61);
  for (let number = 0; number < wide.partitions; number++) {
    const one = { topicId: id(topics + 1), topic: wide.name, partition: number };
    const at = { recordCount: 1, maxTimestamp: 1_700_000_000_000, leaderEpoch: 0, attempt: 0, marker: null };
    if (wide.filled) store.append([{ partition: one, batches: small, ...at }]);
  }
}
const gateway = createKafkaGateway({ listener: { port: 0 }, backend: createBrokerBackend({ store }) });
const { port } = await gateway.listen();
process.send?.(port);
process.once('disconnect', () => process.exit());
