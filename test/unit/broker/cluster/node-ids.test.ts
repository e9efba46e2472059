import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { expect, test } from 'vitest';
import { assignNodeId } from '../../../../adapters/broker/cluster/node-ids.js';
import { openState, readState } from '../../../support/stored-state.js';
import { FAILING, troubledStore } from '../../../support/troubled-store.js';

const at = (host: string) => ({ host, port: 9092 });

/** Assigns node ids as brokers do that open a store one after another. */
function brokersOver(store = createMemoryStore()) {
  return async (host: string, wanted: number | null = null): Promise<number> =>
    assignNodeId((await openState(store)).state, at(host), wanted);
}

async function addressesIn(store: ReturnType<typeof createMemoryStore>): Promise<readonly string[]> {
  return (await readState(store)).map(([key, id]) => `${key} ${Buffer.from(id).toString()}`);
}

test('an address keeps its node id, and another one gets the lowest that is free', async () => {
  const start = brokersOver();
  expect(await start('a')).toBe(1);
  expect(await start('b')).toBe(2);
  expect(await start('c')).toBe(3);
  expect(await start('b')).toBe(2);
});

test('the same host with another port is another address', async () => {
  const { state } = await openState(createMemoryStore());
  expect(await assignNodeId(state, at('a'), null)).toBe(1);
  await state.open();
  expect(await assignNodeId(state, { host: 'a', port: 9093 }, null)).toBe(2);
});

test('a node id that was set holds, and is taken from the address that had it', async () => {
  const store = createMemoryStore();
  const start = brokersOver(store);
  expect(await start('a')).toBe(1);
  expect(await start('b', 1)).toBe(1);
  expect(await start('b', 1)).toBe(1);
  expect(await addressesIn(store)).toEqual(['cluster/node/b:9092 1']);
  expect(await start('a')).toBe(2);
  expect(await start('a', 7)).toBe(7);
  expect(await start('c')).toBe(2);
});

test('of many addresses the oldest one is forgotten', async () => {
  const store = createMemoryStore();
  const start = brokersOver(store);
  for (let count = 0; count < 1000; count++) expect(await start(`host-${String(count)}`)).toBe(count + 1);
  expect(await addressesIn(store)).toHaveLength(1000);
  expect(await start('one more')).toBe(1001);
  expect(await addressesIn(store)).toHaveLength(1000);
  expect(await start('one more')).toBe(1001);
  expect(await addressesIn(store)).not.toContain('cluster/node/host-0:9092 1');
});

test.each(FAILING)(
  'an address that cannot be kept fails, unless another broker owns the state: %s',
  async (_how, fail) => {
    const { store, next } = troubledStore();
    const { state } = await openState(store);
    for (const error of [new StoreError('UNAVAILABLE', 'away'), new Error('broken')]) {
      next('put', fail(error));
      await expect(assignNodeId(state, at('a'), null)).rejects.toBe(error);
    }
    next('put', fail(new StoreError('FENCED', 'another broker owns it')));
    expect(await assignNodeId(state, at('a'), null)).toBe(1);
    await openState(store);
    expect(await assignNodeId(state, at('a'), null)).toBe(1);
  },
);
