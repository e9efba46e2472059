// A store that several brokers open, which stands in for an engine in the tests of the kit: its fencing is as the kit expects it.
import { defineStateContract } from 'iggy-gateway-kafka/testing';
import { describe, test } from 'vitest';
import { sharedStore } from '../support/shared-store.js';

defineStateContract(
  { describe, test },
  {
    start: () => {
      const { store } = sharedStore();
      return { createStore: () => store };
    },
    refusedChange: ['too large', new Uint8Array(64 * 1024 ** 2)],
  },
);
