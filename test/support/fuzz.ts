import fc from 'fast-check';

/** How often each property is tried; FUZZ_RUNS raises it. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1000);

/**
 * Tries a property; on failure fast-check prints the seed and path with which it fails again.
 *
 * @param share - What part of the runs to take: there are hundreds of messages, and one property for each.
 */
export function check<T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>, share = 1): void {
  fc.assert(property, { numRuns: Math.ceil(RUNS * share) });
}

/** As long as the runs may take, in milliseconds: for the timeout of a test. */
export const FUZZ_TIMEOUT_MS: number = 20_000 + RUNS * 20;
