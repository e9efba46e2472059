import { gzipSync } from 'node:zlib';
import { type Compression, fetchApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { batchAround, varint } from '../../../support/raw-batch.js';
import { askForAll, batch, produceTo, tampered, THEN } from '../records.js';
import { NOBODYS_ID, type Scenario } from '../side.js';
import { setUpTopic } from '../topic-setup.js';

const HOUR = 3_600_000;

/** Two records with these offsets in a batch whose last offset is that of the second. */
function withOffsets(first: number, second: number, compression: 'none' | 'gzip' = 'none'): Buffer {
  const record = (offset: number): Buffer =>
    // Length, attributes, timestamp, offset, no key, no value, no headers.
    Buffer.from([...varint(6), 0, ...varint(0), ...varint(offset), ...varint(-1), ...varint(-1), ...varint(0)]);
  const records = Buffer.concat([record(first), record(second)]);
  const attributes = compression === 'gzip' ? 1 : 0;
  const baseTimestamp = BigInt(THEN);
  const settings = { count: 2, lastOffsetDelta: Math.max(first, second), attributes, baseTimestamp };
  return batchAround(compression === 'gzip' ? gzipSync(records) : records, settings);
}

/** What may be in the records of a partition, good and bad. */
const RECORDS: Readonly<Record<string, () => Buffer | null>> = {
  'two records': () => batch(['a', 'b']),
  'null and empty values': () => batch([null, '']),
  'no batch': () => Buffer.alloc(0),
  'half a batch': () => batch(['a']).subarray(0, 65),
  'less than the head of a batch': () => batch(['a']).subarray(0, 10),
  'two batches': () => Buffer.concat([batch(['a']), batch(['b'])]),
  'a batch and half of another': () => Buffer.concat([batch(['a']), batch(['b']).subarray(0, 62)]),
  'a batch and zeros': () => Buffer.concat([batch(['a']), Buffer.alloc(30)]),
  'a batch and a few zeros': () => Buffer.concat([batch(['a']), Buffer.alloc(10)]),
  'magic 0': () => tampered((bytes) => (bytes[16] = 0), { crc: false }),
  'magic 1': () => tampered((bytes) => (bytes[16] = 1), { crc: false }),
  'magic 3': () => tampered((bytes) => (bytes[16] = 3), { crc: false }),
  'magic -1': () => tampered((bytes) => bytes.writeInt8(-1, 16), { crc: false }),
  'a wrong checksum': () => tampered((bytes) => (bytes[20]! ^= 1), { crc: false }),
  'a record changed on its way': () => tampered((bytes) => (bytes[bytes.length - 2]! ^= 1), { crc: false }),
  'a length that is too small': () => tampered((bytes) => bytes.writeInt32BE(30, 8), { crc: false }),
  'a length that is negative': () => tampered((bytes) => bytes.writeInt32BE(-1, 8), { crc: false }),
  'a length beyond the bytes': () => tampered((bytes) => bytes.writeInt32BE(5000, 8), { crc: false }),
  'a base offset of 5': () => tampered((bytes) => bytes.writeInt32BE(5, 4)),
  'a base offset of -1': () => tampered((bytes) => bytes.writeBigInt64BE(-1n, 0)),
  'a leader epoch of 7': () => tampered((bytes) => bytes.writeInt32BE(7, 12), { crc: false }),
  'a count of 0': () => tampered((bytes) => bytes.writeInt32BE(0, 57)),
  'a count of 1 for two': () => tampered((bytes) => bytes.writeInt32BE(1, 57)),
  'a count of 3 for two': () => tampered((bytes) => bytes.writeInt32BE(3, 57)),
  'a count of -1': () => tampered((bytes) => bytes.writeInt32BE(-1, 57)),
  'a last offset of 0 for two': () => tampered((bytes) => bytes.writeInt32BE(0, 23)),
  'a last offset of 5 for two': () => tampered((bytes) => bytes.writeInt32BE(5, 23)),
  'a last offset of -1': () => tampered((bytes) => bytes.writeInt32BE(-1, 23)),
  'no records at all': () =>
    tampered(
      (bytes) => {
        bytes.writeInt32BE(0, 57);
        bytes.writeInt32BE(bytes.length - 12, 8);
      },
      { from: batch(['a']).subarray(0, 61) },
    ),
  'a control batch': () => tampered((bytes) => (bytes[22]! |= 0x20)),
  'LogAppendTime set by the producer': () => tampered((bytes) => (bytes[22]! |= 8)),
  'compression 5': () => tampered((bytes) => (bytes[22]! |= 5)),
  'compression 7': () => tampered((bytes) => (bytes[22]! |= 7)),
  'gzip that is none': () => tampered((bytes) => (bytes[22]! |= 1)),
  'snappy that is none': () => tampered((bytes) => (bytes[22]! |= 2)),
  'lz4 that is none': () => tampered((bytes) => (bytes[22]! |= 3)),
  'zstd that is none': () => tampered((bytes) => (bytes[22]! |= 4)),
  'a record longer than the batch': () => tampered((bytes) => (bytes[61] = 0x40)),
  'a record of negative length': () => tampered((bytes) => (bytes[61] = 0x01)),
  'a highest timestamp that is too low': () => tampered((bytes) => bytes.writeBigInt64BE(77n, 35)),
  'a highest timestamp that is too high': () => tampered((bytes) => bytes.writeBigInt64BE(BigInt(THEN) + 500n, 35)),
  'a timestamp of -1': () => batch(['a'], {}, { timestamp: -1 }),
  'a timestamp of -2': () => tampered((bytes) => bytes.writeBigInt64BE(-2n, 27)),
  'a timestamp of 0': () => batch(['a'], {}, { timestamp: 0 }),
  'a timestamp in two hours': () => batch(['a'], {}, { timestamp: THEN + 3 * HOUR }),
  'a delete horizon': () => tampered((bytes) => (bytes[22]! |= 0x40)),
  'a producer id without a sequence': () => tampered((bytes) => bytes.writeBigInt64BE(9n, 43)),
  'a producer id without an epoch': () =>
    tampered((bytes) => {
      bytes.writeBigInt64BE(9n, 43);
      bytes.writeInt32BE(0, 53);
    }),
  'an unused attribute': () => tampered((bytes) => (bytes[21]! |= 0x80)),
  'more than max.message.bytes': () => batch(['x'.repeat(1_048_600)]),
};

/** Batches that Kafka takes, some of which nobody can read: in a topic of their own. */
const UNCHECKED: Readonly<Record<string, () => Buffer>> = {
  'offsets with a gap': () => withOffsets(0, 2),
  'offsets that repeat': () => withOffsets(0, 0),
  'offsets that go down': () => withOffsets(1, 0),
  'offsets with a gap, compressed': () => withOffsets(0, 2, 'gzip'),
  'a highest timestamp beyond 2^53': () => tampered((bytes) => bytes.writeBigInt64BE(2n ** 60n, 35)),
};

const COMPRESSIONS: readonly Compression[] = ['gzip', 'snappy', 'lz4', 'zstd'];

export const produceScenario: Scenario = {
  area: 'Produce',
  async run(side) {
    const topicId = side.call(await setUpTopic(side, 'records', { numPartitions: 2 }), 'the id');
    const topic = { name: 'records' };
    const produce = (
      what: string,
      records: Buffer | null,
      version = 9,
      options = {},
      to: object = topic,
      patienceMs = 10_000,
    ) => side.ask(what, produceApi, version, produceTo(to, records, options), { patienceMs });

    for (let version = 3; version <= 13; version++) {
      await produce('one record', batch(['a']), version, {}, version < 13 ? topic : { topicId });
    }
    for (const [what, records] of Object.entries(RECORDS)) {
      await produce(what, records(), 13, {}, { topicId });
      await produce(what, records(), 3);
    }
    await setUpTopic(side, 'unchecked');
    for (const [what, records] of Object.entries(UNCHECKED)) {
      await produce(what, records(), 9, {}, { name: 'unchecked' });
    }
    for (const compression of COMPRESSIONS) {
      for (const version of [3, 6, 7, 9]) await produce(compression, batch(['a', 'b'], { compression }), version);
      const less = tampered((bytes) => bytes.writeInt32BE(5, 23), { from: batch(['a', 'b'], { compression }) });
      await produce(`${compression}, a last offset of 5 for two`, less);
    }
    await produce('a topic that nobody has', batch(['a']), 9, {}, { name: 'none' });
    await produce('a bad name', batch(['a']), 9, {}, { name: 'a b' });
    await produce('no name', batch(['a']), 9, {}, { name: '' });
    await produce('an id that nobody has', batch(['a']), 13, {}, { topicId: NOBODYS_ID });
    await produce('no id', batch(['a']), 13, {}, {});
    for (const partition of [2, -1]) await produce(`partition ${partition}`, batch(['a']), 9, { partition });
    for (const acks of [2, -2, 1]) {
      await produce(`acks ${acks}`, batch(['a']), 9, { acks });
      await produce(`acks ${acks} to a topic that nobody has`, batch(['a']), 9, { acks }, { name: 'none' });
    }
    await side.ask('several partitions', produceApi, 9, {
      acks: -1,
      timeoutMs: 2000,
      topicData: [
        {
          name: 'records',
          partitionData: [
            { index: 0, records: batch(['good']) },
            { index: 1, records: tampered((bytes) => (bytes[20]! ^= 1), { crc: false }) },
            { index: 7, records: batch(['nowhere']) },
          ],
        },
        { name: 'none', partitionData: [{ index: 0, records: batch(['nowhere']) }] },
      ],
    });
    await side.ask('nothing', produceApi, 9, { acks: -1, timeoutMs: 2000, topicData: [] });
    await produce('null', null, 9, {}, topic, 1000);
    await askForAll(side, 'records');
    await side.ask('all of partition 1', fetchApi, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      topics: [{ topic: 'records', partitions: [{ partition: 1, fetchOffset: 0n, partitionMaxBytes: 1_000_000 }] }],
    });
  },
};

