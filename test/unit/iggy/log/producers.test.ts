// Against the stand-in of Iggy: test/iggy/command.test.ts has the real one.
import { createIggyBackend, createIggyStore, type IggyBackendOptions } from 'iggy-gateway-kafka/adapters/iggy';
import type { PartitionId, ReplayedBatch } from 'iggy-gateway-kafka/adapters/broker';
import { buildBatch } from 'iggy-gateway-kafka/protocol';
import { startBroker } from 'iggy-gateway-kafka/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../../../src/wire-client/index.js';
import { createTopic, produce } from '../../../iggy/support/produce.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';

const OUT_OF_ORDER = 45;
const NOT_LEADER = 6;
const TIMED_OUT = 7;
const STREAM = 'kafka';

const records = (...values: string[]) =>
  values.map((value) => ({ timestamp: 1_700_000_000_000, value: Buffer.from(value) }));

const at = (baseSequence: number, values = ['a'], producerId = 9): Buffer =>
  buildBatch(records(...values), { producerId, producerEpoch: 0, baseSequence });

/** A gateway with a client; it is closed with the test, and so has crashed where another one is started before. */
async function start(iggy: StandIn, options: Partial<IggyBackendOptions> = {}) {
  const broker = await startBroker({
    backend: () => createIggyBackend({ connect: () => iggy.connect(), stream: STREAM, ...options }),
  });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  return { broker, client };
}

const inIggy = { streamId: STREAM, topicId: 'orders', partition: { kind: 2, value: 0 } } as const;

test('batches with sequences cost one send each', async () => {
  const iggy = createStandIn();
  const { client } = await start(iggy);
  await createTopic(client, 'orders');
  await produce(client, 'orders', 0, at(0));
  const before = iggy.counts.get('message.send')!;
  for (let sequence = 1; sequence <= 100; sequence++) await produce(client, 'orders', 0, at(sequence));
  expect(iggy.counts.get('message.send')! - before).toBe(100);
});

test('after a crash of the gateway, sequences are known from the log, whatever else is in it', async () => {
  const iggy = createStandIn();
  const { client } = await start(iggy);
  await createTopic(client, 'orders');
  // Another gateway gives out producer ids of its own.
  const other = await start(iggy, { stateTopic: 'other' });
  const direct = iggy.connect();
  const key = { kind: 2, value: 'long' } as const;
  const unreadable = {
    payload: Buffer.from('x'),
    headers: [{ key, value: { kind: 1, value: Buffer.alloc(300) } as const }],
  };
  for (let sequence = 0; sequence < 6; sequence += 2) {
    expect((await produce(client, 'orders', 0, at(sequence, ['a', 'b']))).errorCode).toBe(0);
    expect((await produce(other.client, 'orders', 0, at(7 + sequence, ['c', 'd']))).errorCode).toBe(0);
    await produce(client, 'orders', 0, buildBatch(records('plain')));
    await direct.message.send({ ...inIggy, messages: [sequence === 2 ? unreadable : { payload: Buffer.from('e') }] });
  }
  const again = await start(iggy, { warn: () => undefined });
  expect(await produce(again.client, 'orders', 0, at(4, ['a', 'b']))).toMatchObject({ errorCode: 0, baseOffset: 12n });
  expect((await produce(again.client, 'orders', 0, at(7))).errorCode).toBe(OUT_OF_ORDER);
  expect(await produce(again.client, 'orders', 0, at(6))).toMatchObject({ errorCode: 0, baseOffset: 18n });
});

