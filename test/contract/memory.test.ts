import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { defineContract, defineStateContract, startBroker } from 'iggy-gateway-kafka/testing';
import { describe, test } from 'vitest';

defineContract(
  // Each case has a broker of its own.
  { describe, test: test.concurrent },
  {
    start: ({ config, groups }) => startBroker({ config, groups }),
    capabilities: { transactions: false },
  },
);

defineStateContract(
  { describe, test },
  {
    start: () => {
      // It is as durable as this object, which several brokers may have.
      const store = createMemoryStore();
      return { createStore: () => store };
    },
    capabilities: { followShard: false },
    refusedChange: ['too large', new Uint8Array(64 * 1024 ** 2)],
  },
);
