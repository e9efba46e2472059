import { checkOptionNames, OptionError } from '../../../src/contract/index.js';

/** Default of `patienceMs`: maximum time in milliseconds that a case waits for asynchronous effects. */
export const DEFAULT_PATIENCE_MS = 15_000;

/** Options of both contracts. */
interface CommonOptions {
  readonly start: unknown;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly patienceMs: number;
}

/**
 * Checks the options of both contracts.
 *
 * @param started - Description of the result of `start`, for the error.
 * @param names - Names of the capabilities.
 * @throws OptionError
 */
export function checkCommonOptions(options: CommonOptions, started: string, names: readonly string[]): void {
  const { start, capabilities, patienceMs } = options;
  if (typeof start !== 'function') throw new OptionError('start', start, `it is a function that starts ${started}`);
  if (!(patienceMs >= 0)) throw new OptionError('patienceMs', patienceMs, 'it is a number of milliseconds from 0 on');
  checkOptionNames('capabilities.', capabilities, names);
  for (const [name, value] of Object.entries(capabilities)) {
    if (value === undefined || typeof value === 'boolean') continue;
    throw new OptionError(`capabilities.${name}`, value, 'it is true or false');
  }
}
