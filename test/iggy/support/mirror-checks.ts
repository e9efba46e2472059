import type { IggyBackendOptions, IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, offsetCommitApi, offsetDeleteApi } from 'iggy-gateway-kafka/protocol';
import { startBroker } from 'iggy-gateway-kafka/testing';
import { createIggyBackend } from 'iggy-gateway-kafka/adapters/iggy';
import { expect, onTestFinished, vi } from 'vitest';
import { WireClient } from '../../../src/wire-client/index.js';
import { createTopic, produceUntilTaken } from './produce.js';

const TOPIC = 'orders';

/** A gateway that mirrors what the group `readers` commits for the topic `orders` of 2 partitions, the first with 5 records. */
export async function startMirror(
  connect: () => IggyClient,
  stream: string,
  options: Partial<IggyBackendOptions> = {},
) {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const backend = () => createIggyBackend({ connect, stream, mirrorOffsets: true, warn, ...options });
  const broker = await startBroker({ backend });
  const client = await WireClient.connect(broker.bootstrap);
  const direct = connect();
  onTestFinished(async () => {
    await client.close();
    await direct.destroy();
    await broker.close();
  });
  await createTopic(client, TOPIC, 2);
  const records = Array.from({ length: 5 }, () => ({ timestamp: Date.now(), value: Buffer.from('v') }));
  await produceUntilTaken(client, TOPIC, 0, buildBatch(records));
  return {
    broker,
    client,
    direct,
    warnings,
    async commit(committedOffset: bigint, groupId = 'readers', partitionIndex = 0): Promise<void> {
      const topics = [{ name: TOPIC, partitions: [{ partitionIndex, committedOffset, committedMetadata: '' }] }];
      const request = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics };
      const answer = await client.send(offsetCommitApi, request, 7);
      expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
    },
    async forget(): Promise<void> {
      const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0 }] }];
      const answer = await client.send(offsetDeleteApi, { groupId: 'readers', topics }, 0);
      expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
    },
    /** What Iggy has stored; null for nothing. */
    async stored(partitionId = 0): Promise<bigint | null> {
      const consumer = { kind: 1, id: 'kafka.cg.readers' } as const;
      const found = await direct.offset.get({ streamId: stream, topicId: TOPIC, partitionId, consumer });
      return found?.storedOffset ?? null;
    },
  };
}

/** What holds of the mirror on the real server and on the stand-in. */
export async function expectMirrored(connect: () => IggyClient, stream: string): Promise<void> {
  const { commit, stored, forget, warnings } = await startMirror(connect, stream);
  await commit(3n);
  await vi.waitFor(async () => expect(await stored()).toBe(2n));
  for (const offset of [4n, 5n, 1n]) await commit(offset);
  await vi.waitFor(async () => expect(await stored()).toBe(0n));
  await commit(5n);
  await vi.waitFor(async () => expect(await stored()).toBe(4n));
  // Nothing was read: there is nothing to be stored.
  await commit(0n);
  await vi.waitFor(async () => expect(await stored()).toBeNull());
  await commit(0n, 'readers', 1);
  await commit(2n);
  await vi.waitFor(async () => expect(await stored()).toBe(1n));
  await forget();
  await vi.waitFor(async () => expect(await stored()).toBeNull());
  expect(await stored(1)).toBeNull();
  expect(warnings).toEqual([]);
  // Iggy holds no offset that there is no message at. The commit stands, and the operator hears of it once.
  for (const offset of [7n, 8n]) await commit(offset);
  await vi.waitFor(() =>
    expect(warnings).toEqual([expect.stringMatching(/the group 'readers' has committed is not shown/)]),
  );
  await commit(5n);
  await vi.waitFor(async () => expect(await stored()).toBe(4n));
  expect(warnings).toHaveLength(1);
}
