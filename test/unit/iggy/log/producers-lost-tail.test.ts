// Against the stand-in of Iggy: the real one loses its tail only when it is killed at the right moment.
import { createIggyBackend } from 'iggy-gateway-kafka/adapters/iggy';
import { buildBatch } from 'iggy-gateway-kafka/protocol';
import { startBroker } from 'iggy-gateway-kafka/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WireClient } from '../../../../src/wire-client/index.js';
import { createTopic, produce } from '../../../iggy/support/produce.js';
import { createStandIn } from '../../../support/iggy-stand-in.js';

const STREAM = 'kafka';
const OUT_OF_ORDER = 45;

const at = (baseSequence: number, values = ['a']): Buffer =>
  buildBatch(
    values.map((value) => ({ timestamp: 1_700_000_000_000, value: Buffer.from(value) })),
    { producerId: 9, producerEpoch: 0, baseSequence },
  );

const plain = (): Buffer => buildBatch([{ timestamp: 1_700_000_000_000, value: Buffer.from('plain') }]);

/** A gateway with the topic orders, to which an idempotent producer has written sequences 0 to 4. */
async function start() {
  const iggy = createStandIn();
  const warnings: string[] = [];
  const broker = await startBroker({
    backend: () =>
      createIggyBackend({
        connect: () => iggy.connect(),
        stream: STREAM,
        durability: 'none',
        warn: (message) => warnings.push(message),
      }),
  });
  const client = await WireClient.connect(broker.bootstrap);
  onTestFinished(async () => {
    await client.close();
    await broker.close();
  });
  await createTopic(client, 'orders');
  const send = (batch: Buffer) => produce(client, 'orders', 0, batch);
  for (let sequence = 0; sequence < 5; sequence++) expect((await send(at(sequence))).errorCode).toBe(0);
  return { iggy, warnings, send };
}

test('a repeated batch that the server has lost since is stored anew, not answered with its old offset', async () => {
  const { iggy, warnings, send } = await start();
  iggy.loseFrom(STREAM, 'orders', 0, 4);
  // The gateway does not believe a shorter log at once: until then the answer is retriable.
  await vi.waitFor(async () => expect(await send(at(4))).toMatchObject({ errorCode: 0, baseOffset: 4n }), 5000);
  expect(warnings.join()).toMatch(/the end went back from offset 5 to 4/);
  expect(await send(at(4))).toMatchObject({ errorCode: 0, baseOffset: 4n });
  expect(await send(at(5))).toMatchObject({ errorCode: 0, baseOffset: 5n });
});

test('a batch behind a lost one is out of order, as after an unclean election of a Kafka', async () => {
  const { iggy, send } = await start();
  iggy.loseFrom(STREAM, 'orders', 0, 3);
  await vi.waitFor(async () => expect((await send(at(4))).errorCode).toBe(OUT_OF_ORDER), 5000);
  expect(await send(at(3))).toMatchObject({ errorCode: 0, baseOffset: 3n });
});

test('a lost batch is stored anew where others have taken its offsets', async () => {
  const { iggy, send } = await start();
  iggy.loseFrom(STREAM, 'orders', 0, 4);
  for (const offset of [4n, 5n]) expect(await send(plain())).toMatchObject({ errorCode: 0, baseOffset: offset });
  expect(await send(at(4))).toMatchObject({ errorCode: 0, baseOffset: 6n });
});

test('a producer of whom all is lost begins with any sequence', async () => {
  const { iggy, send } = await start();
  iggy.loseFrom(STREAM, 'orders', 0, 0);
  await vi.waitFor(async () => expect(await send(at(4))).toMatchObject({ errorCode: 0, baseOffset: 0n }), 5000);
});
