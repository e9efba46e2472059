import type { IggyBackendOptions, IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch, createPartitionsApi, initProducerIdApi, metadataApi } from 'iggy-gateway-kafka/protocol';
import type { TestBroker } from 'iggy-gateway-kafka/testing';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../adapters/testing/wire-client.js';
import { newStream, startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';
import { startProxy } from './support/iggy-proxy.js';
import { createTopic, produce, produceUntilTaken } from './support/produce.js';
import { readValues } from './support/read-values.js';

const MB = 1024 * 1024;
const TIMED_OUT = 7;

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

interface Setup {
  readonly broker: TestBroker;
  readonly client: WireClient;
  readonly warnings: string[];
  /** Sends a message with Iggy's own client. */
  readonly send: (message: Parameters<IggyClient['message']['send']>[0]['messages'][number]) => Promise<void>;
}

async function start(options: Partial<IggyBackendOptions> = {}): Promise<Setup> {
  const stream = newStream();
  const { broker, warnings } = await startGateway(iggy, { stream, ...options });
  const client = await WireClient.connect(broker.bootstrap);
  const direct = iggy.connect();
  onTestFinished(async () => {
    await client.close();
    await direct.destroy();
    await broker.close();
  });
  return {
    broker,
    client,
    warnings,
    async send(message) {
      const partition = { kind: 2, value: 0 } as const;
      await direct.message.send({ streamId: stream, topicId: 'orders', messages: [message], partition });
    },
  };
}

const batchOf = (value: string): Buffer => buildBatch([{ timestamp: Date.now(), value: Buffer.from(value) }]);

test('messages that the SDK cannot read are left out, and told of; what is around them is read', async () => {
  const { broker, client, warnings, send } = await start();
  await createTopic(client, 'orders');
  const key = { kind: 2, value: 'long' } as const;
  const unreadable = {
    payload: Buffer.from('x'),
    headers: [{ key, value: { kind: 1, value: Buffer.alloc(300) } as const }],
  };
  for (let index = 0; index < 6; index++) {
    if (index % 3 === 1) await send(unreadable);
    else await produceUntilTaken(client, 'orders', 0, batchOf(`value-${String(index)}`));
  }
  const values = await readValues(broker.bootstrap, 'orders', 4);
  expect(values).toEqual(['value-0', 'value-2', 'value-3', 'value-5']);
  const told = warnings.filter((warning) => /message \d+ of orders-0 is left out/.test(warning));
  expect(told.map((warning) => /message (\d+)/.exec(warning)?.[1])).toEqual(['1', '4']);
});

test(
  'messages that together are longer than an answer can be are read all the same',
  { timeout: 120_000 },
  async () => {
    const { broker, client, send } = await start();
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
    const { broker, client } = await start({
      ...(option === 'client' ? { client: given[0] } : { clients: given }),
      enforceFsync: true,
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
  const { broker, client } = await start();
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
  const proxy = await startProxy(iggy.port);
  onTestFinished(() => proxy.close());
  const connect = (): IggyClient => iggy.connect({ options: { host: '127.0.0.1', port: proxy.port } });
  const { broker, client, warnings } = await start({
    connect,
    commandTimeoutMs: 3000,
    config: { 'message.max.bytes': 100 * MB },
  });
  await createTopic(client, 'orders');
  await produceUntilTaken(client, 'orders', 0, batchOf('before'));
  const { producerId, producerEpoch } = await client.send(initProducerIdApi, {
    transactionalId: null,
    transactionTimeoutMs: 60_000,
  });
  const records = Array.from({ length: 20 }, (_, index) => ({
    timestamp: Date.now(),
    value: Buffer.alloc(4 * MB, 65 + index),
  }));
  const batch = buildBatch(records, {
    compression: 'zstd',
    producerId: Number(producerId),
    producerEpoch,
    baseSequence: 0,
  });
  // In the middle of the second of two sends.
  proxy.hold(66 * MB);
  expect((await produce(client, 'orders', 0, batch)).errorCode).toBe(TIMED_OUT);
  proxy.release();
  expect(warnings.join('\n')).toMatch(/the first 1 are stored from offset 1; the rest is not/);
  expect(Number(await produceUntilTaken(client, 'orders', 0, batch))).toBe(1);
  const values = await readValues(broker.bootstrap, 'orders', 21);
  expect(values.map((value) => value[0])).toEqual(['b', ...records.map(({ value }) => value.toString('latin1', 0, 1))]);
});
