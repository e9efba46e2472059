import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { IggyClient, IggyHeaderInit } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, fetchApi } from 'iggy-gateway-kafka/protocol';
import { WireClient } from '../../../adapters/testing/wire-client.js';
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
const BARS = { produce: 0.6, fetch: 0.5 };

checkRequirements();
const iggy = await startIggy();
const direct = iggy.connect();
await direct.stream.create({ name: STREAM });
const init = { streamId: STREAM, partitionCount: PARTITIONS, compressionAlgorithm: 1 } as const;
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

function kafkaSend(client: WireClient, partition: number): () => Promise<unknown> {
  return async () => {
    const { errorCode } = await produce(client, 'kafka', partition, batch);
    if (errorCode !== 0) throw new Error(`Produce gave ${String(errorCode)}`);
  };
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
const lanes = (count: number): (() => Promise<unknown>)[] =>
  Array.from({ length: count * IN_FLIGHT }, (_, index) => kafkaSend(client, index % count));

const rows = [
  {
    what: 'sends/s, one partition',
    bar: BARS.produce,
    bare: () => rate([bareSend(direct, 0)]),
    kafka: () => rate(lanes(1)),
  },
  {
    what: `sends/s, ${String(PARTITIONS)} partitions`,
    bar: BARS.produce,
    bare: () => rate(clients.map((each, partition) => bareSend(each, partition))),
    kafka: () => rate(lanes(PARTITIONS)),
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
