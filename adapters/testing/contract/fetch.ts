import assert from 'node:assert/strict';
import { fetchApi } from '../../../src/protocol/index.js';
import { isCode, later } from './bench.js';
import type { CaseDefinition } from './case.js';
import { append, batchOf, fetch, recordsIn } from './records.js';

/** Longer than any answer takes that does not wait for its time. */
const LONG_MS = 60_000;
/** Long enough for what is to be answered earlier, and short for what is not. */
const WAIT_MS = 5000;
/** Who reads what is committed only. */
const READ_COMMITTED = 1;
/** Versions from this one on name topics by id (KIP-516). */
const BY_ID = 13;

/** Whether something takes at least so long, with what timers and clocks may be off. */
async function takes<T>(ms: number, what: string, run: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await run();
  const took = performance.now() - start;
  assert(took >= ms - 10, `${what} was answered after ${took.toFixed(0)} ms; it had to wait for ${String(ms)} ms`);
  return result;
}

export const fetchCases: readonly CaseDefinition[] = [
  {
    name: 'records are read from an offset on, at every version',
    async run(bench) {
      const topic = await bench.topic();
      for (const value of ['a', 'b', 'c']) await append(bench.client, topic, [value]);
      for (const version of bench.client.versions(fetchApi)) {
        const what = `Fetch v${String(version)}`;
        const answer = await fetch(bench.client, topic, 1, { version });
        isCode(answer.errorCode, 'NONE', what);
        const read = recordsIn(answer.records, 1).map(({ offset, value }) => [offset, value]);
        assert.deepEqual(
          read,
          [
            [1, 'b'],
            [2, 'c'],
          ],
          `${what}: other records were read`,
        );
        assert.equal(answer.highWatermark, 3n, `${what}: another high watermark`);
        assert.equal(answer.lastStableOffset, 3n, `${what}: another last stable offset`);
        if (version >= 5) assert.equal(answer.logStartOffset, 0n, `${what}: another log start offset`);
      }
    },
  },
  {
    name: 'an offset within a batch gives the batch that holds it',
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a', 'b', 'c']);
      const { records } = await fetch(bench.client, topic, 1);
      const read = recordsIn(records, 1).map(({ value }) => value);
      assert.deepEqual(read, ['b', 'c']);
    },
  },
  {
    name: 'offsets outside of the log are out of range; its end is not',
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a']);
      isCode((await fetch(bench.client, topic, 1)).errorCode, 'NONE', 'Fetch at the end of the log');
      isCode((await fetch(bench.client, topic, 2)).errorCode, 'OFFSET_OUT_OF_RANGE', 'Fetch behind the end');
      isCode((await fetch(bench.client, topic, -1)).errorCode, 'OFFSET_OUT_OF_RANGE', 'Fetch of offset -1');
    },
  },
  {
    name: 'an offset out of range is answered at once',
    async run(bench) {
      const topic = await bench.topic();
      const { errorCode } = await fetch(bench.client, topic, 5, { maxWaitMs: LONG_MS, minBytes: 1 });
      isCode(errorCode, 'OFFSET_OUT_OF_RANGE', 'Fetch behind the end with maxWaitMs');
    },
  },
  {
    name: 'topics and partitions that nobody has are unknown, by name and by id',
    async run(bench) {
      const nowhere = { name: bench.name('none'), id: '9b2f6a0e-1c4d-4e8f-9a3b-5d7c8e0f1a2b' };
      const topic = await bench.topic();
      for (const version of bench.client.versions(fetchApi)) {
        const expected = version >= BY_ID ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION';
        const { errorCode } = await fetch(bench.client, nowhere, 0, { version });
        isCode(errorCode, expected, `Fetch v${String(version)} of no topic`);
        const none = await fetch(bench.client, topic, 0, { version, partition: 1 });
        isCode(none.errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', `Fetch v${String(version)} of partition 1 of 1`);
      }
    },
  },
  {
    name: 'a fetch at the end waits for its time, and is answered with nothing',
    async run(bench) {
      const topic = await bench.topic();
      const options = { maxWaitMs: 200, minBytes: 1 };
      const { errorCode, records } = await takes(200, 'Fetch', () => fetch(bench.client, topic, 0, options));
      isCode(errorCode, 'NONE', 'Fetch');
      assert.deepEqual(recordsIn(records), []);
    },
  },
  {
    name: 'a fetch that waits is answered by the append that fulfils it',
    async run(bench) {
      const topic = await bench.topic();
      const consumer = await bench.connect();
      const start = performance.now();
      const waiting = later(fetch(consumer, topic, 0, { maxWaitMs: WAIT_MS, minBytes: 1 }));
      await append(bench.client, topic, ['a']);
      const read = recordsIn((await waiting).records).map(({ value }) => value);
      assert.deepEqual(read, ['a'], 'Fetch: other records were read');
      assert(performance.now() - start < WAIT_MS, 'the fetch was answered when its time was over, not by the append');
    },
  },
  {
    name: 'a fetch waits until there are minBytes, over several appends',
    async run(bench) {
      const topic = await bench.topic();
      const consumer = await bench.connect();
      const minBytes = 2 * batchOf(['aaaa']).length + 1;
      const waiting = later(fetch(consumer, topic, 0, { maxWaitMs: LONG_MS, minBytes }));
      for (let count = 0; count < 3; count++) await append(bench.client, topic, ['aaaa']);
      const read = recordsIn((await waiting).records);
      assert.equal(read.length, 3, 'Fetch was answered before there were minBytes');
    },
  },
  {
    name: 'with minBytes 0 nothing is waited for',
    async run(bench) {
      const topic = await bench.topic();
      isCode((await fetch(bench.client, topic, 0, { maxWaitMs: LONG_MS, minBytes: 0 })).errorCode, 'NONE', 'Fetch');
    },
  },
  {
    name: 'a fetch that waits is not woken by records of another partition',
    async run(bench) {
      const topic = await bench.topic({ partitions: 2 });
      const consumer = await bench.connect();
      const waiting = later(fetch(consumer, topic, 0, { maxWaitMs: 300, minBytes: 1, partition: 1 }));
      await append(bench.client, topic, ['x'], { partition: 0 });
      const { records } = await waiting;
      assert.deepEqual(recordsIn(records), [], 'records of another partition were answered');
    },
  },
  {
    name: 'the first batch comes whole, however few bytes are wanted',
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['x'.repeat(10_000)]);
      await append(bench.client, topic, ['y']);
      for (const limits of [{ partitionMaxBytes: 1 }, { maxBytes: 1 }, { partitionMaxBytes: 1, maxBytes: 1 }]) {
        const { records } = await fetch(bench.client, topic, 0, limits);
        const read = recordsIn(records).map(({ value }) => value?.length);
        assert.deepEqual(read, [10_000], `Fetch with ${JSON.stringify(limits)} has other records`);
      }
    },
  },
  {
    name: 'no more than partitionMaxBytes are answered after the first batch',
    async run(bench) {
      const topic = await bench.topic();
      for (let count = 0; count < 10; count++) await append(bench.client, topic, ['x'.repeat(1000)]);
      const { records } = await fetch(bench.client, topic, 0, { partitionMaxBytes: 3500 });
      assert((records?.length ?? 0) <= 3500, `Fetch gave ${String(records?.length)} bytes of at most 3500`);
      assert.equal(recordsIn(records).length, 3, 'Fetch gave another number of whole batches than fit');
    },
  },
  {
    name: 'maxBytes holds for all partitions together, and every partition is answered',
    async run(bench) {
      const topic = await bench.topic({ partitions: 3 });
      for (const partition of [0, 1, 2]) await append(bench.client, topic, ['x'.repeat(2000)], { partition });
      const version = bench.client.version(fetchApi, BY_ID - 1);
      const partitions = [0, 1, 2].map((partition) => ({ partition, fetchOffset: 0n, partitionMaxBytes: 1 << 20 }));
      const topics = [{ topic: topic.name, partitions }];
      const session = version >= 7 ? { sessionId: 0, sessionEpoch: -1 } : {};
      const request = { maxWaitMs: 0, minBytes: 1, maxBytes: 2500, ...session, topics };
      const { responses } = await bench.client.send(fetchApi, request, version);
      const answers = responses.flatMap((each) => each.partitions);
      assert.equal(answers.length, 3, 'Fetch: not every partition was answered');
      const bytes = answers.reduce((sum, { records }) => sum + (records?.length ?? 0), 0);
      assert(bytes > 0 && bytes <= 2500, `Fetch gave ${String(bytes)} bytes; maxBytes is 2500`);
    },
  },
  {
    name: 'a leader epoch that the broker does not have is refused',
    async run(bench) {
      const topic = await bench.topic();
      const version = bench.client.version(fetchApi);
      const { errorCode } = await fetch(bench.client, topic, 0, { version, leaderEpoch: 1000 });
      isCode(errorCode, 'UNKNOWN_LEADER_EPOCH', 'Fetch with the leader epoch 1000');
    },
  },
  {
    name: 'a client that leaves while its fetch waits harms nobody',
    async run(bench) {
      const topic = await bench.topic();
      const gone = await bench.connect();
      const waiting = later(fetch(gone, topic, 0, { maxWaitMs: LONG_MS }));
      await gone.close();
      await assert.rejects(waiting);
      await append(bench.client, topic, ['a']);
      await bench.eventually(async () => {
        assert.equal(recordsIn((await fetch(bench.client, topic, 0)).records).length, 1);
      });
    },
  },
  {
    name: 'a fetch that waits is answered when its topic is deleted',
    async run(bench) {
      const topic = await bench.topic();
      const consumer = await bench.connect();
      const waiting = later(fetch(consumer, topic, 0, { maxWaitMs: LONG_MS, minBytes: 1 }));
      await bench.deleteTopic(topic);
      assert.notEqual((await waiting).errorCode, 0, 'Fetch of a topic that was deleted has no error');
    },
  },
  {
    name: 'the id of a deleted topic is unknown, though another topic has its name',
    async run(bench) {
      const old = await bench.topic();
      await bench.deleteTopic(old);
      const topic = await bench.topic({ name: old.name });
      await append(bench.client, topic, ['new']);
      isCode((await fetch(bench.client, old, 0)).errorCode, 'UNKNOWN_TOPIC_ID', 'Fetch of the id of a deleted topic');
    },
  },
  {
    name: 'fetch.max.bytes holds for every fetch',
    needs: ['brokerConfigs'],
    config: { 'fetch.max.bytes': 2500 },
    async run(bench) {
      const topic = await bench.topic();
      for (let count = 0; count < 3; count++) await append(bench.client, topic, ['x'.repeat(1000)]);
      const { records } = await fetch(bench.client, topic, 0);
      assert.equal(recordsIn(records).length, 2, 'Fetch gave another number of whole batches than fit');
    },
  },
  {
    name: 'who reads what is committed only, is given all of it, and told of no aborted transactions',
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a']);
      const answer = await fetch(bench.client, topic, 0, { isolationLevel: READ_COMMITTED });
      isCode(answer.errorCode, 'NONE', 'Fetch of what is committed');
      assert.deepEqual(answer.abortedTransactions, [], 'Fetch tells of aborted transactions');
      assert.equal(answer.lastStableOffset, 1n, 'Fetch: another last stable offset');
      assert.equal(recordsIn(answer.records).length, 1, 'Fetch gave other records');
    },
  },
  {
    name: 'a client that says where it is, is not sent to another replica',
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['a']);
      const { preferredReadReplica, records } = await fetch(bench.client, topic, 0, { rackId: 'rack-1' });
      assert.equal(preferredReadReplica, -1, 'Fetch names a preferred replica');
      assert.equal(recordsIn(records).length, 1, 'Fetch gave no records');
    },
  },
];
