import { buildBatch, createPartitionsApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type IggyServer, startIggy } from './support/iggy.js';
import { createTopic, produce, produceUntilTaken } from './support/produce.js';
import { readValues } from './support/read-values.js';
import { batchOf, newProducer, setUp } from './support/set-up.js';

const MB = 1024 * 1024;
const TIMED_OUT = 7;

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

test('messages that the SDK cannot read are left out, and told of; what is around them is read', async () => {
  const { broker, client, warnings, send } = await setUp(iggy);
  await createTopic(client, 'orders');
  const key = { kind: 2, value: 'long' } as const;
  const unreadable = {
    payload: Buffer.from('x'),
    headers: [{ key, value: { kind: 1, value: Buffer.alloc(300) } as const }],
  };
  for (let index = 0; index < 6; index++) {
    // The first of all is one.
    if (index % 3 === 0) await send(unreadable);
    else await produceUntilTaken(client, 'orders', 0, batchOf(`value-${String(index)}`));
  }
  const values = await readValues(broker.bootstrap, 'orders', 4);
  expect(values).toEqual(['value-1', 'value-2', 'value-4', 'value-5']);
  const told = warnings.filter((warning) => /message \d+ of orders-0 is left out/.test(warning));
  expect(told.map((warning) => /message (\d+)/.exec(warning)?.[1])).toEqual(['0', '3']);
});

test(
  'messages that together are longer than an answer can be are read all the same',
  { timeout: 120_000 },
  async () => {
    const { broker, client, send } = await setUp(iggy);
    await createTopic(client, 'orders');
    for (let index = 0; index < 12; index++) await send({ payload: Buffer.alloc(6 * MB, 65 + index) });
    const values = await readValues(broker.bootstrap, 'orders', 12);
    expect(values.map((value) => [value.length, value[0]])).toEqual(
      Array.from({ length: 12 }, (_, index) => [6 * MB, String.fromCharCode(65 + index)]),
    );
  },
);

test.each(['client', 'clients'] as const)(
  '`%s` that are ready to be used work, also after the server has died',
  async (option) => {
    const given = Array.from({ length: option === 'client' ? 1 : 3 }, () => iggy.connect());
    onTestFinished(async () => {
      for (const each of given) await each.destroy();
    });
    const { broker, client } = await setUp(iggy, {
      ...(option === 'client' ? { client: given[0] } : { clients: given }),
      durability: 'power',
    });
    await createTopic(client, 'orders');
    await produceUntilTaken(client, 'orders', 0, batchOf('before'));
    expect(await readValues(broker.bootstrap, 'orders', 1)).toEqual(['before']);
    await iggy.kill();
    await iggy.restart();
    await produceUntilTaken(client, 'orders', 0, batchOf('after'));
    expect(await readValues(broker.bootstrap, 'orders', 2)).toEqual(['before', 'after']);
  },
);

test('topics of more than 1,000 partitions are made, and grow by more than 1,000', { timeout: 120_000 }, async () => {
  const { broker, client } = await setUp(iggy);
  const partitions = async (): Promise<number | undefined> => {
    const request = { topics: [{ name: 'wide' }], allowAutoTopicCreation: false };
    return (await client.send(metadataApi, request, 9)).topics[0]?.partitions.length;
  };
  await createTopic(client, 'wide', 1200);
  expect(await partitions()).toBe(1200);
  await produceUntilTaken(client, 'wide', 1199, batchOf('last'));
  expect(await readValues(broker.bootstrap, 'wide', 1, 1199)).toEqual(['last']);
  const topics = [{ name: 'wide', count: 2300, assignments: null }];
  const { results } = await client.send(createPartitionsApi, { topics, timeoutMs: 20_000, validateOnly: false });
  expect(results.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])).toEqual([[0, null]]);
  await vi.waitFor(async () => expect(await partitions()).toBe(2300));
  await produceUntilTaken(client, 'wide', 2299, batchOf('last'));
  expect(await readValues(broker.bootstrap, 'wide', 1, 2299)).toEqual(['last']);
});

test('a batch of several sends that is broken off goes on where it was', { timeout: 120_000 }, async () => {
  const { broker, client, proxy, warnings } = await setUp(iggy, {
    commandTimeoutMs: 3000,
    config: { 'message.max.bytes': 100 * MB },
  });
  await createTopic(client, 'orders');
  await produceUntilTaken(client, 'orders', 0, batchOf('before'));
  const producer = await newProducer(client);
  const records = Array.from({ length: 20 }, (_, index) => ({
    timestamp: Date.now(),
    value: Buffer.alloc(4 * MB, 65 + index),
  }));
  const batch = buildBatch(records, { compression: 'zstd', ...producer, baseSequence: 0 });
  // In the middle of the second of two sends.
  proxy.hold(66 * MB);
  expect((await produce(client, 'orders', 0, batch)).errorCode).toBe(TIMED_OUT);
  // What was held is lost: a server that got it now might store it after the gateway has looked for it.
  proxy.cut();
  proxy.release();
  expect(warnings.join('\n')).toMatch(/the first 1 are stored from offset 1; the rest is not/);
  expect(Number(await produceUntilTaken(client, 'orders', 0, batch))).toBe(1);
  const values = await readValues(broker.bootstrap, 'orders', 21);
  expect(values.map((value) => value[0])).toEqual(['b', ...records.map(({ value }) => value.toString('latin1', 0, 1))]);
});
