import { type ContractBroker, contractCases, type ContractStart } from 'iggy-gateway-kafka/testing';
import { afterAll, describe, test } from 'vitest';
import { type ApacheKafka, startApacheKafka } from './apache-kafka.js';
import { SharedRestart } from './shared-restart.js';

type Config = Readonly<Record<string, unknown>>;

const INITIAL_DELAY = 'group.initial.rebalance.delay.ms';
const EXPIRY_INTERVAL = 'offsets.retention.check.interval.ms';

/** What is due by itself is done within a second. */
const SOON = {
  'log.retention.check.interval.ms': 100,
  'log.initial.task.delay.ms': 100,
  'log.cleaner.backoff.ms': 100,
  [INITIAL_DELAY]: 0,
};

/** A broker takes seconds to start: those that cases share. A case whose config none of them has gets its own. */
const SHARED: readonly Config[] = [
  {
    'auto.create.topics.enable': true,
    'num.partitions': 3,
    'group.min.session.timeout.ms': 100,
    'offset.metadata.max.bytes': 10,
  },
  {
    'auto.create.topics.enable': false,
    'delete.topic.enable': false,
    'num.partitions': 4,
    'fetch.max.bytes': 2500,
    'max.incremental.fetch.session.cache.slots': 0,
    'max.request.partition.size.limit': 2,
    'group.min.session.timeout.ms': 6000,
    'group.max.session.timeout.ms': 20_000,
    'group.max.size': 2,
    [INITIAL_DELAY]: 500,
    // Kafka's look at what is over takes away a group whose first member has its id, but has not joined yet: seldom then.
    [EXPIRY_INTERVAL]: 2000,
  },
];

describe('the contract holds of Apache Kafka itself', () => {
  const brokers = new Map<Config, Promise<ApacheKafka>>();

  afterAll(async () => {
    await Promise.all([...brokers.values()].map(async (broker) => (await broker).stop()));
  });

  function brokerWith(wanted: Config): Promise<ApacheKafka> {
    const has = (config: Config): boolean =>
      Object.entries(wanted).every(
        ([name, value]) =>
          config[name] === value ||
          // Wanted to be quick, and no more.
          (name === INITIAL_DELAY && value === 0) ||
          (name === EXPIRY_INTERVAL && name in config),
      );
    const config = SHARED.find((each) => has({ ...SOON, ...each })) ?? wanted;
    let broker = brokers.get(config);
    if (broker === undefined) {
      broker = startApacheKafka({ ...SOON, ...config });
      brokers.set(config, broker);
    }
    return broker;
  }

  const addressOf = ({ port }: ApacheKafka): string => `127.0.0.1:${port}`;
  const start = async ({ config }: ContractStart): Promise<ContractBroker> => {
    return { bootstrap: addressOf(await brokerWith(config)), close: () => undefined };
  };
  const capabilities = { groupLimits: false };
  const held = contractCases({ start, capabilities }).filter(({ absent }) => absent.length === 0);
  for (const { area, name, needs, run } of held) {
    if (!needs.includes('durable')) test(`${area}: ${name}`, run);
  }

  // Cases that restart their broker are run at once, and it is restarted once.
  const shared = new SharedRestart(async () => (await brokerWith({})).restart());
  const restarting = contractCases({
    start: async () => shared.broker(addressOf(await brokerWith({}))),
    capabilities,
  }).filter(({ needs }) => needs.includes('durable'));
  let runs: readonly Promise<void>[] | undefined;
  for (const [index, { area, name }] of restarting.entries()) {
    test(`${area}: ${name}`, async () => {
      runs ??= shared.runAll(restarting.map(({ run }) => run));
      await runs[index];
    });
  }
});
