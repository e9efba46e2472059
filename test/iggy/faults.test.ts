import { buildBatch, produceApi, initProducerIdApi } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../../adapters/testing/wire-client.js';
import { startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { readValues } from './support/read-values.js';

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

/** Codes on which a producer sends again. */
const RETRIABLE = new Set([3, 5, 6, 7]);

test('killed in the middle of an idempotent producer, a server that fsyncs loses and repeats nothing', async () => {
  const { broker } = await startGateway(iggy, { enforceFsync: true });
  onTestFinished(() => broker.close());
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(() => client.close());
  const { producerId, producerEpoch } = await client.send(initProducerIdApi, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
  });
  const { Kafka, logLevel } = await import('kafkajs');
  const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }] });
  await admin.disconnect();

  const codes = new Set<number>();
  const sent: string[] = [];
  let kills = 0;
  for (let sequence = 0; sequence < 400; sequence++) {
    const value = `value-${String(sequence)}`;
    const records = buildBatch([{ timestamp: Date.now(), value: Buffer.from(value) }], {
      producerId: Number(producerId),
      producerEpoch,
      baseSequence: sequence,
    });
    // In the middle of it: while a send is under way.
    const killing = sequence % 80 === 40 ? iggy.kill().then(() => iggy.restart()) : null;
    if (killing !== null) kills++;
    for (;;) {
      const request = {
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }],
      };
      const { responses } = await client.send(produceApi, request, 9);
      const code = responses[0]?.partitionResponses[0]?.errorCode ?? -1;
      if (code === 0) break;
      codes.add(code);
      if (!RETRIABLE.has(code)) throw new Error(`Produce gave ${String(code)}`);
    }
    sent.push(value);
    await killing;
  }
  expect(kills).toBe(5);
  expect(await readValues(broker.bootstrap, 'orders', sent.length)).toEqual(sent);
});
