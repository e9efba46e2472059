import { type ContractBroker, defineContract } from 'iggy-gateway-kafka/testing';
import { afterAll, describe, test } from 'vitest';
import { type ApacheKafka, startApacheKafka } from './apache-kafka.js';

type Config = Readonly<Record<string, unknown>>;

/** What is due by itself is done within a second. */
const SOON = {
  'log.retention.check.interval.ms': 100,
  'log.initial.task.delay.ms': 100,
  'log.cleaner.backoff.ms': 100,
  'group.initial.rebalance.delay.ms': 0,
};

/** A broker takes seconds to start: those that cases share. A case whose config none of them has gets its own. */
const SHARED: readonly Config[] = [
  { 'auto.create.topics.enable': true },
  { 'num.partitions': 3, 'group.min.session.timeout.ms': 100, 'offset.metadata.max.bytes': 10 },
  { 'num.partitions': 4, 'group.min.session.timeout.ms': 6000, 'group.max.session.timeout.ms': 20_000 },
  { 'group.max.size': 1, 'auto.create.topics.enable': false },
];

describe('the contract holds of Apache Kafka itself', () => {
  const brokers = new Map<Config, Promise<ApacheKafka>>();

  afterAll(async () => {
    await Promise.all([...brokers.values()].map(async (broker) => (await broker).stop()));
  });

  async function start(wanted: Config): Promise<ContractBroker> {
    const has = (config: Config): boolean => Object.entries(wanted).every(([name, value]) => config[name] === value);
    const config = SHARED.find((each) => has({ ...SOON, ...each })) ?? wanted;
    let broker = brokers.get(config);
    if (broker === undefined) {
      broker = startApacheKafka({ ...SOON, ...config });
      brokers.set(config, broker);
    }
    return running(await broker);
  }

  const running = (broker: ApacheKafka): ContractBroker => ({
    bootstrap: `127.0.0.1:${broker.port}`,
    async restart() {
      await broker.restart();
      return running(broker);
    },
    close: () => undefined,
  });

  defineContract({ describe, test }, { start: ({ config }) => start(config) });
});
