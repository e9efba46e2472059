import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { buildBatch, type KafkaRecord, readBatches, readRecords } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IggyClient, type IggyMessageInit, PollingStrategy } from '../../adapters/iggy/sdk/client.js';
import { buildBatch as batchOf } from '../../adapters/iggy/records/build-batch.js';
import { splitIntoSends } from '../../adapters/iggy/records/sends.js';
import { toMessages } from '../../adapters/iggy/records/to-messages.js';
import { recordFields } from '../support/record-arbitraries.js';
import { newStream } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';

type Fields = Omit<KafkaRecord, 'offset'>;

let iggy: IggyServer;
let client: IggyClient;
const streamId = newStream();

beforeAll(async () => {
  iggy = await startIggy();
  client = iggy.connect();
  await client.stream.create({ name: streamId });
});
afterAll(async () => {
  await client.destroy();
  await iggy.close();
});

async function send(topicId: string, messages: IggyMessageInit[]): Promise<void> {
  for (const part of splitIntoSends(messages)) {
    await client.message.send({ streamId, topicId, messages: part, partition: { kind: 2, value: 0 } });
  }
}

/** All records of a topic, as a fetch would give them. */
async function recordsOf(topicId: string, count: number): Promise<KafkaRecord[]> {
  const records: KafkaRecord[] = [];
  const unreadable = (offset: number): void => expect.fail(`the message at ${offset} is not readable`);
  for (;;) {
    const pollingStrategy = PollingStrategy.offset(BigInt(records.length));
    const consumer = { kind: 1, id: 1 } as const;
    const { messages } = await client.message.poll({
      ...{ streamId, topicId, partitionId: 0, consumer, pollingStrategy },
      count,
      autocommit: false,
    });
    if (messages.length === 0) return records;
    const { batch } = batchOf(messages, 0, { compression: 'none', leaderEpoch: 0, maxBytes: 1e9, unreadable });
    for (const each of readBatches(batch)) records.push(...readRecords(each));
  }
}

async function roundTrip(topicId: string, batches: readonly (readonly Fields[])[], count = 40): Promise<void> {
  await client.topic.create({ streamId, name: topicId, partitionCount: 1, compressionAlgorithm: 1 });
  for (const records of batches) await send(topicId, toMessages(buildBatch(records)));
  const expected = batches.flat();
  const found = await recordsOf(topicId, count);
  expect(found.map(({ offset }) => offset)).toEqual(expected.map((_, offset) => offset));
  // By their digests: comparing megabytes of bytes one by one takes minutes.
  for (const [index, record] of found.entries()) expect(digested(record)).toEqual(digested(expected[index]!));
}

function digested({ timestamp, key, value, headers }: Fields): unknown {
  return {
    timestamp,
    key: digest(key),
    value: digest(value),
    headers: headers.map((each) => [each.key, digest(each.value)]),
  };
}

function digest(bytes: Buffer | null): string | null {
  return bytes && `${bytes.length} bytes, ${createHash('sha256').update(bytes).digest('hex')}`;
}

describe('records through a real server', () => {
  it('of random shape come back the same', async () => {
    const batches = fc.sample(fc.array(recordFields, { minLength: 1, maxLength: 40 }), 100);
    await roundTrip('random', batches);
  });

  it('of random sizes up to 1 MiB come back the same', async () => {
    const timestamp = 1_700_000_000_000;
    const sized = fc.integer({ min: 0, max: 20 }).map((power) => Buffer.alloc(Math.round(2 ** power), String(power)));
    const records = fc.record({
      timestamp: fc.constant(timestamp),
      key: fc.option(sized, { nil: null }),
      value: sized,
      headers: fc.array(fc.record({ key: fc.string(), value: fc.option(sized, { nil: null }) }), { maxLength: 2 }),
    });
    await roundTrip('sized', fc.sample(fc.array(records, { minLength: 1, maxLength: 5 }), 60));
  });

  it('of the largest sizes come back the same', async () => {
    const record: Fields = { timestamp: 1, key: null, value: Buffer.alloc(64_000_000, 1), headers: [] };
    const enveloped = { ...record, key: Buffer.alloc(0), value: Buffer.alloc(64_000_000 - 13, 2) };
    await roundTrip('largest', [[record], [enveloped]], 1);
  });

  it('that fill a send to its last byte are taken', async () => {
    const topicId = 'FULL';
    await client.topic.create({ streamId, name: topicId, partitionCount: 1, compressionAlgorithm: 1 });
    // Two that make 64 MiB less 4096, the limit of a send.
    const [a, b] = [33_000_000, 64 * 1024 * 1024 - 4096 - 2 * (48 + 18) - 33_000_000];
    const value = (length: number): Fields => ({ timestamp: 1, key: null, value: Buffer.alloc(length), headers: [] });
    const messages = toMessages(buildBatch([value(a), value(b)]));
    expect(splitIntoSends(messages)).toHaveLength(1);
    await send(topicId, messages);
    const topic = await client.topic.get({ streamId, topicId });
    expect(topic!.messagesCount).toBe(2n);
  });
});
