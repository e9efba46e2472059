import { expect, onTestFinished, test } from 'vitest';
import { newStream, startGateway } from './support/gateway.js';
import { startIggy } from './support/iggy.js';

test('a server that does not show the offsets of the Rust gateway is asked in vain, and the operator is told', async () => {
  const iggy = await startIggy();
  onTestFinished(() => iggy.close());
  const stream = newStream();
  const client = iggy.connect();
  await client.stream.create({ name: stream });
  await client.topic.create({ streamId: stream, name: 'orders', partitionCount: 2, compressionAlgorithm: 1 });
  await client.destroy();
  const { broker, warnings } = await startGateway(iggy, { stream, importOffsets: ['readers'] });
  await broker.close();
  expect(warnings).toEqual([
    "Iggy: the group 'readers' has no offsets of Iggy's Kafka gateway, or the server does not show them",
  ]);
});
