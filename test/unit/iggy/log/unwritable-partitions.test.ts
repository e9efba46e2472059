import type { IggyClient } from 'iggy-gateway-kafka/adapters/iggy';
import { expect, test } from 'vitest';
import { append, batchOf, createOrders, openStore, read, records, refusal } from '../../../support/iggy-store.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';

const NODE = { name: 'node-1', ip: '10.0.0.1', endpoints: { tcp: 8090 }, status: 'Healthy' };
const CLUSTER = [
  { ...NODE, role: 'Leader' },
  { ...NODE, name: 'node-2', role: 'Follower' },
];

/** Clients of a cluster that takes no messages for `orders` while `refused` gives an error for them. */
function connecting(iggy: StandIn, nodes: typeof CLUSTER | null, refused: () => Error | null): () => IggyClient {
  return () => {
    const client = iggy.connect();
    const send: IggyClient['message']['send'] = async (args) => {
      const error = args.topicId === 'orders' ? refused() : null;
      if (error !== null) throw error;
      return client.message.send(args);
    };
    const cluster = nodes === null ? {} : { cluster: { getClusterMetadata: async () => ({ nodes }) } };
    return { ...client, ...cluster, message: { ...client.message, send } };
  };
}

/** As the SDK says that the last repetition of a refused command got no answer in time. */
function notAnswered(): Error {
  return Object.assign(new Error('timed out after 39 ms waiting for VSR response'), {
    name: 'VsrResponseTimeoutError',
  });
}

const REFUSED =
  'Iggy: orders-0 cannot be written: its primary is another node than node-1 (10.0.0.1:8090), the only one that ' +
  "Iggy's SDK sends to: refused: 58";

test('a partition whose primary the SDK does not reach is refused for good, with the reason; the operator is told once', async () => {
  const iggy = createStandIn();
  let sends = 0;
  let isRefused = true;
  const refused = (): Error | null => {
    sends++;
    return isRefused ? refusal(58, 101) : null;
  };
  const { store, warnings } = await openStore({ connect: connecting(iggy, CLUSTER, refused) }, iggy);
  const orders = await createOrders(store, 2);
  expect((await append(store, orders, batchOf('a'))).error).toMatchObject({ code: 'UNWRITABLE', message: REFUSED });
  // At once, without asking Iggy.
  expect((await append(store, orders, batchOf('b'))).error).toMatchObject({ code: 'UNWRITABLE', message: REFUSED });
  expect([sends, warnings]).toEqual([1, [REFUSED]]);
  // Its other partition may have another primary.
  isRefused = false;
  expect(await append(store, { ...orders, partition: 1 }, batchOf('c'))).toMatchObject({ baseOffset: 0 });
});

test('a partition that is written again is so for the operator as well', async () => {
  const iggy = createStandIn();
  let isRefused = true;
  const refused = (): Error | null => (isRefused ? refusal(58, 101) : null);
  const nodes = CLUSTER.map((node) => ({ ...node, role: 'Follower' }));
  const { store, warnings } = await openStore({ connect: connecting(iggy, nodes, refused) }, iggy);
  const orders = await createOrders(store);
  // An election: it is tried again.
  const why = 'Iggy: orders-0 cannot be written: no node of Iggy is its primary for now: refused: 58';
  for (let round = 0; round < 2; round++) {
    expect((await append(store, orders, batchOf('a'))).error).toMatchObject({ code: 'UNAVAILABLE', message: why });
  }
  isRefused = false;
  expect(await append(store, orders, batchOf('a'))).toMatchObject({ baseOffset: 0 });
  expect(records(await read(store, orders))).toEqual([[0, 'a']]);
  expect(warnings).toEqual([why, 'Iggy: orders-0 can be written again']);
});

test('where the SDK shows no roster, a partition that cannot be written is tried again', async () => {
  const iggy = createStandIn();
  const { store } = await openStore({ connect: connecting(iggy, null, () => refusal(58, 101)) }, iggy);
  const { error } = await append(store, await createOrders(store), batchOf('a'));
  const message = 'Iggy: orders-0 cannot be written: Iggy does not take messages for it: refused: 58';
  expect(error).toMatchObject({ code: 'UNAVAILABLE', message });
});

test('a send that may still be committed is looked for, and not refused for good', async () => {
  const iggy = createStandIn();
  const { store, warnings } = await openStore({ connect: connecting(iggy, CLUSTER, () => refusal(57, 101)) }, iggy);
  const orders = await createOrders(store);
  for (let round = 0; round < 2; round++) {
    expect((await append(store, orders, batchOf('a'))).error).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  }
  const why = 'too few nodes of Iggy answer, and it may be committed yet: refused: 57';
  expect(warnings).toEqual([`Iggy: a send to orders-0 is not committed: ${why}`]);
});

test('a refused send whose last repetition got no answer is looked for first, and then refused for good', async () => {
  const iggy = createStandIn();
  const { store, warnings } = await openStore({ connect: connecting(iggy, CLUSTER, notAnswered) }, iggy);
  const orders = await createOrders(store);
  const batch = batchOf('a');
  expect((await append(store, orders, batch)).error).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect((await append(store, orders, batch)).error).toMatchObject({ code: 'UNWRITABLE' });
  expect(warnings).toHaveLength(1);
});
