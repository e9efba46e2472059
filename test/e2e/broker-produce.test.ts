// The error codes are those that Apache Kafka 4.3.1 gave to the same requests.
import { ErrorCode } from 'iggy-gateway-kafka';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import {
  compress,
  type Compression,
  initProducerIdApi,
  metadataApi,
  produceApi,
  readBatches,
  RecordBatch,
} from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, fetchFrom, produce, type ProduceSettings, valuesOf } from '../support/log-requests.js';
import { batchAround } from '../support/raw-batch.js';
import type { WireClient } from '../support/wire-client.js';
import { encodeRequestFrame } from '../support/wire-client.js';

const HOUR = 3_600_000;

async function started(configs: Readonly<Record<string, string>> = {}): Promise<{ client: WireClient; id: string }> {
  const client = await (await startBroker()).connect();
  const id = await createTopic(client, 't', { configs });
  return { client, id };
}

/** A batch of two records that somebody tampered with; its checksum is right again unless told otherwise. */
function tampered(change: (batch: Buffer) => void, { crc = true } = {}): Buffer {
  const bytes = Buffer.from(batchOf(['a', 'b']));
  change(bytes);
  if (crc) bytes.writeUInt32BE(new RecordBatch(bytes).computeCrc(), 17);
  return bytes;
}

