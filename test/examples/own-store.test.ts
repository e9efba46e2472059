import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBrokerBackend } from 'iggy-gateway-kafka/adapters/broker';
import { defineContract, startBroker } from 'iggy-gateway-kafka/testing';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { createFileStore } from '../../examples/own-store.js';

// The store of the example keeps the whole contract, but for what it says it cannot.

let folder = '';
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-store-'));
});

afterAll(() => rm(folder, { recursive: true }));

defineContract(
  { describe, test },
  {
    start: ({ config, groups }) => {
      const path = join(folder, String(++files));
      return startBroker({ backend: () => createBrokerBackend({ store: createFileStore(path), config, groups }) });
    },
    capabilities: { deleteRecords: false, retention: false, compaction: false, transactions: false },
  },
);
