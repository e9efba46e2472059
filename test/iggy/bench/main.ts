import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { IggyClient, IggyDurability, IggyHeaderInit } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, fetchApi, initProducerIdApi } from 'iggy-gateway-kafka/protocol';
import { WireClient } from '../../../src/wire-client/index.js';
import { DURABILITY_SETTINGS } from '../../../adapters/iggy/sdk/durability.js';
import { crc32c } from '../../../src/protocol/records/crc.js';
import { ATTRIBUTES, BASE_SEQUENCE, CRC, PRODUCER_EPOCH, PRODUCER_ID } from '../../../src/protocol/records/layout.js';
import checkRequirements from '../support/requirements.js';
import { startIggy } from '../support/iggy.js';
import { produce } from '../support/produce.js';

// What the gateway takes and gives of what Iggy's bare SDK sends and polls: rounds of both by turns, one server for both.
// Ends with an error where it is less than the bar.

const RECORDS = 100;
const BYTES = 150;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const ROUND_MS = Number(process.env.BENCH_MS ?? 1500);
/** Requests that a producer has in flight. */
const IN_FLIGHT = 5;
const PARTITIONS = 4;
const STREAM = 'bench';
/** Of the topics that both write to: `none`, `process` (what the gateway gives topics by default) or `power`. */
const DURABILITY = (process.env.BENCH_DURABILITY ?? 'process') as IggyDurability;
const BARS = { produce: 0.6, fetch: 0.5 };

checkRequirements();
const iggy = await startIggy();
const direct = iggy.connect();
await direct.stream.create({ name: STREAM });
const init = {
  streamId: STREAM,
  partitionCount: PARTITIONS,
  compressionAlgorithm: 1,
  ...DURABILITY_SETTINGS[DURABILITY],
} as const;
// To each its own topic, so that both are as long.
for (const name of ['bare', 'kafka']) await direct.topic.create({ ...init, name });
const child = fork(new URL('server.ts', import.meta.url), [String(iggy.port), STREAM]);
const [bootstrap] = (await once(child, 'message')) as [string];

const value = Buffer.alloc(BYTES, 'x');
const version: IggyHeaderInit = { key: { kind: 2, value: 'kafka.v' }, value: { kind: 1, value: Buffer.of(1) } };
const messages = Array.from({ length: RECORDS }, () => ({ payload: value, headers: [version] }));
const batch = buildBatch(Array.from({ length: RECORDS }, () => ({ timestamp: Date.now(), value })));

/** Batches a second, over lanes that each have one under way. */
async function rate(lanes: readonly (() => Promise<unknown>)[]): Promise<number> {
  const begun = performance.now();
  const end = begun + ROUND_MS;
  let count = 0;
  await Promise.all(
    lanes.map(async (send) => {
      while (performance.now() < end) {
        await send();
        count++;
      }
    }),
  );
  return (count / (performance.now() - begun)) * 1000;
}

function bareSend(client: IggyClient, partition: number): () => Promise<unknown> {
  const send = { streamId: STREAM, topicId: 'bare', messages, partition: { kind: 2, value: partition } } as const;
  return () => client.message.send(send);
}

async function send(client: WireClient, partition: number, records: Buffer): Promise<void> {
  const { errorCode } = await produce(client, 'kafka', partition, records);
  if (errorCode !== 0) throw new Error(`Produce gave ${String(errorCode)}`);
}

/** As a producer with default settings: with its id and epoch, and a sequence for each partition. */
async function idempotentSend(client: WireClient): Promise<(partition: number) => Promise<unknown>> {
  const ask = { transactionalId: null, transactionTimeoutMs: 60_000 };
  const { producerId, producerEpoch } = await client.send(initProducerIdApi, ask);
  const next = new Map<number, number>();
  return (partition) => {
    const baseSequence = next.get(partition) ?? 0;
    next.set(partition, baseSequence + RECORDS);
    return send(client, partition, sequenced(Number(producerId), producerEpoch, baseSequence));
  };
}

const plain = { producerId: 0, producerEpoch: 0, baseSequence: 0 };
const sequencedBatch = buildBatch(
  Array.from({ length: RECORDS }, () => ({ timestamp: Date.now(), value })),
  plain,
);

