import { defineContract, startBroker } from 'iggy-gateway-kafka/testing';
import { describe, test } from 'vitest';

defineContract(
  { describe, test },
  {
    start: ({ config }) => startBroker({ config }),
    capabilities: { transactions: false },
  },
);
