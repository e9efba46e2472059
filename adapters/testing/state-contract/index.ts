import { type Awaitable, checkOptionNames, OptionError } from '../../../src/contract/index.js';
import type { ShardChange } from '../../broker/index.js';
import type { ContractCase } from '../contract/index.js';
import { checkCommonOptions, DEFAULT_PATIENCE_MS } from '../contract/check-options.js';
import type { StateCapability, StateCase, StateNeed } from './case.js';
import { followerCases } from './followers.js';
import { keyCases } from './keys.js';
import { openingCases } from './openings.js';
import { ownerCases } from './owners.js';
import { StateBench, type StateContractEngine } from './state-bench.js';
import { valueCases } from './values.js';

export type { StateCapability, StateNeed } from './case.js';
export type { StateContractEngine } from './state-bench.js';

/** Options of {@link stateContractCases}. */
export interface StateContractOptions {
  /** Starts an engine without state for one case. */
  readonly start: () => Awaitable<StateContractEngine>;
  /** Capabilities of the store. Default of each: true. */
  readonly capabilities?: Readonly<Partial<Record<StateCapability, boolean>>> | undefined;
  /** A change that the store rejects with `INVALID` or `FULL`, such as one with a value that is too large. */
  readonly refusedChange?: ShardChange | undefined;
  /** Maximum time in milliseconds that a case waits for a call of `fenced`; from 0. Default: 15,000. */
  readonly patienceMs?: number | undefined;
}

const OPTION_NAMES = Object.keys({
  start: true,
  capabilities: true,
  refusedChange: true,
  patienceMs: true,
} satisfies Record<keyof StateContractOptions, true>);

const CAPABILITIES: readonly StateCapability[] = ['durable', 'shared', 'shards', 'followShard'];

const AREAS: Readonly<Record<string, readonly StateCase[]>> = {
  'values of a shard': [...valueCases, ...keyCases],
  'openings of a shard': openingCases,
  'owners of a shard': ownerCases,
  'followers of a shard': followerCases,
};

/**
 * Returns the rules of `openShard` and `followShard` as cases for any test runner. Each case calls a store.
 *
 * @throws OptionError for an unknown or invalid option or capability.
 */
export function stateContractCases(options: StateContractOptions): ContractCase<StateNeed>[] {
  checkOptionNames('', options, OPTION_NAMES);
  const { start, capabilities = {}, refusedChange = null, patienceMs = DEFAULT_PATIENCE_MS } = options;
  checkCommonOptions({ start, capabilities, patienceMs }, 'an engine', CAPABILITIES);
  if (refusedChange !== null && !Array.isArray(refusedChange)) {
    throw new OptionError('refusedChange', refusedChange, 'expected a key and its value: [key, value]');
  }
  const has = (need: StateNeed): boolean =>
    need === 'refusedChange' ? refusedChange !== null : capabilities[need] !== false;
  return Object.entries(AREAS).flatMap(([area, cases]) =>
    cases.map(({ name, needs = [], run }): ContractCase<StateNeed> => ({
      area,
      name,
      needs,
      absent: needs.filter((need) => !has(need)),
      async run() {
        const bench = new StateBench({ engine: await start(), has, refusedChange, patienceMs });
        try {
          await run(bench);
        } catch (error) {
          // A store that breaks a rule may also fail to close. That error would say less.
          await Promise.allSettled([bench.close()]);
          throw error;
        }
        await bench.close();
      },
    })),
  );
}