test('a batch that was stored, and whose gateway ended before it could say so, is stored once', async () => {
  const iggy = createStandIn();
  const { client } = await start(iggy, { commandTimeoutMs: 500 });
  await createTopic(client, 'orders');
  await produce(client, 'orders', 0, at(0));
  iggy.fault = (name) => (name === 'message.send' ? 'hang' : undefined);
  const before = iggy.counts.get('message.send')!;
  const unanswered = produce(client, 'orders', 0, at(1)).catch(() => undefined);
  await vi.waitFor(() => expect(iggy.counts.get('message.send')).toBe(before + 1));
  iggy.fault = () => undefined;
  const again = await start(iggy);
  expect(await produce(again.client, 'orders', 0, at(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  expect(await produce(again.client, 'orders', 0, at(2))).toMatchObject({ errorCode: 0, baseOffset: 2n });
  await client.close();
  await unanswered;
});

test('a batch of which nobody knew whether it was stored is stored once, also after a clean end', async () => {
  const iggy = createStandIn();
  const { client, broker } = await start(iggy, { commandTimeoutMs: 200, warn: () => undefined });
  await createTopic(client, 'orders');
  await produce(client, 'orders', 0, at(0));
  let sent = false;
  iggy.fault = (name) => {
    if (sent) return 'before';
    sent = name === 'message.send';
    return sent ? 'hang' : undefined;
  };
  expect((await produce(client, 'orders', 0, at(1))).errorCode).toBe(TIMED_OUT);
  iggy.fault = () => undefined;
  // Others go on, also those whose batches have no sequences. Connections that failed rest for up to 2 s.
  await vi.waitFor(async () => {
    expect(await produce(client, 'orders', 0, buildBatch(records('plain')))).toMatchObject({ errorCode: 0 });
  }, 10_000);
  await client.close();
  await broker.close();
  const again = await start(iggy);
  expect(await produce(again.client, 'orders', 0, at(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  expect(await produce(again.client, 'orders', 0, at(2))).toMatchObject({ errorCode: 0, baseOffset: 3n });
});

test('a gateway whose state another one has takes no producer for which it cannot keep one, and ends without a word', async () => {
  const iggy = createStandIn();
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const { client, broker } = await start(iggy, { warn });
  const processWarnings: Error[] = [];
  const onWarning = (warning: Error): void => void processWarnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  await createTopic(client, 'orders');
  const big = (sequence: number) => at(sequence, ['x'.repeat(900_000)]);
  await produce(client, 'orders', 0, big(0));
  await start(iggy);
  // It learns of the other one as it keeps producers again.
  let sequence = 1;
  let errorCode = 0;
  for (; errorCode === 0 && sequence < 30; sequence++) {
    ({ errorCode } = await produce(client, 'orders', 0, big(sequence)));
  }
  expect(errorCode).toBe(NOT_LEADER);
  expect((await produce(client, 'orders', 0, buildBatch(records('plain')))).errorCode).toBe(0);
  await client.close();
  await broker.close();
  expect(warnings).toEqual([expect.stringMatching(/another gateway has opened stream/)]);
  expect(processWarnings).toEqual([]);
});

test('after a clean end, what Iggy clients have written meanwhile is not looked through', async () => {
  const iggy = createStandIn();
  const { client, broker } = await start(iggy);
  await createTopic(client, 'orders');
  await produce(client, 'orders', 0, at(0));
  await client.close();
  await broker.close();
  const messages = Array.from({ length: 500 }, () => ({ payload: Buffer.from('x') }));
  await iggy.connect().message.send({ ...inIggy, messages });
  const again = await start(iggy);
  const polls = iggy.counts.get('message.poll')!;
  expect(await produce(again.client, 'orders', 0, at(1))).toMatchObject({ errorCode: 0, baseOffset: 501n });
  // Where the log begins is asked for; to look through it takes more.
  expect(iggy.counts.get('message.poll')! - polls).toBeLessThanOrEqual(2);
});

test('a log that cannot be read keeps a producer waiting, and nothing is lost', async () => {
  const iggy = createStandIn();
  const { client } = await start(iggy);
  await createTopic(client, 'orders');
  await produce(client, 'orders', 0, at(0));
  const again = await start(iggy, { connectTimeoutMs: 50 });
  iggy.fault = (name) => (name === 'message.poll' ? 'before' : undefined);
  expect((await produce(again.client, 'orders', 0, at(1))).errorCode).toBe(NOT_LEADER);
  iggy.fault = () => undefined;
  await vi.waitFor(async () => {
    expect(await produce(again.client, 'orders', 0, at(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  });
});

/** A store with a partition that a producer has appended `a` and `b` to, and what the store tells from an offset on. */
async function told() {
  const iggy = createStandIn();
  const warnings: string[] = [];
  const store = createIggyStore({ connect: () => iggy.connect(), stream: STREAM, connectTimeoutMs: 500 }, (warning) =>
    warnings.push(warning),
  );
  await store.open();
  onTestFinished(() => store.close());
  const { id, name } = await store.createTopic({ id: 'any', name: 'orders', partitionCount: 1, configs: {} });
  const partition: PartitionId = { topicId: id, topic: name, partition: 0 };
  const append = async (batches: Buffer, recordCount: number): Promise<void> => {
    const entry = { partition, batches, recordCount, maxTimestamp: 0, leaderEpoch: 0, attempt: 0, marker: null };
    expect((await store.append([entry]))[0]?.error).toBeUndefined();
  };
  await append(at(0, ['a', 'b']), 2);
  const replayed = async (offset: number): Promise<ReplayedBatch[]> => {
    const found: ReplayedBatch[] = [];
    await store.replayProducers(partition, offset, (batch) => found.push(batch));
    return found;
  };
  return { iggy, append, replayed };
}

const BATCH = { producerId: 9, producerEpoch: 0, maxTimestamp: 1_700_000_000_000 };

test('a batch of several sends is one, also with others between; one that is not whole is none', async () => {
  const { iggy, append, replayed } = await told();
  await append(at(2, ['c', 'd', 'e']), 3);
  const direct = iggy.connect();
  const polled = await direct.message.poll({
    ...inIggy,
    consumer: { kind: 1, id: 1 },
    partitionId: 0,
    pollingStrategy: { kind: 1, value: 2n },
    count: 3,
    autocommit: false,
  });
  const originTimestamp = BigInt(BATCH.maxTimestamp) * 1000n;
  const [first, second, third] = polled.messages.map(({ headers }) => ({
    payload: Buffer.from('x'),
    id: BigInt(headers.id) + 3n,
    originTimestamp,
  }));
  // Sequences 5 to 7: broken off after 6, and then sent again from 5 on, with a message of another's between.
  await direct.message.send({ ...inIggy, messages: [first!, second!] });
  await direct.message.send({
    ...inIggy,
    messages: [first!, second!, { payload: Buffer.from('y'), originTimestamp }, third!],
  });
  await direct.message.send({ ...inIggy, messages: [first!] });
  expect(await replayed(0)).toEqual([
    { ...BATCH, baseSequence: 0, lastSequence: 1, baseOffset: 0 },
    { ...BATCH, baseSequence: 2, lastSequence: 4, baseOffset: 2 },
    { ...BATCH, baseSequence: 5, lastSequence: 7, baseOffset: 7 },
  ]);
});

test('where the first messages have gone meanwhile, the search goes on behind them', async () => {
  const { iggy, append, replayed } = await told();
  await append(at(2, ['c']), 1);
  iggy.dropBefore(STREAM, 'orders', 0, 2);
  expect(await replayed(0)).toEqual([{ ...BATCH, baseSequence: 2, lastSequence: 2, baseOffset: 2 }]);
});

test('where all of them have gone meanwhile, nothing is told', async () => {
  const { iggy, replayed } = await told();
  await iggy.connect().topic.purge({ streamId: STREAM, topicId: 'orders' });
  // A server that has just begun may tell of an empty log before it has read it.
  await vi.waitFor(async () => expect(await replayed(0)).toEqual([]), 5000);
});
