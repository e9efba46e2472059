import type { BrokerConfigInit, GroupLimits } from '../../broker/index.js';
import type { Bench } from './bench.js';

/**
 * Optional capabilities of a backend:
 *
 * - `brokerConfigs`: `start` applies the broker configs of a case;
 * - `groupLimits`: `start` also applies the limits of groups, which Kafka does not have;
 * - `durable`: stored data survives `restart`;
 * - `deleteRecords`, `retention`, `compaction`: the backend can drop records of an existing topic in this way;
 * - `transactions`: a producer may have a transactional id.
 */
export type Capability =
  'brokerConfigs' | 'groupLimits' | 'durable' | 'deleteRecords' | 'retention' | 'compaction' | 'transactions';

/** One rule of a contract. */
export interface ContractCase<Need extends string = Capability> {
  /** Area of the rule, such as `topics` or `produce`. */
  readonly area: string;
  /** The rule, as a sentence. */
  readonly name: string;
  /** Capabilities that the case requires. */
  readonly needs: readonly Need[];
  /** Required capabilities that are missing. If empty, the case can run. */
  readonly absent: readonly Need[];
  /** Starts the broker or store, checks the rule and closes it. Rejects with an `AssertionError` if the rule is broken. */
  readonly run: () => Promise<void>;
}

/** Definition of a case. */
export interface CaseDefinition {
  readonly name: string;
  readonly needs?: readonly Capability[];
  /** Applies only to backends without these capabilities. */
  readonly without?: readonly Capability[];
  readonly config?: BrokerConfigInit;
  readonly groups?: Partial<GroupLimits>;
  readonly run: (bench: Bench) => Promise<void>;
}
