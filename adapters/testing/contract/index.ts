import { type Awaitable, checkOptionNames } from '../../../src/contract/index.js';
import { Bench } from './bench.js';
import type { ContractBroker, ContractStart } from './contract-broker.js';
import type { Capability, CaseDefinition, ContractCase } from './case.js';
import { checkCommonOptions, DEFAULT_PATIENCE_MS } from './check-options.js';
import { restartCases } from './restart.js';
import { topicCases } from './topics.js';
import { brokerConfigCases } from './broker-configs.js';
import { configCases } from './configs.js';
import { describeCases } from './describe.js';
import { fetchCases } from './fetch.js';
import { fetchSessionCases } from './fetch-sessions.js';
import { groupAdminCases } from './group-admin.js';
import { groupLimitCases } from './group-limits.js';
import { groupCases } from './groups.js';
import { idempotenceCases } from './idempotence.js';
import { listOffsetsCases } from './list-offsets.js';
import { logCases } from './log.js';
import { offsetCases } from './offsets.js';
import { produceCases } from './produce.js';
import { rebalanceCases } from './rebalances.js';
import { staticMemberCases } from './static-members.js';

export type { ContractBroker, ContractStart } from './contract-broker.js';
export type { Capability, ContractCase } from './case.js';

/** Options of {@link contractCases}. */
export interface ContractOptions {
  /** Starts a broker for one case. It may return a shared broker, because cases use unique names of topics and groups. */
  readonly start: (wanted: ContractStart) => Awaitable<ContractBroker>;
  /** Capabilities of the backend. Default of each: true. */
  readonly capabilities?: Readonly<Partial<Record<Capability, boolean>>> | undefined;
  /** Maximum time in milliseconds that a case waits for asynchronous effects of the broker; from 0. Default: 15,000. */
  readonly patienceMs?: number | undefined;
}

const OPTION_NAMES = Object.keys({
  start: true,
  capabilities: true,
  patienceMs: true,
} satisfies Record<keyof ContractOptions, true>);

const CAPABILITIES: readonly Capability[] = [
  'brokerConfigs',
  'groupLimits',
  'durable',
  'deleteRecords',
  'retention',
  'compaction',
  'transactions',
];

const AREAS: Readonly<Record<string, readonly CaseDefinition[]>> = {
  topics: topicCases,
  'topics and brokers described': describeCases,
  configs: [...configCases, ...brokerConfigCases],
  produce: produceCases,
  'idempotent producers': idempotenceCases,
  fetch: fetchCases,
  'fetch sessions': fetchSessionCases,
  'list offsets': listOffsetsCases,
  'old records': logCases,
  groups: groupCases,
  rebalances: rebalanceCases,
  'static members': staticMemberCases,
  'committed offsets': offsetCases,
  'administration of groups': groupAdminCases,
  'limits of groups': groupLimitCases,
  restart: restartCases,
};

/**
 * Returns the rules of a Kafka broker as cases for any test runner. Each case uses the Kafka protocol over a socket. Cases
 * for the behaviour without a capability are omitted if the backend has it.
 *
 * @throws OptionError for an unknown or invalid option or capability.
 */
export function contractCases(options: ContractOptions): ContractCase[] {
  checkOptionNames('', options, OPTION_NAMES);
  const { start, capabilities = {}, patienceMs = DEFAULT_PATIENCE_MS } = options;
  checkCommonOptions({ start, capabilities, patienceMs }, 'a broker', CAPABILITIES);
  const has = (capability: Capability): boolean => capabilities[capability] !== false;
  return Object.entries(AREAS).flatMap(([area, definitions]) =>
    definitions.flatMap(({ name, needs = [], without = [], config = {}, groups = {}, run }): ContractCase[] => {
      if (without.some(has)) return [];
      return [
        {
          area,
          name,
          needs,
          absent: needs.filter((capability) => !has(capability)),
          async run() {
            const wanted = { config: { 'group.initial.rebalance.delay.ms': 0, ...config }, groups };
            const bench = await Bench.start(start, wanted, patienceMs);
            try {
              await run(bench);
            } catch (error) {
              throw bench.explained(error);
            } finally {
              await bench.close();
            }
          },
        },
      ];
    }),
  );
}
