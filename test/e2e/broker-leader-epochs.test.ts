import { ErrorCode } from 'iggy-gateway-kafka';
import { type Placement, singleNode } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { fetchApi, metadataApi, offsetForLeaderEpochApi, readBatches } from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, offsetFor, produce } from '../support/log-requests.js';

/** A broker whose placement moves the epoch of every partition, as a change of the leader does. */
async function started(store = createMemoryStore(), epoch = 0) {
  const leadership = { epoch };
  const placement: Placement = { ...singleNode(), leaderEpoch: () => leadership.epoch };
  const client = await (await startBroker({ store, placement })).connect();
  return {
    store,
    client,
    leadership,
    /** Where an epoch ends. */
    async endOf(leaderEpoch: number, currentLeaderEpoch = -1) {
      const topics = [{ topic: 't', partitions: [{ partition: 0, leaderEpoch, currentLeaderEpoch }] }];
      return (await client.send(offsetForLeaderEpochApi, 4, { topics })).response.topics[0]?.partitions[0];
    },
    async fetch(currentLeaderEpoch: number) {
      const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 10_000, currentLeaderEpoch }];
      const topics = [{ topic: 't', partitions }];
      const { response } = await client.send(fetchApi, 12, { maxWaitMs: 0, minBytes: 0, topics });
      return response.responses[0]?.partitions[0];
    },
  };
}

test('batches, offsets and Metadata carry the epoch of the placement when they are written', async () => {
  const { client, leadership, fetch } = await started();
  await createTopic(client, 't');
  await produce(client, 't', batchOf(['a']));
  leadership.epoch = 3;
  await produce(client, 't', batchOf(['b', 'c']));
  const fetched = await fetch(3);
  const epochs = Array.from(readBatches(fetched!.records!), ({ partitionLeaderEpoch }) => partitionLeaderEpoch);
  expect(epochs).toEqual([0, 3]);
  expect(await offsetFor(client, 't', -2)).toMatchObject({ offset: 0n, leaderEpoch: 0 });
  leadership.epoch = 4;
  expect(await offsetFor(client, 't', -1)).toMatchObject({ offset: 3n, leaderEpoch: 4 });
  expect(await offsetFor(client, 't', -3)).toMatchObject({ leaderEpoch: 3 });
  const { response } = await client.send(metadataApi, 9, { topics: [{ name: 't' }] });
  expect(response.topics[0]?.partitions[0]).toMatchObject({ leaderEpoch: 4 });
});

test('OffsetForLeaderEpoch returns where each epoch ends, after a restart as well', async () => {
  const { client, store, leadership } = await started();
  await createTopic(client, 't');
  await produce(client, 't', batchOf(['a']));
  leadership.epoch = 3;
  await produce(client, 't', batchOf(['b', 'c']));
  const restarted = await started(store, 5);
  await produce(restarted.client, 't', batchOf(['d']));
  const ends = await Promise.all([0, 1, 3, 4, 5, 6].map((epoch) => restarted.endOf(epoch)));
  expect(ends.map((end) => [end?.leaderEpoch, end?.endOffset])).toEqual([
    [0, 1n],
    // Older than every epoch with a history: it ends where the first of them begins, as in Kafka.
    [1, 1n],
    [3, 3n],
    [3, 3n],
    [5, 4n],
    [-1, -1n],
  ]);
});

test('clients with an older or a newer epoch are refused (KIP-320)', async () => {
  const { client, leadership, fetch, endOf } = await started();
  await createTopic(client, 't');
  await produce(client, 't', batchOf(['a']));
  leadership.epoch = 3;
  expect((await fetch(0))?.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
  expect((await fetch(4))?.errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
  expect((await fetch(3))?.errorCode).toBe(ErrorCode.NONE);
  expect((await endOf(0, 0))?.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
  expect((await endOf(0, 3))?.errorCode).toBe(ErrorCode.NONE);
});
