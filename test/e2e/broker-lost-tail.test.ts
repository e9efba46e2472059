import { createBrokerBackend, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { buildBatch } from 'iggy-gateway-kafka/protocol';
import { startBroker } from 'iggy-gateway-kafka/testing';
import { expect, onTestFinished, test } from 'vitest';
import { WireClient } from '../../src/wire-client/index.js';
import { createTopic, produce } from '../iggy/support/produce.js';
import { troubledStore } from '../support/troubled-store.js';

const NOT_LEADER = 6;

const batch = (): Buffer =>
  buildBatch([{ timestamp: 1_700_000_000_000, value: Buffer.from('a') }], {
    producerId: 9,
    producerEpoch: 0,
    baseSequence: 0,
  });

test.each([
  [
    'throws',
    () => {
      throw new StoreError('UNAVAILABLE', 'not now');
    },
  ],
  ['rejects', () => Promise.reject(new StoreError('UNAVAILABLE', 'not now'))],
])('a repeated batch is refused with a retriable error while the store %s', async (_, instead) => {
  const { store, next } = troubledStore();
  const broker = await startBroker({ backend: () => createBrokerBackend({ store }) });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  await createTopic(client, 'orders');
  expect(await produce(client, 'orders', 0, batch())).toMatchObject({ errorCode: 0, baseOffset: 0n });
  next('logOffsets', instead);
  expect((await produce(client, 'orders', 0, batch())).errorCode).toBe(NOT_LEADER);
  expect(await produce(client, 'orders', 0, batch())).toMatchObject({ errorCode: 0, baseOffset: 0n });
});
