import { defineContract, startBroker } from 'iggy-gateway-kafka/testing';
import { describe, test } from 'vitest';

defineContract(
  // Each case has a broker of its own.
  { describe, test: test.concurrent },
  {
    start: ({ config, groups }) => startBroker({ config, groups }),
    capabilities: { transactions: false },
  },
);
