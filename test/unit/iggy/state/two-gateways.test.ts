import { describe, expect, test } from 'vitest';
import { createTopic, produce } from '../../../iggy/support/produce.js';
import { batch, initProducer, startSide, stateEntries } from '../../../iggy/support/gateway-sides.js';
import { TWO_GATEWAYS } from '../../../iggy/support/two-gateways.js';
import { createStandIn } from '../../../support/iggy-stand-in.js';

const CHECK = 6;
const ORDERS = { streamId: 'kafka', topicId: 'orders', partition: { kind: 2, value: 0 } } as const;

describe('of two gateways over one stream', () => {
  for (const { title, run } of TWO_GATEWAYS) {
    test(title, { timeout: 60_000 }, async () => {
      const iggy = createStandIn();
      await run({ connect: () => iggy.connect(), stream: 'kafka' });
    });
  }
});

describe('a gap before a batch', () => {
  test('that is too long to be read makes the gateway look up who has the state', async () => {
    const iggy = createStandIn();
    const engine = { connect: () => iggy.connect(), stream: 'kafka' };
    const side = await startSide(engine, { sessionTimeoutMs: 600_000 });
    await createTopic(side.client, 'orders');
    const { producerId } = await initProducer(side);
    await produce(side.client, 'orders', 0, batch(producerId, 0));
    const before = (await stateEntries(engine)).filter(({ kind }) => kind === CHECK).length;
    const messages = Array.from({ length: 1001 }, () => ({ payload: Buffer.from('x') }));
    await iggy.connect().message.send({ ...ORDERS, messages });
    expect(await produce(side.client, 'orders', 0, batch(producerId, 1))).toMatchObject({
      errorCode: 0,
      baseOffset: 1002n,
    });
    await expect
      .poll(async () => (await stateEntries(engine)).filter(({ kind }) => kind === CHECK))
      .toHaveLength(before + 1);
    expect(side.gateway.stats().backendStatus.state).toBe('active');
  });

  test('that comes again before topics are listed makes it look only once', async () => {
    const iggy = createStandIn();
    const engine = { connect: () => iggy.connect(), stream: 'kafka' };
    const side = await startSide(engine, { sessionTimeoutMs: 600_000, topicsRefreshMs: 600_000 });
    await createTopic(side.client, 'orders');
    const { producerId } = await initProducer(side);
    await produce(side.client, 'orders', 0, batch(producerId, 0));
    const before = (await stateEntries(engine)).filter(({ kind }) => kind === CHECK).length;
    const messages = Array.from({ length: 1001 }, () => ({ payload: Buffer.from('x') }));
    for (const sequence of [1, 2, 3]) {
      await iggy.connect().message.send({ ...ORDERS, messages });
      expect(await produce(side.client, 'orders', 0, batch(producerId, sequence))).toMatchObject({ errorCode: 0 });
    }
    // Its last entry is written behind all others.
    await side.close();
    const after = (await stateEntries(engine)).filter(({ kind }) => kind === CHECK).length;
    expect(after - before).toBe(1);
  });

  test('that cannot be read holds up no answer: producers are learned from the log before the next batch', async () => {
    const iggy = createStandIn();
    const side = await startSide({ connect: () => iggy.connect(), stream: 'kafka' });
    await createTopic(side.client, 'orders');
    const { producerId } = await initProducer(side);
    await produce(side.client, 'orders', 0, batch(producerId, 0));
    await iggy.connect().message.send({ ...ORDERS, messages: [{ payload: Buffer.from('x') }] });
    iggy.fault = (name) => (name === 'message.poll' ? 'before' : undefined);
    expect(await produce(side.client, 'orders', 0, batch(producerId, 1))).toMatchObject({
      errorCode: 0,
      baseOffset: 2n,
    });
    iggy.fault = () => undefined;
    await expect
      .poll(() => produce(side.client, 'orders', 0, batch(producerId, 2)), { timeout: 10_000 })
      .toMatchObject({ errorCode: 0, baseOffset: 3n });
  });
});
