import type { LogStore, PartitionId } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { buildBatch } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { maxTimestamp, offsetForTimestamp } from '../../../../adapters/broker/store/find-by-timestamp.js';
import { StoreError } from '../../../../adapters/broker/store/store-error.js';

const TOPIC = { id: '00000000-0000-4000-8000-000000000001', name: 't', partitionCount: 1, configs: {} };
const partition: PartitionId = { topicId: TOPIC.id, topic: TOPIC.name, partition: 0 };
const signal = new AbortController().signal;

/** A memory store with one partition that holds a record for each timestamp, and the same store without its lookups. */
function stores(...batches: readonly (readonly number[])[]) {
  const indexed = createMemoryStore();
  indexed.createTopic(TOPIC);
  for (const timestamps of batches) {
    const records = timestamps.map((timestamp) => ({ timestamp, key: null, value: Buffer.alloc(400_000) }));
    const entry = {
      partition,
      recordCount: records.length,
      maxTimestamp: -1,
      leaderEpoch: 0,
      attempt: 0,
      marker: null,
    };
    indexed.append([{ ...entry, batches: buildBatch(records) }]);
  }
  const scanned: LogStore = Object.assign(Object.create(indexed) as LogStore, {
    offsetForTimestamp: undefined,
    maxTimestamp: undefined,
  });
  return { indexed, scanned };
}

describe('a store without lookups by timestamp', () => {
  const batches = [[10, 30, 20], [5, 5], [40], [35, 40, 12]];

  test('is scanned for the first record that is not earlier', async () => {
    const { indexed, scanned } = stores(...batches);
    // The second record, which has the largest timestamp of its batch, is gone.
    indexed.deleteRecords(partition, 2);
    for (let timestamp = 0; timestamp <= 41; timestamp++) {
      const expected = indexed.offsetForTimestamp(partition, timestamp);
      expect(await offsetForTimestamp({ store: scanned, signal }, partition, timestamp)).toEqual(expected);
      expect(offsetForTimestamp({ store: indexed, signal }, partition, timestamp)).toEqual(expected);
    }
  });

  test('is scanned for the first record with the largest timestamp, not for one before the log start offset', async () => {
    const { indexed, scanned } = stores([50, 7, 9], ...batches);
    expect(await maxTimestamp({ store: scanned, signal }, partition)).toEqual({ offset: 0, timestamp: 50 });
    indexed.deleteRecords(partition, 1);
    expect(await maxTimestamp({ store: scanned, signal }, partition)).toEqual({ offset: 8, timestamp: 40 });
    expect(maxTimestamp({ store: indexed, signal }, partition)).toEqual({ offset: 8, timestamp: 40 });
  });

  test('has no record to find while its log is empty', async () => {
    const { scanned } = stores();
    expect(await offsetForTimestamp({ store: scanned, signal }, partition, 0)).toBeNull();
    expect(await maxTimestamp({ store: scanned, signal }, partition)).toBeNull();
  });

  test('is not scanned past the end that it reports, past an error, nor after the signal', async () => {
    const { scanned } = stores([1]);
    const ahead = Object.assign(Object.create(scanned) as LogStore, {
      logOffsets: () => ({ logStartOffset: 1, logEndOffset: 5, bytes: 0 }),
    });
    expect(await maxTimestamp({ store: ahead, signal }, partition)).toBeNull();
    const failure = new StoreError('UNAVAILABLE', 'gone');
    const failing = Object.assign(Object.create(scanned) as LogStore, { read: () => [{ error: failure }] });
    await expect(maxTimestamp({ store: failing, signal }, partition)).rejects.toBe(failure);
    await expect(
      offsetForTimestamp({ store: scanned, signal }, partition, 1, { signal: AbortSignal.abort() }),
    ).rejects.toThrow('aborted');
  });

  test('is scanned on from the new log start offset where records were dropped meanwhile', async () => {
    const { indexed, scanned } = stores([10], [20], [30]);
    const dropping = Object.assign(Object.create(scanned) as LogStore, {
      read: (...args: Parameters<LogStore['read']>) => {
        indexed.deleteRecords(partition, 2);
        return scanned.read(...args);
      },
    });
    const found = await offsetForTimestamp({ store: dropping, signal }, partition, 5);
    expect(found).toEqual({ offset: 2, timestamp: 30 });
  });

  test('releases what it reads', async () => {
    const { indexed, scanned } = stores([1], [2]);
    await offsetForTimestamp({ store: scanned, signal }, partition, 1);
    await maxTimestamp({ store: scanned, signal }, partition);
    indexed.deleteTopic(TOPIC.id);
    expect(indexed.usedBytes).toBe(0);
  });
});
