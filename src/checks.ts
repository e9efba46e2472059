import { OptionError } from './errors.js';

/** The largest int32. */
export const MAX_INT32 = 0x7fff_ffff;

/** The longest time that a timer of Node.js waits, in ms, some 25 days. A longer timer fires at once. */
export const MAX_TIMER_MS = 0x7fff_ffff;

/**
 * Returns an option that is an integer within a range.
 *
 * @param max - The largest valid value. Default: the largest safe integer.
 * @throws OptionError naming the option, its value and the range.
 */
export function checkInteger(
  option: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  const range =
    max === Number.MAX_SAFE_INTEGER ? `of at least ${String(min)}` : `from ${String(min)} to ${String(max)}`;
  throw new OptionError(option, value, `expected an integer ${range}`);
}