/** Topics with configs that matter to a produced batch. */
const TOPICS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  compacted: { 'cleanup.policy': 'compact' },
  'compacted-and-deleted': { 'cleanup.policy': 'compact,delete' },
  'append-time': { 'message.timestamp.type': 'LogAppendTime' },
  small: { 'max.message.bytes': '200' },
  strict: { 'message.timestamp.before.max.ms': '1000', 'message.timestamp.after.max.ms': '1000' },
  gzipped: { 'compression.type': 'gzip' },
  uncompressed: { 'compression.type': 'uncompressed' },
  'compacted-append-time': { 'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime' },
};

const TO_TOPICS: Readonly<Record<string, () => Buffer>> = {
  'two records': () => batch(['a', 'b']),
  'records without a key': () => batch(['a', 'b'], {}, { key: null }),
  'a tombstone': () => batch([null]),
  'a tombstone without a key': () => batch([null], {}, { key: null }),
  'LogAppendTime set by the producer': () => tampered((bytes) => (bytes[22]! |= 8)),
  'a timestamp in two hours': () => batch(['a'], {}, { timestamp: THEN + 3 * HOUR }),
  'a timestamp of -1': () => batch(['a'], {}, { timestamp: -1 }),
  '300 bytes': () => batch(['x'.repeat(300)]),
  snappy: () => batch(['a', 'b'], { compression: 'snappy' }),
};

export const produceToConfigsScenario: Scenario = {
  area: 'Produce to topics with configs',
  async run(side) {
    for (const [name, configs] of Object.entries(TOPICS)) {
      const topic = `to-${name}`;
      await setUpTopic(side, topic, { configs });
      for (const [what, records] of Object.entries(TO_TOPICS)) {
        await side.ask(`${what} ${topic}`, produceApi, 9, produceTo({ name: topic }, records()));
      }
      await askForAll(side, topic);
    }
    await setUpTopic(side, 'short-segments', {
      configs: { 'segment.bytes': '1048576', 'max.message.bytes': '2000000' },
    });
    const large = batch(['x'.repeat(1_200_000)]);
    await side.ask('more than segment.bytes', produceApi, 9, produceTo({ name: 'short-segments' }, large));
  },
};
