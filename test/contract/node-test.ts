// The same contract under Node's own test runner: `node --import tsx --test test/contract/node-test.ts`.
import { describe, test } from 'node:test';
import { defineContract, startBroker } from 'iggy-gateway-kafka/testing';

defineContract(
  { describe, test },
  {
    start: ({ config, groups }) => startBroker({ config, groups }),
    capabilities: { transactions: false },
  },
);
