// A store whose topics change from elsewhere: Iggy's, on its stand-in.
import { ErrorCode } from 'iggy-gateway-kafka';
import { createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { createTopicsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import { startBroker } from '../support/broker.js';
import { createStandIn } from '../support/iggy-stand-in.js';

async function setUp() {
  const iggy = createStandIn();
  // Nobody looks for changes in the time of a test.
  const store = createIggyStore({ connect: () => iggy.connect(), stream: 'kafka', topicsRefreshMs: 3_600_000 });
  const client = await (await startBroker({ store })).connect();
  const made = { streamId: 'kafka', name: 'made-there', partitionCount: 3, compressionAlgorithm: 1 } as const;
  await iggy.connect().topic.create(made);
  const ask = async (allowAutoTopicCreation: boolean) => {
    const { response } = await client.send(metadataApi, 9, {
      topics: [{ name: 'made-there' }],
      allowAutoTopicCreation,
    });
    return response.topics.map(({ errorCode, partitions }) => [errorCode, partitions.length]);
  };
  return { client, ask };
}

test('a topic that was made elsewhere is found by whoever would have it created', async () => {
  const { ask } = await setUp();
  expect(await ask(false)).toEqual([[ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0]]);
  expect(await ask(true)).toEqual([[ErrorCode.NONE, 3]]);
  expect(await ask(false)).toEqual([[ErrorCode.NONE, 3]]);
});

test('a topic that was made elsewhere cannot be created, and is known from then on', async () => {
  const { client, ask } = await setUp();
  const topics = [{ name: 'made-there', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  const { response } = await client.send(createTopicsApi, 5, { topics, timeoutMs: 1000, validateOnly: false });
  expect(response.topics).toMatchObject([{ errorCode: ErrorCode.TOPIC_ALREADY_EXISTS }]);
  expect(await ask(false)).toEqual([[ErrorCode.NONE, 3]]);
});
