import type { Awaitable, KafkaGateway } from '../../../src/index.js';
import type { BrokerConfigInit, GroupLimits } from '../../broker/index.js';

/** A running broker under test. */
export interface ContractBroker {
  /** Bootstrap address for clients: `host:port`. */
  readonly bootstrap: string;
  /** The gateway, if it runs in this process. Errors of its backend become the cause of the error of a failed case. */
  readonly gateway?: Pick<KafkaGateway, 'on' | 'off'> | undefined;
  /** Stops the broker and starts another one over the same data. Absent if the backend is not `durable`. */
  restart?(): Awaitable<ContractBroker>;
  close(): Awaitable<void>;
}

/** Requirements of a case on the broker that it runs against. */
export interface ContractStart {
  /** Broker configs by Kafka's names. `group.initial.rebalance.delay.ms` is 0 unless the case sets it. */
  readonly config: BrokerConfigInit;
  /** Limits on groups; empty for the defaults. */
  readonly groups: Partial<GroupLimits>;
}
