// Stores whose state is broken on purpose, each in one place: the contract must notice, and say what is wrong.
import type { LogStore } from 'iggy-gateway-kafka/adapters/broker';
import { stateContractCases, type StateContractOptions } from 'iggy-gateway-kafka/testing';
import { describe, expect, test } from 'vitest';
import { sharedStore } from '../support/shared-store.js';
import { followerMutants } from './state-mutants/followers.js';
import { type Mutant, TOO_LARGE } from './state-mutants/mutant.js';
import { openingMutants } from './state-mutants/openings.js';
import { ownerMutants } from './state-mutants/owners.js';
import { valueMutants } from './state-mutants/values.js';

const MUTANTS = [...valueMutants, ...openingMutants, ...ownerMutants, ...followerMutants];

/** What a mutant is held to. */
function optionsOf({ store: breakIt }: Mutant): StateContractOptions {
  return {
    start() {
      const { store } = sharedStore();
      const broken = Object.assign(Object.create(store) as LogStore, breakIt(store));
      return { createStore: () => broken };
    },
    refusedChange: TOO_LARGE,
    patienceMs: 0,
  };
}

describe('the contract notices a store that', () => {
  for (const mutant of MUTANTS) {
    test(mutant.does, async () => {
      const found = stateContractCases(optionsOf(mutant)).find(({ name }) => name === mutant.noticed);
      expect(found, `no case '${mutant.noticed}'`).toBeDefined();
      await expect(found?.run()).rejects.toThrow(mutant.says);
    });
  }
});

test('each case notices a mutant', () => {
  const names = stateContractCases(optionsOf(MUTANTS[0]!)).map(({ name }) => name);
  expect(new Set(MUTANTS.map(({ noticed }) => noticed))).toEqual(new Set(names));
});
