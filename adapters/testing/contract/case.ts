import type { BrokerConfigInit, GroupLimits } from '../../broker/index.js';
import type { Bench } from './bench.js';

/**
 * What a backend may lack, by name:
 *
 * - `brokerConfigs`: `start` heeds the configs that a case wants of the broker;
 * - `groupLimits`: it heeds the limits of groups as well, which Kafka does not have;
 * - `durable`: the broker's `restart` keeps what it had stored;
 * - `deleteRecords`, `retention`, `compaction`: records go before their topic does;
 * - `transactions`: a producer may have a transactional id.
 */
export type Capability =
  'brokerConfigs' | 'groupLimits' | 'durable' | 'deleteRecords' | 'retention' | 'compaction' | 'transactions';

/** One rule of a contract. */
export interface ContractCase<Need extends string = Capability> {
  /** What it belongs to: `topics`, `produce`. */
  readonly area: string;
  /** The rule, as a sentence that holds. */
  readonly name: string;
  /** What is under test must be capable of these. */
  readonly needs: readonly Need[];
  /** Those of them that it is not capable of: none when the case can be run. */
  readonly absent: readonly Need[];
  /** Starts what is under test, holds it to the rule and closes it. Rejects with an `AssertionError` when the rule is broken. */
  readonly run: () => Promise<void>;
}

/** A case as its file has it. */
export interface CaseDefinition {
  readonly name: string;
  readonly needs?: readonly Capability[];
  /** Holds only for backends without these. */
  readonly without?: readonly Capability[];
  readonly config?: BrokerConfigInit;
  readonly groups?: Partial<GroupLimits>;
  readonly run: (bench: Bench) => Promise<void>;
}
