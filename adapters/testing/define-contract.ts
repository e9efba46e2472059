import { OptionError } from '../../src/contract/index.js';
import { type ContractCase, contractCases, type ContractOptions } from './contract/index.js';
import { stateContractCases, type StateContractOptions } from './state-contract/index.js';

/** Milliseconds that a test may take in addition to `patienceMs`, so that the case fails with its own error first. */
const TIMEOUT_MS = 60_000;

/** The function `test` of vitest, jest or node:test. */
export interface TestFunction {
  /** Defines a test. @param timeoutMs - Timeout, for runners with a lower default. */
  (name: string, run: () => Promise<void>, timeoutMs: number): unknown;
  /** Defines a skipped test. */
  readonly skip?: ((name: string, run: () => Promise<void>) => unknown) | undefined;
}

/** The two functions of a test runner that the contracts need. */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly test: TestFunction;
}

/**
 * Defines a test for each case of the broker contract, grouped by area. Cases that need a missing capability are reported as
 * skipped if the runner supports it.
 *
 * ```ts
 * import { describe, test } from 'node:test';
 * defineContract({ describe, test }, { start: () => startBroker({ backend: () => createMyBackend() }) });
 * ```
 *
 * @throws OptionError for an invalid runner function, and for an unknown or invalid option.
 */
export function defineContract(runner: TestRunner, options: ContractOptions): void {
  defineCases(runner, contractCases(options), options.patienceMs);
}

/**
 * Defines a test for each case of the contract for the durable state of a store, grouped by area. Cases that need a missing
 * capability are reported as skipped if the runner supports it.
 *
 * ```ts
 * import { describe, test } from 'node:test';
 * defineStateContract(
 *   { describe, test },
 *   {
 *     start: () => {
 *       const place = anEmptyPlace();
 *       return { createStore: () => createMyStore(place) };
 *     },
 *   },
 * );
 * ```
 *
 * @throws OptionError for an invalid runner function, and for an unknown or invalid option.
 */
export function defineStateContract(runner: TestRunner, options: StateContractOptions): void {
  defineCases(runner, stateContractCases(options), options.patienceMs);
}

function defineCases(runner: TestRunner, cases: readonly ContractCase<string>[], patienceMs = 0): void {
  const { describe, test } = runner;
  for (const [name, value] of Object.entries({ describe, test })) {
    if (typeof value !== 'function') throw new OptionError(`runner.${name}`, value, "it is the test runner's function");
  }
  const areas = new Map<string, ContractCase<string>[]>();
  for (const each of cases) {
    const area = areas.get(each.area);
    if (area === undefined) areas.set(each.area, [each]);
    else area.push(each);
  }
  for (const [area, inArea] of areas) {
    describe(area, () => {
      for (const { name, absent, run } of inArea) {
        if (absent.length === 0) test(name, run, TIMEOUT_MS + patienceMs);
        else test.skip?.(`${name} (without ${absent.join(', ')})`, run);
      }
    });
  }
}
