import { defineContract } from 'iggy-gateway-kafka/testing';
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
