import fc from 'fast-check';

/** How often each property is tried; FUZZ_RUNS raises it. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1000);
/** FUZZ_SEED repeats a run: fast-check prints its seed when it fails. */
const SEED = process.env['FUZZ_SEED'];

/** As long as the runs may take, in milliseconds: for the timeout of a test. */
export const FUZZ_TIMEOUT_MS: number = 20_000 + RUNS * 20;

/** How long one input may take before it counts as hanging, and how long a failure may be looked into. */
const HANGING_MS = 5_000;
const SHRINKING_MS = 60_000;

/**
 * Tries a property; on failure fast-check prints the seed and path with which it fails again.
 *
 * @param share - What part of the runs to take: there are hundreds of messages, and one property for each.
 */
export function check<T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>, share = 1): void {
  fc.assert(property, { numRuns: Math.ceil(RUNS * share), ...seed() });
}

/** The same for a property that waits; what waits for too long has failed. Some properties want fewer runs. */
export async function checkAsync<T extends [unknown, ...unknown[]]>(
  property: fc.IAsyncProperty<T>,
  { share = 1 }: { readonly share?: number } = {},
): Promise<void> {
  await fc.assert(property, {
    numRuns: Math.ceil(RUNS * share),
    timeout: HANGING_MS,
    interruptAfterTimeLimit: FUZZ_TIMEOUT_MS + SHRINKING_MS,
    ...seed(),
  });
}

/** For the timeout of a test with {@link checkAsync}: after the time that the property has, so that the seed is printed. */
export const ASYNC_FUZZ_TIMEOUT_MS: number = FUZZ_TIMEOUT_MS + SHRINKING_MS + 2 * HANGING_MS;

function seed(): { seed?: number } {
  return SEED === undefined ? {} : { seed: Number(SEED) };
}
