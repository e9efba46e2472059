import assert from 'node:assert/strict';
import { buildBatch, deleteRecordsApi, incrementalAlterConfigsApi } from '../../../src/protocol/index.js';
import { type Bench, type BenchTopic, isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { append, bounds, fetch, readAll, text, values } from './records.js';

/** What is due is done within a second. */
const SOON = { 'log.retention.check.interval.ms': 100, 'log.cleaner.backoff.ms': 100 };

/** Deletes the records of a partition before an offset. */
export async function deleteRecords(
  bench: Bench,
  topic: BenchTopic,
  offset: number,
  {
    partition = 0,
    version = bench.client.version(deleteRecordsApi),
  }: { readonly partition?: number; readonly version?: number } = {},
): Promise<{ readonly errorCode: number; readonly lowWatermark: bigint } | undefined> {
  const partitions = [{ partitionIndex: partition, offset: BigInt(offset) }];
  const request = { topics: [{ name: topic.name, partitions }], timeoutMs: 10_000 };
  return (await bench.client.send(deleteRecordsApi, request, version)).topics[0]?.partitions[0];
}

export const logCases: readonly CaseDefinition[] = [
  {
    name: 'records before an offset are deleted, and those from it on are not, at every version',
    needs: ['deleteRecords'],
    async run(bench) {
      const topic = await bench.topic();
      const written = Array.from({ length: 10 }, (_, index) => String(index));
      for (const value of written) await append(bench.client, topic, [value]);
      let start = 0;
      for (const version of bench.client.versions(deleteRecordsApi)) {
        start += 2;
        const deleted = await deleteRecords(bench, topic, start, { version });
        isCode(deleted?.errorCode, 'NONE', `DeleteRecords v${String(version)}`);
        assert.equal(deleted?.lowWatermark, BigInt(start), `DeleteRecords v${String(version)}: another low watermark`);
      }
      assert.deepEqual(await bounds(bench.client, topic), [start, 10], 'ListOffsets has other bounds');
      isCode(
        (await fetch(bench.client, topic, start - 1)).errorCode,
        'OFFSET_OUT_OF_RANGE',
        'Fetch of what was deleted',
      );
      const left = (await readAll(bench.client, topic, { from: start })).map(({ value }) => value);
      assert.deepEqual(left, written.slice(start), 'other records are left');
    },
  },
  {
    name: 'with offset -1 all records are deleted, and offsets go on',
    needs: ['deleteRecords'],
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a', 'b', 'c']);
      const deleted = await deleteRecords(bench, topic, -1);
      isCode(deleted?.errorCode, 'NONE', 'DeleteRecords to -1');
      assert.equal(deleted?.lowWatermark, 3n, 'DeleteRecords to -1: another low watermark');
      assert.equal(await append(bench.client, topic, ['d']), 3, 'the next record has another offset');
      const left = (await readAll(bench.client, topic, { from: 3 })).map(({ value }) => value);
      assert.deepEqual(left, ['d']);
    },
  },
  {
    name: 'records are not deleted beyond the end, nor of what is not there',
    needs: ['deleteRecords'],
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a']);
      isCode((await deleteRecords(bench, topic, 2))?.errorCode, 'OFFSET_OUT_OF_RANGE', 'DeleteRecords beyond the end');
      isCode((await deleteRecords(bench, topic, -2))?.errorCode, 'OFFSET_OUT_OF_RANGE', 'DeleteRecords to -2');
      const none = await deleteRecords(bench, { name: bench.name('none'), id: '' }, 0);
      isCode(none?.errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'DeleteRecords of no topic');
      const other = await deleteRecords(bench, topic, 0, { partition: 1 });
      isCode(other?.errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'DeleteRecords of partition 1 of 1');
      assert.deepEqual(await values(bench.client, topic), ['a'], 'a record is gone');
    },
  },
  {
    name: 'records before the first offset are gone already',
    needs: ['deleteRecords'],
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a', 'b', 'c']);
      isCode((await deleteRecords(bench, topic, 2))?.errorCode, 'NONE', 'DeleteRecords');
      const again = await deleteRecords(bench, topic, 1);
      isCode(again?.errorCode, 'NONE', 'DeleteRecords before the first offset');
      assert.equal(again?.lowWatermark, 2n, 'DeleteRecords before the first offset: another low watermark');
    },
  },
  {
    name: 'records of a topic that is only compacted are not deleted',
    needs: ['deleteRecords', 'compaction'],
    async run(bench) {
      const topic = await bench.topic({ configs: { 'cleanup.policy': 'compact' } });
      isCode((await deleteRecords(bench, topic, 0))?.errorCode, 'POLICY_VIOLATION', 'DeleteRecords');
    },
  },
  {
    name: 'DeleteRecords is refused where nothing can be deleted',
    without: ['deleteRecords'],
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a']);
      isCode((await deleteRecords(bench, topic, 1))?.errorCode, 'POLICY_VIOLATION', 'DeleteRecords');
      assert.deepEqual(await values(bench.client, topic), ['a'], 'a record is gone');
    },
  },
  {
    name: 'records older than retention.ms go by themselves',
    needs: ['retention'],
    config: SOON,
    async run(bench) {
      const configs = { 'retention.ms': '1000', 'segment.bytes': '1048576' };
      const topic = await bench.topic({ configs });
      const timestamp = Date.now() - 60_000;
      await append(bench.client, topic, buildBatch([text('old', { timestamp })]));
      await bench.eventually(async () => {
        assert.deepEqual(await bounds(bench.client, topic), [1, 1], 'a record older than retention.ms is still there');
      });
      assert.equal(await append(bench.client, topic, ['new']), 1, 'the next record has another offset');
    },
  },
  {
    name: 'the oldest records go while a partition is larger than retention.bytes',
    needs: ['retention'],
    config: SOON,
    async run(bench) {
      const configs = { 'retention.bytes': '2000000', 'segment.bytes': '1048576' };
      const topic = await bench.topic({ configs });
      for (let count = 0; count < 10; count++) await append(bench.client, topic, ['x'.repeat(500_000)]);
      await bench.eventually(async () => {
        const [start, end] = await bounds(bench.client, topic);
        assert(start > 0, 'nothing was dropped of a partition that is larger than retention.bytes');
        assert.equal(end, 10);
      });
    },
  },
  {
    name: 'of a compacted topic the last record of each key stays, at its offset',
    needs: ['compaction'],
    config: SOON,
    async run(bench) {
      const configs = {
        'cleanup.policy': 'compact',
        'min.cleanable.dirty.ratio': '0',
        'segment.ms': '100',
        'segment.bytes': '1048576',
      };
      const topic = await bench.topic({ configs });
      // Old enough for the first segment to end with the next record.
      const timestamp = Date.now() - 10_000;
      for (const [index, key] of ['a', 'b', 'a', 'a'].entries()) {
        const record = text(String(index), { timestamp: timestamp + index, key: Buffer.from(key) });
        await append(bench.client, topic, buildBatch([record]));
      }
      await bench.eventually(async () => {
        // The record behind the others ends the segment, which is cleaned then.
        await append(bench.client, topic, buildBatch([text('end', { key: Buffer.from('end') })]));
        const read = (await readAll(bench.client, topic)).filter(({ key }) => key !== 'end');
        const left = read.map(({ offset, key, value }) => [offset, key, value]);
        assert.deepEqual(
          left,
          [
            [1, 'b', '1'],
            [3, 'a', '3'],
          ],
          'other records are left after compaction',
        );
      });
    },
  },
  {
    name: 'cleanup.policy=compact is refused where nothing can be compacted',
    without: ['compaction'],
    async run(bench) {
      const { name } = await bench.topic();
      const configs = [{ name: 'cleanup.policy', configOperation: 0, value: 'compact' }];
      const resources = [{ resourceType: 2, resourceName: name, configs }];
      const { responses } = await bench.client.send(incrementalAlterConfigsApi, { resources, validateOnly: false });
      isCode(responses[0]?.errorCode, 'INVALID_CONFIG', 'IncrementalAlterConfigs of cleanup.policy=compact');
    },
  },
];
