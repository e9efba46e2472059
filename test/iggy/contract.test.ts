import { createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { defineContract, defineStateContract } from 'iggy-gateway-kafka/testing';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { newStream, startGateway } from './support/gateway.js';
import { type IggyServer, startIggy } from './support/iggy.js';

let iggy: IggyServer;

beforeAll(async () => {
  iggy = await startIggy();
});
afterAll(() => iggy.close());

defineContract(
  { describe, test },
  {
    start: async ({ config, groups }) => (await startGateway(iggy, { stream: newStream(), config, groups })).broker,
    // Iggy drops whole segments by its own rules, and has no place for control batches.
    capabilities: { deleteRecords: false, retention: false, compaction: false, transactions: false },
  },
);

defineStateContract(
  { describe, test },
  {
    start: () => {
      const stream = newStream();
      return { createStore: () => createIggyStore({ connect: () => iggy.connect(), stream }) };
    },
    refusedChange: ['too large', new Uint8Array(40 * 1024 ** 2)],
  },
);