/** The same records under another sequence: building them each time would be most of what is measured. */
function sequenced(producerId: number, producerEpoch: number, baseSequence: number): Buffer {
  const bytes = Buffer.from(sequencedBatch);
  bytes.writeBigInt64BE(BigInt(producerId), PRODUCER_ID);
  bytes.writeInt16BE(producerEpoch, PRODUCER_EPOCH);
  bytes.writeInt32BE(baseSequence, BASE_SEQUENCE);
  bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES)), CRC);
  return bytes;
}

async function messagesIn(topicId: string): Promise<number> {
  const topic = await direct.topic.get({ streamId: STREAM, topicId });
  return Number(topic?.partitions[0]?.messagesCount);
}

/** Messages of partition 0 a second, polled a thousand at a time. */
async function barePoll(): Promise<number> {
  const count = await messagesIn('bare');
  const begun = performance.now();
  const poll = { streamId: STREAM, topicId: 'bare', consumer: { kind: 1, id: 9 }, partitionId: 0 } as const;
  for (let next = 0; next < count;) {
    const pollingStrategy = { kind: 1, value: BigInt(next) } as const;
    const polled = await direct.message.poll({ ...poll, pollingStrategy, count: 1000, autocommit: false });
    next += polled.messages.length;
  }
  return (count / (performance.now() - begun)) * 1000;
}

/** The same over Fetch. */
async function kafkaFetch(client: WireClient): Promise<number> {
  const count = await messagesIn('kafka');
  const begun = performance.now();
  for (let next = 0; next < count;) {
    const partitions = [{ partition: 0, fetchOffset: BigInt(next), partitionMaxBytes: 1_048_576 }];
    const request = { maxWaitMs: 500, minBytes: 1, topics: [{ topic: 'kafka', partitions }] };
    const { responses } = await client.send(fetchApi, request, 11);
    const records = responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
    for (let at = 0; at < records.length; at += records.readInt32BE(at + 8) + 12) {
      next = Number(records.readBigInt64BE(at)) + records.readInt32BE(at + 23) + 1;
    }
  }
  return (count / (performance.now() - begun)) * 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

const clients = [direct, ...Array.from({ length: PARTITIONS - 1 }, () => iggy.connect())];
const client = await WireClient.connect(bootstrap);
const idempotent = await idempotentSend(client);
const lanes = (count: number, send: (partition: number) => Promise<unknown>): (() => Promise<unknown>)[] =>
  Array.from({ length: count * IN_FLIGHT }, (_, index) => () => send(index % count));
const plainSend = (partition: number): Promise<unknown> => send(client, partition, batch);
const bareLanes = clients.map((each, partition) => bareSend(each, partition));

const rows = [
  {
    what: 'sends/s, one partition',
    bar: BARS.produce,
    bare: () => rate(bareLanes.slice(0, 1)),
    kafka: () => rate(lanes(1, plainSend)),
  },
  {
    what: 'sends/s, one partition, idempotent',
    bar: BARS.produce,
    bare: () => rate(bareLanes.slice(0, 1)),
    kafka: () => rate(lanes(1, idempotent)),
  },
  {
    what: `sends/s, ${String(PARTITIONS)} partitions`,
    bar: BARS.produce,
    bare: () => rate(bareLanes),
    kafka: () => rate(lanes(PARTITIONS, plainSend)),
  },
  {
    what: `sends/s, ${String(PARTITIONS)} partitions, idempotent`,
    bar: BARS.produce,
    bare: () => rate(bareLanes),
    kafka: () => rate(lanes(PARTITIONS, idempotent)),
  },
  { what: 'messages/s read', bar: BARS.fetch, bare: barePoll, kafka: () => kafkaFetch(client) },
];
for (const { what, bar, bare, kafka } of rows) {
  await bare();
  await kafka();
  const bares: number[] = [];
  const kafkas: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bares.push(await bare());
    kafkas.push(await kafka());
  }
  const share = median(kafkas.map((each, round) => each / bares[round]!));
  console.log(
    `${what}: bare SDK ${median(bares).toFixed(0)}, gateway ${median(kafkas).toFixed(0)}: ${share.toFixed(2)} (bar ${String(bar)})`,
  );
  if (share < bar) process.exitCode = 1;
}

await client.close();
for (const each of clients) await each.destroy();
child.disconnect();
await once(child, 'exit');
await iggy.close();
