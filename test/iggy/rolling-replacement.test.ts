import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { newStream } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { createTopic } from './support/produce.js';
import { type Side, startSide } from './support/gateway-sides.js';

/** How often the gateway is replaced: `ROLLING_ROUNDS`, 20 for the whole test. */
const ROUNDS = Number(process.env.ROLLING_ROUNDS ?? 2);
const TOPIC = 'orders';
const PARTITIONS = 3;
/** Records that are acknowledged while both gateways run, and after the old one has ended. */
const RECORDS = 150;
const PATIENCE = { timeout: 60_000, interval: 20 };

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

/** Values of all messages, by partition, as Iggy has them. */
async function stored(stream: string): Promise<string[]> {
  const client = iggy.connect();
  const values: string[] = [];
  for (let partitionId = 0; partitionId < PARTITIONS; partitionId++) {
    for (let next = 0n; ;) {
      const { messages } = await client.message.poll({
        streamId: stream,
        topicId: TOPIC,
        consumer: { kind: 1, id: 1 },
        partitionId,
        pollingStrategy: { kind: 1, value: next },
        count: 1000,
        autocommit: false,
      });
      if (messages.length === 0) break;
      for (const { payload } of messages) values.push(payload.toString());
      next += BigInt(messages.length);
    }
  }
  await client.destroy();
  return values;
}

test(
  `a gateway is replaced ${String(ROUNDS)} times under load: nothing acknowledged is lost or stored twice, groups go on`,
  { timeout: 120_000 + ROUNDS * 60_000 },
  async () => {
    const engine = { connect: () => iggy.connect(), stream: newStream() };
    const options = { topicsRefreshMs: 1000, sessionTimeoutMs: 10_000 };
    let current: Side = await startSide(engine, options);
    await createTopic(current.client, TOPIC, PARTITIONS);
    const kafka = new Kafka({
      brokers: () => [`127.0.0.1:${String(current.port)}`],
      logLevel: logLevel.NOTHING,
      retry: { retries: 60, initialRetryTime: 50, maxRetryTime: 500 },
    });

    const seen = new Map<string, number>();
    const consumer = kafka.consumer({ groupId: 'readers', sessionTimeout: 30_000, heartbeatInterval: 500 });
    const crashes: unknown[] = [];
    consumer.on('consumer.crash', ({ payload }) => crashes.push(payload.error));
    await consumer.connect();
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    await consumer.run({
      autoCommitInterval: 200,
      eachMessage: ({ message }) => {
        const value = String(message.value);
        seen.set(value, (seen.get(value) ?? 0) + 1);
        return Promise.resolve();
      },
    });

    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    const run = { isOver: false };
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const load = (async () => {
      for (let count = 0; !run.isOver; count++) {
        const value = `record ${String(count)}`;
        try {
          await producer.send({ topic: TOPIC, messages: [{ value, partition: count % PARTITIONS }] });
          acknowledged.push(value);
        } catch (error) {
          failures.push(error);
        }
      }
    })();
    onTestFinished(async () => {
      run.isOver = true;
      await Promise.all([load, producer.disconnect(), consumer.disconnect()]);
    });
    const more = async (): Promise<void> => {
      const most = acknowledged.length + RECORDS;
      await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThanOrEqual(most), PATIENCE);
      await vi.waitFor(() => expect(seen.size).toBeGreaterThanOrEqual(most), PATIENCE);
    };

    await more();
    const warnings: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const next = await startSide(engine, options);
      await more();
      await current.close();
      warnings.push(...current.warnings);
      current = next;
      await more();
    }
    run.isOver = true;
    await load;
    const values = await stored(engine.stream);
    const last = acknowledged.length;
    await vi.waitFor(() => expect(acknowledged.filter((value) => !seen.has(value))).toEqual([]), PATIENCE);
    expect(failures).toEqual([]);
    expect(acknowledged.filter((value) => !values.includes(value))).toEqual([]);
    expect(values.length - new Set(values).size).toBe(0);
    expect(values).toHaveLength(last);
    expect(warnings.filter((warning) => !/another gateway has opened|is not there any more/.test(warning))).toEqual([]);
    expect(crashes).toEqual([]);
    console.info(
      `${String(ROUNDS)} replacements: ${String(last)} records acknowledged, ${String(values.length)} stored, ` +
        `${String(seen.size)} consumed, ${String([...seen.values()].filter((times) => times > 1).length)} of them again`,
    );
  },
);
