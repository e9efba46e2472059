import assert from 'node:assert/strict';
import { buildBatch, type Compression, produceApi, readBatches, RecordBatch } from '../../../src/protocol/index.js';
import { isCode } from './bench.js';
import type { CaseDefinition } from './case.js';
import { append, batchOf, bounds, fetch, produce, produceRequest, readAll, text, values } from './records.js';

/** A batch whose head was changed, and its checksum put right. */
function changed(batch: Buffer, change: (batch: Buffer) => void): Buffer {
  change(batch);
  batch.writeUInt32BE(new RecordBatch(batch).computeCrc(), CRC);
  return batch;
}

const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

// Where the fields of a batch stand.
const BASE_OFFSET = 0;
const MAGIC = 16;
const CRC = 17;
const LAST_OFFSET_DELTA = 23;
const MAX_TIMESTAMP = 35;
const RECORD_COUNT = 57;

/** Versions from this one on may carry zstd (KIP-110). */
const ZSTD_SINCE = 7;

export const produceCases: readonly CaseDefinition[] = [
  {
    name: 'records come back as they were sent, at every version',
    async run(bench) {
      const topic = await bench.topic();
      const expected: string[] = [];
      for (const version of bench.client.versions(produceApi)) {
        const batch = [`a${String(version)}`, `b${String(version)}`];
        const offset = await append(bench.client, topic, batch, { version });
        assert.equal(offset, expected.length, `Produce v${String(version)}: the base offset is another`);
        expected.push(...batch);
      }
      assert.deepEqual(await values(bench.client, topic), expected, 'other records were read than were written');
    },
  },
  {
    name: 'keys, values, headers and timestamps are kept, null and empty ones too',
    async run(bench) {
      const topic = await bench.topic();
      const timestamp = Date.now() - 5000;
      const bytes = (content: string): Buffer => Buffer.from(content, 'latin1');
      const headers = [
        { key: 'h', value: bytes('1') },
        { key: 'h', value: bytes('2') },
        { key: '', value: bytes('') },
        { key: 'null', value: null },
      ];
      const batch = buildBatch([
        { timestamp, key: bytes('k'), value: bytes('\x00\xff'), headers },
        { timestamp: timestamp + 1, key: null, value: null },
        { timestamp: timestamp + 2, key: bytes(''), value: bytes('') },
      ]);
      await append(bench.client, topic, batch);
      const expected = [
        {
          key: 'k',
          value: '\x00\xff',
          headers: [
            ['h', '1'],
            ['h', '2'],
            ['', ''],
            ['null', null],
          ],
        },
        { key: null, value: null, headers: [] },
        { key: '', value: '', headers: [] },
      ].map((record, offset) => ({ offset, timestamp: timestamp + offset, ...record }));
      assert.deepEqual(await readAll(bench.client, topic), expected, 'other records were read than were written');
    },
  },
  {
    name: 'batches of every compression come back',
    async run(bench) {
      const topic = await bench.topic();
      for (const compression of COMPRESSIONS)
        await append(bench.client, topic, batchOf(['x', compression], { compression }));
      const expected = COMPRESSIONS.flatMap((compression) => ['x', compression]);
      assert.deepEqual(await values(bench.client, topic), expected, 'other records were read than were written');
    },
  },
  {
    name: 'zstd is refused in versions that do not know it',
    async run(bench) {
      const topic = await bench.topic();
      for (const version of bench.client.versions(produceApi).filter((each) => each < ZSTD_SINCE)) {
        const { errorCode } = await produce(bench.client, topic, batchOf(['x'], { compression: 'zstd' }), { version });
        isCode(errorCode, 'UNSUPPORTED_COMPRESSION_TYPE', `Produce v${String(version)} with zstd`);
      }
      assert.deepEqual(await values(bench.client, topic), [], 'a refused batch was stored');
    },
  },
  {
    name: 'acks 0 is answered with nothing, and stored',
    async run(bench) {
      const topic = await bench.topic();
      const version = bench.client.version(produceApi);
      bench.client.post(produceApi, produceRequest(topic, batchOf(['quiet']), version, { acks: 0 }), version);
      await append(bench.client, topic, ['loud']);
      assert.deepEqual(
        await values(bench.client, topic),
        ['quiet', 'loud'],
        'other records were read than were written',
      );
    },
  },
  {
    name: 'acks 1 is answered once the records are stored',
    async run(bench) {
      const topic = await bench.topic();
      await append(bench.client, topic, ['one'], { acks: 1 });
      assert.deepEqual(await values(bench.client, topic), ['one']);
    },
  },
  {
    name: 'acks other than -1, 0 and 1 are refused',
    async run(bench) {
      const topic = await bench.topic();
      for (const acks of [2, -2]) {
        const { errorCode } = await produce(bench.client, topic, batchOf(['x']), { acks });
        isCode(errorCode, 'INVALID_REQUIRED_ACKS', `Produce with acks ${String(acks)}`);
      }
      assert.deepEqual(await bounds(bench.client, topic), [0, 0], 'a refused batch was stored');
    },
  },
  {
    name: 'an acks 0 request that fails ends its connection',
    async run(bench) {
      const client = await bench.connect();
      const version = client.version(produceApi);
      const nowhere = { name: bench.name('none'), id: '9b2f6a0e-1c4d-4e8f-9a3b-5d7c8e0f1a2b' };
      client.post(produceApi, produceRequest(nowhere, batchOf(['x']), version, { acks: 0 }), version);
      await client.closed;
    },
  },
  {
    name: 'partitions of one request are answered each on its own',
    async run(bench) {
      const topic = await bench.topic({ partitions: 2 });
      const version = bench.client.version(produceApi, 12);
      const partitionData = [1, 7, 0].map((index) => ({ index, records: batchOf([`p${String(index)}`]) }));
      const topicData = [{ name: topic.name, partitionData }];
      const { responses } = await bench.client.send(produceApi, { acks: -1, timeoutMs: 10_000, topicData }, version);
      const codes = new Map(responses[0]?.partitionResponses.map(({ index, errorCode }) => [index, errorCode]));
      isCode(codes.get(0), 'NONE', 'Produce to partition 0');
      isCode(codes.get(1), 'NONE', 'Produce to partition 1');
      isCode(codes.get(7), 'UNKNOWN_TOPIC_OR_PARTITION', 'Produce to partition 7 of 2');
      assert.deepEqual(await values(bench.client, topic, 0), ['p0']);
      assert.deepEqual(await values(bench.client, topic, 1), ['p1']);
    },
  },
  {
    name: 'topics that nobody has are unknown, by name and by id',
    async run(bench) {
      const nowhere = { name: bench.name('none'), id: '9b2f6a0e-1c4d-4e8f-9a3b-5d7c8e0f1a2b' };
      for (const version of bench.client.versions(produceApi)) {
        const { errorCode } = await produce(bench.client, nowhere, batchOf(['x']), { version });
        const expected = version >= 13 ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION';
        isCode(errorCode, expected, `Produce v${String(version)}`);
      }
    },
  },
  {
    name: 'a batch that was changed on its way is corrupt',
    async run(bench) {
      const topic = await bench.topic();
      const batch = batchOf(['x']);
      // The last byte says that there are no headers; the one before it is the value.
      batch[batch.length - 2]! ^= 1;
      const { errorCode } = await produce(bench.client, topic, batch);
      isCode(errorCode, 'CORRUPT_MESSAGE', 'Produce with a wrong checksum');
      assert.deepEqual(await bounds(bench.client, topic), [0, 0], 'a corrupt batch was stored');
    },
  },
  {
    name: 'no batch, two batches, and an unknown magic are refused',
    async run(bench) {
      const topic = await bench.topic();
      const two = Buffer.concat([batchOf(['a']), batchOf(['b'])]);
      isCode((await produce(bench.client, topic, two)).errorCode, 'INVALID_RECORD', 'Produce with two batches');
      const none = await produce(bench.client, topic, Buffer.alloc(0));
      isCode(none.errorCode, 'INVALID_RECORD', 'Produce without a batch');
      const magic = batchOf(['c']);
      magic[MAGIC] = 3;
      assert.notEqual((await produce(bench.client, topic, magic)).errorCode, 0, 'Produce with magic 3 succeeded');
      assert.deepEqual(await bounds(bench.client, topic), [0, 0], 'a refused batch was stored');
    },
  },
  {
    name: 'the record count must be that of the records',
    async run(bench) {
      const topic = await bench.topic();
      const batch = changed(batchOf(['a', 'b']), (bytes) => bytes.writeInt32BE(3, RECORD_COUNT));
      const { errorCode } = await produce(bench.client, topic, batch);
      isCode(errorCode, 'INVALID_RECORD', 'Produce with a record count of 3 for 2 records');
    },
  },
  {
    name: 'a batch begins at offset 0, and ends with the offset of its last record',
    async run(bench) {
      const topic = await bench.topic();
      const late = changed(batchOf(['a', 'b']), (bytes) => bytes.writeBigInt64BE(5n, BASE_OFFSET));
      isCode((await produce(bench.client, topic, late)).errorCode, 'INVALID_RECORD', 'Produce with base offset 5');
      const long = changed(batchOf(['a', 'b']), (bytes) => bytes.writeInt32BE(5, LAST_OFFSET_DELTA));
      const { errorCode } = await produce(bench.client, topic, long);
      isCode(errorCode, 'INVALID_RECORD', 'Produce of two records with the last offset 5');
      assert.deepEqual(await bounds(bench.client, topic), [0, 0], 'a refused batch was stored');
    },
  },
  {
    name: 'clients write no control records',
    async run(bench) {
      const topic = await bench.topic();
      const { errorCode } = await produce(bench.client, topic, batchOf(['x'], { isControl: true }));
      isCode(errorCode, 'INVALID_RECORD', 'Produce of a control batch');
    },
  },
  {
    name: 'the largest timestamp in the head of a batch is put right',
    async run(bench) {
      const topic = await bench.topic();
      const timestamp = Date.now() - 10_000;
      const batch = changed(buildBatch([text('x', { timestamp })]), (bytes) =>
        bytes.writeBigInt64BE(77n, MAX_TIMESTAMP),
      );
      await append(bench.client, topic, batch);
      const { records } = await fetch(bench.client, topic, 0);
      const [stored] = readBatches(Buffer.from(records ?? []));
      assert.equal(stored?.maxTimestamp, timestamp, 'the batch has another largest timestamp');
    },
  },
  {
    name: 'batches are stored with the compression.type of the topic',
    async run(bench) {
      const topic = await bench.topic({ configs: { 'compression.type': 'gzip' } });
      await append(bench.client, topic, batchOf(['a', 'b']));
      const { records } = await fetch(bench.client, topic, 0);
      const [stored] = readBatches(Buffer.from(records ?? []));
      assert.equal(stored?.compression, 'gzip', 'the batch has another compression');
      assert.deepEqual(await values(bench.client, topic), ['a', 'b'], 'other records were read than were written');
    },
  },
  {
    name: 'a batch longer than max.message.bytes is refused',
    async run(bench) {
      const topic = await bench.topic({ configs: { 'max.message.bytes': '1000' } });
      const { errorCode } = await produce(bench.client, topic, batchOf(['x'.repeat(1000)]));
      isCode(errorCode, 'MESSAGE_TOO_LARGE', 'Produce of more than max.message.bytes');
      await append(bench.client, topic, ['x'.repeat(900)]);
    },
  },
  {
    name: 'a batch of 10 MiB is taken where the topic allows it',
    async run(bench) {
      const topic = await bench.topic({ configs: { 'max.message.bytes': String(20 << 20) } });
      const value = 'x'.repeat(10 << 20);
      await append(bench.client, topic, [value]);
      assert.equal((await values(bench.client, topic))[0]?.length, value.length, 'the record has another length');
    },
  },
  {
    name: 'timestamps too far in the future are refused, and the records named',
    async run(bench) {
      const topic = await bench.topic({ configs: { 'message.timestamp.after.max.ms': '60000' } });
      const late = text('late', { timestamp: Date.now() + 3_600_000 });
      const answer = await produce(bench.client, topic, buildBatch([text('now'), late]));
      isCode(answer.errorCode, 'INVALID_TIMESTAMP', 'Produce of a record one hour ahead');
      assert.deepEqual(
        answer.recordErrors.map(({ batchIndex }) => batchIndex),
        [1],
        'another record is named',
      );
      assert.deepEqual(await bounds(bench.client, topic), [0, 0], 'a refused batch was stored');
    },
  },
  {
    name: 'timestamps too long past are refused',
    async run(bench) {
      const topic = await bench.topic({ configs: { 'message.timestamp.before.max.ms': '60000' } });
      const early = text('early', { timestamp: Date.now() - 3_600_000 });
      const answer = await produce(bench.client, topic, buildBatch([early]));
      isCode(answer.errorCode, 'INVALID_TIMESTAMP', 'Produce of a record of an hour ago');
    },
  },
  {
    name: 'with LogAppendTime the broker sets the time of the records',
    async run(bench) {
      const topic = await bench.topic({ configs: { 'message.timestamp.type': 'LogAppendTime' } });
      const before = Date.now();
      const answer = await produce(bench.client, topic, buildBatch([text('x', { timestamp: 1000 })]));
      isCode(answer.errorCode, 'NONE', 'Produce');
      const [record] = await readAll(bench.client, topic);
      assert(Number(answer.logAppendTimeMs) >= before - 1000, 'Produce: logAppendTimeMs is not the time of the append');
      assert.equal(record?.timestamp, Number(answer.logAppendTimeMs), 'the record has another time than was answered');
    },
  },
  {
    name: 'a compacted topic takes no record without a key',
    needs: ['compaction'],
    async run(bench) {
      const topic = await bench.topic({ configs: { 'cleanup.policy': 'compact' } });
      const { errorCode } = await produce(bench.client, topic, batchOf(['x']));
      isCode(errorCode, 'INVALID_RECORD', 'Produce without a key');
    },
  },
  {
    name: 'what was acknowledged before a connection ended is there',
    async run(bench) {
      const topic = await bench.topic();
      const client = await bench.connect();
      await append(client, topic, ['kept']);
      await client.close();
      await bench.eventually(async () => {
        assert.deepEqual(await values(bench.client, topic), ['kept']);
      });
    },
  },
];
