import { OptionError } from '../../src/contract/index.js';
import { type ContractCase, contractCases, type ContractOptions } from './contract/index.js';

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
  const { describe, test } = runner;
  for (const [name, value] of Object.entries({ describe, test })) {
    if (typeof value !== 'function') throw new OptionError(`runner.${name}`, value, "it is the test runner's function");
  }
  const areas = new Map<string, ContractCase[]>();
  for (const each of contractCases(options)) {
    const area = areas.get(each.area);
    if (area === undefined) areas.set(each.area, [each]);
    else area.push(each);
  }
  const timeoutMs = TIMEOUT_MS + (options.patienceMs ?? 0);
  for (const [area, cases] of areas) {
    describe(area, () => {
      for (const { name, absent, run } of cases) {
        if (absent.length === 0) test(name, run, timeoutMs);
        else test.skip?.(`${name} (without ${absent.join(', ')})`, run);
      }
    });
  }
}
