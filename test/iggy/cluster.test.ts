import { createIggyBackend } from 'iggy-gateway-kafka/adapters/iggy';
import { startBroker } from 'iggy-gateway-kafka/testing';
import { expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { startCluster } from './support/cluster.js';
import { newStream } from './support/gateway.js';
import { createTopic, produceUntilTaken } from './support/produce.js';
import { readValues } from './support/read-values.js';
import { batchOf } from './support/set-up.js';

// What the cluster does after its leader was killed differs from run to run, also for the SDK by itself: see the guide.
test('a cluster of three is served past a dead address, and goes on without a follower', async () => {
  const cluster = await startCluster();
  onTestFinished(() => cluster.close());
  const leader = await cluster.leader(0, 1, 2);
  const warnings: string[] = [];
  const gateway = await startBroker({
    backend: createIggyBackend({
      connect: (address) => cluster.connect(address),
      // Nothing listens on the first one.
      addresses: ['127.0.0.1:1', ...cluster.addresses],
      stream: newStream(),
      connectTimeoutMs: 30_000,
      warn: (line) => warnings.push(line),
    }),
  });
  const client = await WireClient.connect(gateway.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await gateway.close();
  });
  expect(warnings.join()).toMatch(/has failed at 127\.0\.0\.1:1: .*commands are answered again, by 127\.0\.0\.1:/);
  await createTopic(client, 'orders');
  await produceUntilTaken(client, 'orders', 0, batchOf('with all three'));
  await cluster.kill((leader + 1) % 3);
  await produceUntilTaken(client, 'orders', 0, batchOf('without a follower'));
  await createTopic(client, 'payments');
  await produceUntilTaken(client, 'payments', 0, batchOf('to a new topic'));
  expect(await readValues(gateway.bootstrap, 'orders', 2)).toEqual(['with all three', 'without a follower']);
  expect(await readValues(gateway.bootstrap, 'payments', 1)).toEqual(['to a new topic']);
}, 120_000);