describe('Produce', () => {
  test.each(Array.from({ length: 11 }, (_, index) => index + 3))('version %i appends', async (version) => {
    const { client, id } = await started();
    const settings = { version, topicId: version < 13 ? undefined : id } as ProduceSettings;
    expect(await produce(client, 't', batchOf(['a', 'b']), settings)).toMatchObject({ errorCode: 0, baseOffset: 0n });
    const second = await produce(client, 't', batchOf(['c']), settings);
    expect(second).toMatchObject({ baseOffset: 2n, logAppendTimeMs: -1n, logStartOffset: version < 5 ? -1n : 0n });
    const { records } = await fetchFrom(client, 't');
    expect(valuesOf(records)).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);
  });

  test.each<Compression>(['gzip', 'snappy', 'lz4', 'zstd'])(
    'takes batches with %s as they are',
    async (compression) => {
      const { client } = await started();
      const batch = batchOf(['a', 'b'], { compression });
      expect(await produce(client, 't', batch)).toMatchObject({ errorCode: 0 });
      const { records } = await fetchFrom(client, 't');
      expect(records!.subarray(17)).toEqual(batch.subarray(17));
    },
  );

  test.each<readonly [what: string, records: Buffer | null, code: number]>([
    ['null', null, ErrorCode.INVALID_RECORD],
    ['nothing', Buffer.alloc(0), ErrorCode.INVALID_RECORD],
    ['two batches', Buffer.concat([batchOf(['a']), batchOf(['b'])]), ErrorCode.INVALID_RECORD],
    ['half a batch', batchOf(['a']).subarray(0, 65), ErrorCode.INVALID_RECORD],
    ['a batch and zeros', Buffer.concat([batchOf(['a']), Buffer.alloc(30)]), ErrorCode.CORRUPT_MESSAGE],
    ['magic 1', tampered((b) => (b[16] = 1), { crc: false }), ErrorCode.INVALID_RECORD],
    ['magic 3', tampered((b) => (b[16] = 3), { crc: false }), ErrorCode.CORRUPT_MESSAGE],
    ['a wrong checksum', tampered((b) => (b[20]! ^= 1), { crc: false }), ErrorCode.CORRUPT_MESSAGE],
    ['a short length', tampered((b) => b.writeInt32BE(30, 8), { crc: false }), ErrorCode.CORRUPT_MESSAGE],
    ['a base offset', tampered((b) => b.writeInt32BE(5, 4)), ErrorCode.INVALID_RECORD],
    ['no count', tampered((b) => b.writeInt32BE(0, 57)), ErrorCode.INVALID_RECORD],
    ['a count of more', tampered((b) => b.writeInt32BE(3, 57)), ErrorCode.INVALID_RECORD],
    ['a negative delta', tampered((b) => b.writeInt32BE(-1, 23)), ErrorCode.INVALID_RECORD],
    ['a control batch', tampered((b) => (b[22]! |= 0x20)), ErrorCode.INVALID_RECORD],
    ['a transaction', tampered((b) => (b[22]! |= 0x10)), ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED],
    ['an unknown compression', tampered((b) => (b[22]! |= 5)), ErrorCode.UNKNOWN_SERVER_ERROR],
    ['what does not decompress', tampered((b) => (b[22]! |= 1)), ErrorCode.UNKNOWN_SERVER_ERROR],
    ['no sequence', tampered((b) => b.writeBigInt64BE(9n, 43)), ErrorCode.INVALID_RECORD],
    ['a broken record', tampered((b) => (b[61] = 0x40)), ErrorCode.INVALID_RECORD],
    ['a time beyond 2^53', tampered((b) => b.writeBigInt64BE(2n ** 60n, 27)), ErrorCode.INVALID_TIMESTAMP],
    ['the far future', batchOf(['a'], {}, { timestamp: Date.now() + 2 * HOUR }), ErrorCode.INVALID_TIMESTAMP],
  ])('refuses %s, and keeps nothing of it', async (_, records, code) => {
    const { client } = await started();
    expect(await produce(client, 't', records)).toMatchObject({ errorCode: code, baseOffset: -1n });
    expect(await fetchFrom(client, 't')).toMatchObject({ errorCode: 0, highWatermark: 0n });
  });

  test('refuses what decompresses in too many pieces', async () => {
    const { client } = await started();
    const frames = Buffer.concat(Array<Buffer>(9000).fill(compress('lz4', Buffer.alloc(0))));
    const batch = batchAround(frames, { count: 1, attributes: 3, baseTimestamp: BigInt(Date.now()) });
    expect(await produce(client, 't', batch)).toMatchObject({ errorCode: ErrorCode.MESSAGE_TOO_LARGE });
  });

  test('cuts off what is too short for a batch', async () => {
    const { client } = await started();
    const records = Buffer.concat([batchOf(['a']), batchOf(['b']).subarray(0, 62)]);
    expect(await produce(client, 't', records)).toMatchObject({ errorCode: 0 });
    expect(valuesOf((await fetchFrom(client, 't')).records)).toEqual([[0, 'a']]);
  });

  test('knows zstd from version 7 on', async () => {
    const { client } = await started();
    const batch = batchOf(['a'], { compression: 'zstd' });
    expect((await produce(client, 't', batch, { version: 6 })).errorCode).toBe(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
    expect((await produce(client, 't', batch, { version: 7 })).errorCode).toBe(0);
  });

  test('names the topics, partitions and acks that there are not', async () => {
    const { client } = await started();
    const unknownId = '11111111-2222-3333-4444-555555555555';
    const codes = [
      await produce(client, 'other', batchOf(['a'])),
      await produce(client, 't', batchOf(['a']), { partition: 1 }),
      await produce(client, 't', batchOf(['a']), { version: 13, topicId: unknownId }),
      await produce(client, 't', batchOf(['a']), { acks: 2 }),
      await produce(client, 'other', batchOf(['a']), { acks: 2 }),
    ].map(({ errorCode }) => errorCode);
    expect(codes).toEqual([
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.UNKNOWN_TOPIC_ID,
      ErrorCode.INVALID_REQUIRED_ACKS,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
  });

  test('with acks 0 is not answered, and a refusal closes the connection', async () => {
    const { client } = await started();
    const frame = (records: Buffer): Buffer =>
      encodeRequestFrame(produceApi, 9, {
        acks: 0,
        timeoutMs: 1000,
        topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
      });
    client.sendRaw(frame(batchOf(['a'])));
    expect((await fetchFrom(client, 't')).highWatermark).toBe(1n);
    client.sendRaw(frame(tampered((b) => (b[20]! ^= 1), { crc: false })));
    await client.closed;
  });

  test('holds max.message.bytes and segment.bytes', async () => {
    const { client } = await started({ 'max.message.bytes': '200' });
    expect((await produce(client, 't', batchOf(['x'.repeat(300)]))).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE);
    await createTopic(client, 'segment', { configs: { 'segment.bytes': '1048576', 'max.message.bytes': '2000000' } });
    const large = batchOf(['x'.repeat(1_200_000)]);
    expect((await produce(client, 'segment', large)).errorCode).toBe(ErrorCode.RECORD_LIST_TOO_LARGE);
  });

  test('tells which records a compacted topic refuses', async () => {
    const { client } = await started({ 'cleanup.policy': 'compact' });
    const refused = await produce(client, 't', batchOf(['a', 'b'], {}, { key: null }));
    expect(refused).toMatchObject({
      errorCode: ErrorCode.INVALID_RECORD,
      recordErrors: [{ batchIndex: 0 }, { batchIndex: 1 }],
    });
    expect((await produce(client, 't', batchOf(['a']))).errorCode).toBe(0);
  });

  test('stamps records with its own time where the topic says so', async () => {
    const { client } = await started({ 'message.timestamp.type': 'LogAppendTime' });
    const before = Date.now();
    const { logAppendTimeMs } = await produce(client, 't', batchOf(['a'], {}, { timestamp: 5 }));
    expect(Number(logAppendTimeMs)).toBeGreaterThanOrEqual(before);
    const [batch] = readBatches((await fetchFrom(client, 't')).records!);
    expect(batch).toMatchObject({ timestampType: 'LogAppendTime', maxTimestamp: Number(logAppendTimeMs) });
    batch!.checkCrc();
    const own = await produce(
      client,
      't',
      tampered((b) => (b[22]! |= 8)),
    );
    expect(own).toMatchObject({ errorCode: ErrorCode.INVALID_TIMESTAMP, recordErrors: [{}, {}] });
  });

  test('puts the highest timestamp right that a producer has wrong', async () => {
    const { client } = await started();
    await produce(
      client,
      't',
      tampered((b) => b.writeBigInt64BE(77n, 35)),
    );
    const [batch] = readBatches((await fetchFrom(client, 't')).records!);
    expect(batch!.maxTimestamp).toBe(batch!.baseTimestamp + 1);
    batch!.checkCrc();
  });

  test('compresses as the topic says', async () => {
    const { client } = await started({ 'compression.type': 'gzip' });
    await produce(client, 't', batchOf(['a', 'b'], { compression: 'lz4' }));
    const { records } = await fetchFrom(client, 't');
    expect([...readBatches(records!)].map(({ compression }) => compression)).toEqual(['gzip']);
    expect(valuesOf(records)).toHaveLength(2);
  });

  test('appends to one partition what is refused for another', async () => {
    const client = await (await startBroker()).connect();
    await createTopic(client, 't', { numPartitions: 2 });
    const { response } = await client.send(produceApi, 9, {
      acks: 1,
      timeoutMs: 1000,
      topicData: [
        {
          name: 't',
          partitionData: [
            { index: 0, records: batchOf(['a']) },
            { index: 1, records: null },
            { index: 0, records: batchOf(['b']) },
          ],
        },
      ],
    });
    const answers = response.responses[0]!.partitionResponses;
    expect(answers.map(({ errorCode, baseOffset }) => [errorCode, baseOffset])).toEqual([
      [0, 0n],
      [ErrorCode.INVALID_RECORD, -1n],
      [0, 1n],
    ]);
  });

  test('a full store refuses, says its limit, and takes records again once retention has freed some', async () => {
    const warnings: string[] = [];
    const store = createMemoryStore({ maxBytes: 1024 * 1024 });
    const client = await (await startBroker({ store, warn: (text) => warnings.push(text) })).connect();
    await createTopic(client, 't');
    const batch = batchOf(['x'.repeat(100_000)]);
    let answer = await produce(client, 't', batch);
    while (answer.errorCode === 0) answer = await produce(client, 't', batch);
    expect(answer).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, baseOffset: -1n });
    expect(answer.errorMessage).toContain('1048576');
    const larger = await produce(client, 't', batchOf(['x'.repeat(200_000)]));
    expect(larger.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    expect(warnings).toEqual([expect.stringContaining('maxBytes')]);
    await client.send(metadataApi, 9, { topics: null });
    expect(store.usedBytes).toBeLessThanOrEqual(1024 * 1024);

    await createTopic(client, 'limited', { configs: { 'retention.bytes': '1' } });
    expect((await produce(client, 'limited', batchOf(['a']))).errorCode).toBe(0);
  });
});

describe('an idempotent producer', () => {
  const at = (sequence: number, count = 1, epoch = 0): Buffer =>
    batchOf(Array<string>(count).fill('x'), { producerId: 9, producerEpoch: epoch, baseSequence: sequence });

  test('has each batch stored once, the last five of them answered again', async () => {
    const { client } = await started();
    for (let sequence = 0; sequence < 7; sequence++) {
      expect(await produce(client, 't', at(sequence))).toMatchObject({ baseOffset: BigInt(sequence) });
    }
    expect(await produce(client, 't', at(6))).toMatchObject({ errorCode: 0, baseOffset: 6n });
    expect(await produce(client, 't', at(2))).toMatchObject({ errorCode: 0, baseOffset: 2n });
    expect((await produce(client, 't', at(1))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect((await produce(client, 't', at(8))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect((await fetchFrom(client, 't')).highWatermark).toBe(7n);
  });

  test('may begin anywhere, wraps around, and begins at 0 with a new epoch', async () => {
    const { client } = await started();
    expect((await produce(client, 't', at(0x7fff_fffe))).errorCode).toBe(0);
    expect((await produce(client, 't', at(0x7fff_ffff, 3))).errorCode).toBe(0);
    expect((await produce(client, 't', at(2))).errorCode).toBe(0);
    expect((await produce(client, 't', at(5, 1, 1))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect((await produce(client, 't', at(0, 1, 1))).errorCode).toBe(0);
    expect((await produce(client, 't', at(3))).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
  });

  test('goes on over a restart over the same store, with or without a close', async () => {
    const store = createMemoryStore();
    const first = await startBroker({ store });
    let client = await first.connect();
    await createTopic(client, 't');
    await produce(client, 't', at(0));
    await first.gateway.close({ drainTimeoutMs: 0 });
    const second = await startBroker({ store });
    client = await second.connect();
    expect(await produce(client, 't', at(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
    expect(await produce(client, 't', at(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
    // What the second has not saved, a third learns from the batches.
    client = await (await startBroker({ store })).connect();
    expect(await produce(client, 't', at(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
    expect((await produce(client, 't', at(3))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect((await fetchFrom(client, 't')).highWatermark).toBe(2n);
  });

  test('gets an id that nobody had, over restarts as well', async () => {
    const store = createMemoryStore();
    const ids = new Set<bigint>();
    for (let restart = 0; restart < 2; restart++) {
      const { gateway, connect } = await startBroker({ store });
      const client = await connect();
      for (let count = 0; count < 1100; count++) {
        const { response } = await client.send(initProducerIdApi, 4, {
          transactionalId: null,
          transactionTimeoutMs: 1,
        });
        expect(response).toMatchObject({ errorCode: 0, producerEpoch: 0 });
        ids.add(response.producerId);
      }
      await gateway.close({ drainTimeoutMs: 0 });
    }
    expect(ids.size).toBe(2200);
  });

  test('a store that forgot everything is no reason to take a producer of before for a new one', async () => {
    const idFrom = async (): Promise<[WireClient, number]> => {
      const client = await (await startBroker()).connect();
      const { response } = await client.send(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 1 });
      return [client, Number(response.producerId)];
    };
    const [, before] = await idFrom();
    const [client, after] = await idFrom();
    await createTopic(client, 't');
    for (const producerId of [before, after]) {
      const answer = await produce(client, 't', batchOf(['a'], { producerId, producerEpoch: 0, baseSequence: 0 }));
      expect(answer.errorCode).toBe(0);
    }
    expect(valuesOf((await fetchFrom(client, 't')).records)).toHaveLength(2);
  });

  test('with a transactional id is refused for good, and the operator is told once', async () => {
    const warnings: string[] = [];
    const client = await (await startBroker({ warn: (text) => warnings.push(text) })).connect();
    for (const transactionalId of ['x', 'x', 'y']) {
      const { response } = await client.send(initProducerIdApi, 4, { transactionalId, transactionTimeoutMs: 1 });
      expect(response.errorCode).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    expect(warnings).toHaveLength(1);
    for (const request of [{ transactionalId: '' }, { transactionalId: null, producerId: 5n }]) {
      const { response } = await client.send(initProducerIdApi, 4, { ...request, transactionTimeoutMs: 1 });
      expect(response.errorCode).toBe(ErrorCode.INVALID_REQUEST);
    }
  });
});

test('a store receives each batch with what its append depends on', async () => {
  const store = createMemoryStore();
  const append = vi.spyOn(store, 'append');
  const client = await (await startBroker({ store })).connect();
  await createTopic(client, 't');
  await produce(client, 't', batchOf(['a', 'b'], {}, { timestamp: 5 }));
  const { recordCount, maxTimestamp, leaderEpoch, attempt, marker } = append.mock.lastCall![0][0]!;
  const received = { recordCount, maxTimestamp, leaderEpoch, attempt, marker };
  expect(received).toEqual({ recordCount: 2, maxTimestamp: 6, leaderEpoch: 0, attempt: 0, marker: null });
});
