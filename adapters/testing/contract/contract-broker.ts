import type { Awaitable, KafkaGateway } from '../../../src/index.js';
import type { BrokerConfigInit, GroupLimits } from '../../broker/index.js';

/** A broker under test, running. */
export interface ContractBroker {
  /** What clients connect to: `host:port`. */
  readonly bootstrap: string;
  /** The gateway in front of it, if it runs in this process: what its backend throws becomes the cause of a failed case. */
  readonly gateway?: Pick<KafkaGateway, 'on' | 'off'> | undefined;
  /** Stops it and starts another over what it has stored. Left out when there is no such thing: not `durable`. */
  restart?(): Awaitable<ContractBroker>;
  close(): Awaitable<void>;
}

/** What a case wants of the broker that it is run against. */
export interface ContractStart {
  /** Configs by Kafka's names: the initial delay of groups is off. */
  readonly config: BrokerConfigInit;
  /** How much groups may hold: nothing for the defaults. */
  readonly groups: Partial<GroupLimits>;
}
