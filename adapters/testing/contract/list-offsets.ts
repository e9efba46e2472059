import assert from 'node:assert/strict';
import {
  buildBatch,
  listOffsetsApi,
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochResponseEpochEndOffset,
} from '../../../src/protocol/index.js';
import { type Bench, type BenchTopic, isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { append, bounds, EARLIEST, LATEST, listOffset, text } from './records.js';

const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;
/** Since when each of the special timestamps is known. */
const SINCE: readonly (readonly [timestamp: number, version: number])[] = [
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
];

async function epochEnd(
  bench: Bench,
  topic: BenchTopic,
  epochs: { readonly leaderEpoch: number; readonly currentLeaderEpoch?: number },
): Promise<OffsetForLeaderEpochResponseEpochEndOffset | undefined> {
  const partitions = [{ partition: 0, ...epochs }];
  const topics = [{ topic: topic.name, partitions }];
  return (await bench.client.send(offsetForLeaderEpochApi, { topics })).topics[0]?.partitions[0];
}

export const listOffsetsCases: readonly CaseDefinition[] = [
  {
    name: 'the first offset and the one after the last, at every version',
    async run(bench) {
      const topic = await bench.topic();
      assert.deepEqual(await bounds(bench.client, topic), [0, 0], 'an empty partition has other bounds');
      await append(bench.client, topic, ['a', 'b', 'c']);
      for (const version of bench.client.versions(listOffsetsApi)) {
        for (const [timestamp, expected] of [
          [EARLIEST, 0n],
          [LATEST, 3n],
        ] as const) {
          const { errorCode, offset } = await listOffset(bench.client, topic, timestamp, { version });
          isCode(errorCode, 'NONE', `ListOffsets v${String(version)}`);
          assert.equal(offset, expected, `ListOffsets v${String(version)} of ${String(timestamp)}: another offset`);
        }
      }
    },
  },
  {
    name: 'a time finds the first record that is not earlier',
    async run(bench) {
      const topic = await bench.topic();
      const start = Date.now() - 10_000;
      const at = (...times: number[]): Buffer =>
        buildBatch(times.map((each) => text('x', { timestamp: start + each })));
      await append(bench.client, topic, at(100, 200));
      await append(bench.client, topic, at(300, 400));
      const find = async (time: number): Promise<[bigint, bigint]> => {
        const { errorCode, offset, timestamp } = await listOffset(bench.client, topic, start + time);
        isCode(errorCode, 'NONE', 'ListOffsets by time');
        return [offset, timestamp];
      };
      for (const [time, offset, found] of [
        [0, 0, 100],
        [100, 0, 100],
        [101, 1, 200],
        [201, 2, 300],
        [400, 3, 400],
      ] as const) {
        assert.deepEqual(
          await find(time),
          [BigInt(offset), BigInt(start + found)],
          `ListOffsets of ${String(time)} ms`,
        );
      }
      assert.deepEqual(await find(401), [-1n, -1n], 'ListOffsets of a time after the last record finds none');
    },
  },
  {
    name: 'the record with the largest timestamp is found, and none in an empty partition',
    async run(bench) {
      const topic = await bench.topic();
      const now = Date.now() - 10_000;
      const none = await listOffset(bench.client, topic, MAX_TIMESTAMP);
      isCode(none.errorCode, 'NONE', 'ListOffsets of the largest timestamp');
      assert.equal(none.offset, -1n, 'an empty partition has no record with the largest timestamp');
      for (const ms of [1, 5, 3]) {
        await append(bench.client, topic, buildBatch([text('x', { timestamp: now + ms })]));
      }
      const { offset, timestamp } = await listOffset(bench.client, topic, MAX_TIMESTAMP);
      assert.deepEqual([offset, timestamp], [1n, BigInt(now + 5)], 'ListOffsets of the largest timestamp');
    },
  },
  {
    name: 'special timestamps are refused in versions that do not know them',
    async run(bench) {
      const topic = await bench.topic();
      for (const [timestamp, since] of SINCE) {
        for (const version of bench.client.versions(listOffsetsApi)) {
          const { errorCode } = await listOffset(bench.client, topic, timestamp, { version });
          const what = `ListOffsets v${String(version)} of ${String(timestamp)}`;
          isCode(errorCode, version < since ? 'UNSUPPORTED_VERSION' : 'NONE', what);
        }
      }
    },
  },
  {
    name: 'topics and partitions that nobody has are unknown',
    async run(bench) {
      const topic = await bench.topic();
      const none = await listOffset(bench.client, { name: bench.name('none'), id: '' }, LATEST);
      isCode(none.errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'ListOffsets of no topic');
      const other = await listOffset(bench.client, topic, LATEST, { partition: 1 });
      isCode(other.errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'ListOffsets of partition 1 of 1');
    },
  },
  {
    name: 'a leader epoch that the broker does not have is refused',
    async run(bench) {
      const topic = await bench.topic();
      const { errorCode } = await listOffset(bench.client, topic, LATEST, { leaderEpoch: 1000 });
      isCode(errorCode, 'UNKNOWN_LEADER_EPOCH', 'ListOffsets with the leader epoch 1000');
    },
  },
  {
    name: 'a partition that is named twice is refused',
    async run(bench) {
      const topic = await bench.topic();
      const twice = [0, 0].map((partitionIndex) => ({ partitionIndex, timestamp: BigInt(LATEST) }));
      const { topics } = await bench.client.send(listOffsetsApi, {
        replicaId: -1,
        topics: [{ name: topic.name, partitions: twice }],
      });
      for (const { errorCode } of topics.flatMap(({ partitions }) => partitions)) {
        isCode(errorCode, 'INVALID_REQUEST', 'ListOffsets of a partition twice');
      }
    },
  },
  {
    name: 'the current leader epoch ends at the end of the log; a later one is not known',
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a', 'b']);
      const { partitions } = await bench.describe(topic.name);
      const leaderEpoch = partitions[0]?.leaderEpoch ?? -1;
      assert(leaderEpoch >= 0, 'Metadata: the partition has no leader epoch');
      const end = await epochEnd(bench, topic, { leaderEpoch });
      isCode(end?.errorCode, 'NONE', 'OffsetForLeaderEpoch');
      assert.deepEqual([end?.leaderEpoch, end?.endOffset], [leaderEpoch, 2n], 'OffsetForLeaderEpoch: another end');
      const later = await epochEnd(bench, topic, { leaderEpoch: leaderEpoch + 10 });
      assert.deepEqual([later?.leaderEpoch, later?.endOffset], [-1, -1n], 'a later epoch has an end');
      const fenced = await epochEnd(bench, topic, { leaderEpoch, currentLeaderEpoch: leaderEpoch + 10 });
      isCode(fenced?.errorCode, 'UNKNOWN_LEADER_EPOCH', 'OffsetForLeaderEpoch of a client that knows a later leader');
      const none = await epochEnd(bench, { name: bench.name('none'), id: '' }, { leaderEpoch });
      isCode(none?.errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'OffsetForLeaderEpoch of no topic');
    },
  },
];
