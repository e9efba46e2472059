// Against the stand-in of Iggy: test/iggy/contract.test.ts has the real one.
import { createIggyBackend, createIggyStore } from 'iggy-gateway-kafka/adapters/iggy';
import { defineContract, defineStateContract, startBroker } from 'iggy-gateway-kafka/testing';
import { describe, test } from 'vitest';
import { createStandIn } from '../support/iggy-stand-in.js';

defineContract(
  { describe, test },
  {
    start: ({ config, groups }) => {
      const iggy = createStandIn();
      return startBroker({
        backend: () => createIggyBackend({ connect: () => iggy.connect(), stream: 'kafka', config, groups }),
      });
    },
    capabilities: { deleteRecords: false, retention: false, compaction: false, transactions: false },
  },
);

defineStateContract(
  { describe, test },
  {
    start: () => {
      const iggy = createStandIn();
      return { createStore: () => createIggyStore({ connect: () => iggy.connect(), stream: 'kafka' }) };
    },
    refusedChange: ['too large', new Uint8Array(40 * 1024 ** 2)],
  },
);
