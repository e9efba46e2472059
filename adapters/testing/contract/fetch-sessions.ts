import assert from 'node:assert/strict';
import { fetchApi, type FetchResponse } from '../../../src/protocol/index.js';
import type { WireClient } from '../../../src/wire-client/index.js';
import { type BenchTopic, isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { append, recordsIn } from './records.js';

/** Versions from this one on name topics by id (KIP-516). */
const BY_ID = 13;

interface SessionFetch {
  readonly sessionId?: number;
  readonly sessionEpoch: number;
  /** Offsets wanted, by partition. */
  readonly offsets?: Readonly<Record<number, number>>;
  readonly forgotten?: readonly number[];
  readonly version?: number;
}

function sessionFetch(client: WireClient, topic: BenchTopic, options: SessionFetch): Promise<FetchResponse> {
  const { sessionId = 0, sessionEpoch, offsets = {}, forgotten = [] } = options;
  const version = options.version ?? client.version(fetchApi);
  const named = version >= BY_ID ? { topicId: topic.id } : { topic: topic.name };
  const partitions = Object.entries(offsets).map(([partition, offset]) => ({
    partition: Number(partition),
    fetchOffset: BigInt(offset),
    partitionMaxBytes: 1 << 20,
  }));
  const request = {
    maxWaitMs: 0,
    minBytes: 0,
    sessionId,
    sessionEpoch,
    topics: partitions.length === 0 ? [] : [{ ...named, partitions }],
    forgottenTopicsData: forgotten.length === 0 ? [] : [{ ...named, partitions: forgotten }],
  };
  return client.send(fetchApi, request, version);
}

/** Which partitions were answered, with their values. */
function answered({ responses }: FetchResponse): [partition: number, values: (string | null)[]][] {
  return responses
    .flatMap(({ partitions }) => partitions)
    .map(({ partitionIndex, records }): [number, (string | null)[]] => [
      partitionIndex,
      recordsIn(records).map(({ value }) => value),
    ])
    .sort(([a], [b]) => a - b);
}

export const fetchSessionCases: readonly CaseDefinition[] = [
  {
    name: 'a session answers only what is new',
    async run(bench) {
      const { client } = bench;
      const topic = await bench.topic({ partitions: 2 });
      const full = await sessionFetch(client, topic, { sessionEpoch: 0, offsets: { 0: 0, 1: 0 } });
      isCode(full.errorCode, 'NONE', 'Fetch that begins a session');
      assert.deepEqual(
        answered(full),
        [
          [0, []],
          [1, []],
        ],
        'the first fetch of a session answers every partition',
      );
      const { sessionId } = full;
      assert.notEqual(sessionId, 0, 'no session was made');
      assert.deepEqual(answered(await sessionFetch(client, topic, { sessionId, sessionEpoch: 1 })), []);
      await append(client, topic, ['a'], { partition: 1 });
      const news = await sessionFetch(client, topic, { sessionId, sessionEpoch: 2 });
      assert.deepEqual(answered(news), [[1, ['a']]], 'a session answers the partition with new records and no other');
    },
  },
  {
    name: 'partitions are added to a session, moved and forgotten',
    async run(bench) {
      const { client } = bench;
      const topic = await bench.topic({ partitions: 2 });
      for (const partition of [0, 1]) await append(client, topic, [`p${String(partition)}`], { partition });
      const first = await sessionFetch(client, topic, { sessionEpoch: 0, offsets: { 0: 0 } });
      assert.deepEqual(answered(first), [[0, ['p0']]]);
      const { sessionId } = first;
      const added = await sessionFetch(client, topic, { sessionId, sessionEpoch: 1, offsets: { 0: 1, 1: 0 } });
      assert.deepEqual(answered(added), [[1, ['p1']]], 'the partition that was added is answered, and no other');
      const back = await sessionFetch(client, topic, {
        sessionId,
        sessionEpoch: 2,
        offsets: { 0: 0 },
        forgotten: [1],
      });
      assert.deepEqual(answered(back), [[0, ['p0']]], 'a partition that was forgotten is not answered');
    },
  },
  {
    name: 'a session that there is not, or a wrong epoch, is refused',
    async run(bench) {
      const { client } = bench;
      const topic = await bench.topic();
      const none = await sessionFetch(client, topic, { sessionId: 4711, sessionEpoch: 1 });
      isCode(none.errorCode, 'FETCH_SESSION_ID_NOT_FOUND', 'Fetch of no session');
      const { sessionId } = await sessionFetch(client, topic, { sessionEpoch: 0, offsets: { 0: 0 } });
      const skipped = await sessionFetch(client, topic, { sessionId, sessionEpoch: 5 });
      isCode(skipped.errorCode, 'INVALID_FETCH_SESSION_EPOCH', 'Fetch with epoch 5 after 0');
      isCode(
        (await sessionFetch(client, topic, { sessionId, sessionEpoch: 1 })).errorCode,
        'NONE',
        'Fetch with epoch 1',
      );
    },
  },
  {
    name: 'a session that was closed is gone',
    async run(bench) {
      const { client } = bench;
      const topic = await bench.topic();
      const { sessionId } = await sessionFetch(client, topic, { sessionEpoch: 0, offsets: { 0: 0 } });
      const last = await sessionFetch(client, topic, { sessionId, sessionEpoch: -1, offsets: { 0: 0 } });
      isCode(last.errorCode, 'NONE', 'Fetch that closes its session');
      assert.equal(last.sessionId, 0, 'the session goes on');
      const gone = await sessionFetch(client, topic, { sessionId, sessionEpoch: 1 });
      isCode(gone.errorCode, 'FETCH_SESSION_ID_NOT_FOUND', 'Fetch of a session that was closed');
    },
  },
  {
    name: 'a session that was begun by names does not go on by ids',
    async run(bench) {
      const { client } = bench;
      const topic = await bench.topic();
      const byName = client.version(fetchApi, BY_ID - 1);
      const first = await sessionFetch(client, topic, { sessionEpoch: 0, offsets: { 0: 0 }, version: byName });
      const next = await sessionFetch(client, topic, { sessionId: first.sessionId, sessionEpoch: 1 });
      isCode(next.errorCode, 'FETCH_SESSION_TOPIC_ID_ERROR', 'Fetch by ids in a session by names');
    },
  },
  {
    name: 'without a slot for a session every fetch is answered whole',
    needs: ['brokerConfigs'],
    config: { 'max.incremental.fetch.session.cache.slots': 0 },
    async run(bench) {
      const topic = await bench.topic();
      const full = await sessionFetch(bench.client, topic, { sessionEpoch: 0, offsets: { 0: 0 } });
      isCode(full.errorCode, 'NONE', 'Fetch that asks for a session');
      assert.equal(full.sessionId, 0, 'there is a session');
      assert.deepEqual(answered(full), [[0, []]], 'the fetch is not answered whole');
    },
  },
];
