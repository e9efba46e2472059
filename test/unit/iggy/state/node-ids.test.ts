import { expect, onTestFinished, test } from 'vitest';
import { createStandIn } from '../../../support/iggy-stand-in.js';
import { openStore } from '../../../support/iggy-store.js';
import { startSide, untilOvertaken } from '../../../iggy/support/gateway-sides.js';

const at = (host: string) => ({ endpoint: { host, port: 9092 }, rack: null });

test('an address keeps its node id, and another one gets the lowest that is free', async () => {
  const { iggy, store } = await openStore();
  expect(await store.register({ ...at('a'), nodeId: null })).toBe(1);
  expect(await store.register({ ...at('b'), nodeId: null })).toBe(2);
  await store.close();
  const { store: again } = await openStore({}, iggy);
  expect(await again.register({ ...at('c'), nodeId: null })).toBe(3);
  expect(await again.register({ ...at('b'), nodeId: null })).toBe(2);
});

test('a node id that was set holds, and is taken from another address', async () => {
  const { store } = await openStore();
  expect(await store.register({ ...at('a'), nodeId: null })).toBe(1);
  expect(await store.register({ ...at('b'), nodeId: 1 })).toBe(1);
  expect(await store.register({ ...at('a'), nodeId: null })).toBe(2);
});

test('of many addresses the oldest is forgotten', async () => {
  const { store } = await openStore({ commandTimeoutMs: 5000 });
  for (let count = 0; count < 1000; count++) await store.register({ ...at(`host-${String(count)}`), nodeId: null });
  expect(await store.register({ ...at('one more'), nodeId: null })).toBe(1001);
  expect(await store.register({ ...at('host-0'), nodeId: null })).toBe(1);
});

test('an address that cannot be kept fails, unless another gateway has the state', async () => {
  const { iggy, store } = await openStore();
  iggy.letsIn = false;
  await expect(store.register({ ...at('a'), nodeId: null })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  iggy.letsIn = true;
  await openStore({}, iggy);
  expect(await store.register({ ...at('a'), nodeId: null })).toBe(1);
  const changes: unknown[] = [];
  onTestFinished(store.watchState((change) => changes.push(change)));
  expect(changes).toEqual([{ kind: 'lost', owner: null }]);
});

test('a gateway that is overtaken by one with its own node.id is told to have another one', async () => {
  const iggy = createStandIn();
  const engine = { connect: () => iggy.connect(), stream: 'kafka' };
  const first = await startSide(engine, { config: { 'node.id': 7 } });
  const second = await startSide(engine, { config: { 'node.id': 7 } });
  await untilOvertaken(first, second);
  expect(first.warnings).toContainEqual(
    expect.stringContaining(
      `node.id: "7"; expected another one than that of the gateway at 127.0.0.1:${String(second.port)}`,
    ),
  );
});
