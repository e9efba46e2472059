import { OptionError } from '../../src/contract/index.js';
import { type ContractCase, contractCases, type ContractOptions } from './contract/index.js';
import { stateContractCases, type StateContractOptions } from './state-contract/index.js';

/** Milliseconds that a case may take beside what it has patience for: so that it is the case that says what is missing. */
const TIMEOUT_MS = 60_000;

/** `test` of vitest, jest or node:test. */
export interface TestFunction {
  /** @param timeoutMs - Where the runner has a limit that is lower. */
  (name: string, run: () => Promise<void>, timeoutMs: number): unknown;
  /** Names a test that does not run. */
  readonly skip?: ((name: string, run: () => Promise<void>) => unknown) | undefined;
}

/** The two functions of a test runner that are needed. */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly test: TestFunction;
}

/**
 * Makes a test of each case of the contract, under its area. Cases that need what the backend lacks are shown as skipped
 * where the runner can.
 *
 * ```ts
 * import { describe, test } from 'node:test';
 * defineContract({ describe, test }, { start: () => startBroker({ backend: () => createMyBackend() }) });
 * ```
 *
 * @throws OptionError for what cannot be, of the runner's functions or the options.
 */
export function defineContract(runner: TestRunner, options: ContractOptions): void {
  defineCases(runner, contractCases(options), options.patienceMs);
}

/**
 * Makes a test of each case of the contract of a store's state, under its area. Cases that need what the store lacks are
 * shown as skipped where the runner can.
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
 * @throws OptionError for what cannot be, of the runner's functions or the options.
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
