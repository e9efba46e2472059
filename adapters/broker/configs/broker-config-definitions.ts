import { MAX_NODE_ID } from '../cluster/placement.js';
import type { ConfigDefinition, UpdateMode } from './config-definition.js';
import { TOPIC_CONFIGS } from './topic-config-definitions.js';

/** What a config of the broker is. */
export interface BrokerConfigDefinition extends ConfigDefinition {
  /** How it can change while the broker runs, as in Kafka; undefined if it cannot. */
  readonly dynamic?: UpdateMode;
  /** Whether it follows from the gateway, the store or the placement, and so is shown but cannot be set. */
  readonly derived?: boolean;
}

/** Configs of which others say the same in other units: the first that is set counts, with its factor. */
export const SYNONYMS: Readonly<Record<string, readonly (readonly [name: string, factor: number])[]>> = {
  'log.retention.ms': [
    ['log.retention.ms', 1],
    ['log.retention.minutes', 60_000],
    ['log.retention.hours', 3_600_000],
  ],
  'log.roll.ms': [
    ['log.roll.ms', 1],
    ['log.roll.hours', 3_600_000],
  ],
  'log.roll.jitter.ms': [
    ['log.roll.jitter.ms', 1],
    ['log.roll.jitter.hours', 3_600_000],
  ],
  'log.flush.interval.ms': [
    ['log.flush.interval.ms', 1],
    ['log.flush.scheduler.interval.ms', 1],
  ],
};

/** Configs of the broker that the kit acts on or derives, and the defaults of topics, by their names in Kafka. */
export const BROKER_CONFIGS: Readonly<Record<string, BrokerConfigDefinition>> = {
  ...ownConfigs(),
  ...topicDefaults(),
};

/** The defaults of topics' configs: what they are for a topic, they are for the broker. */
function topicDefaults(): Record<string, BrokerConfigDefinition> {
  const defaults: Record<string, BrokerConfigDefinition> = {};
  for (const [name, { broker, ...definition }] of Object.entries(TOPIC_CONFIGS)) {
    if (broker === undefined) continue;
    const doc = `Default of a topic's ${name}. ${definition.doc}`;
    // Those that others give in other units as well have no default of their own: it is that of the coarsest.
    const fallback = broker in SYNONYMS ? null : definition.fallback;
    defaults[broker] = { ...definition, fallback, doc, dynamic: 'cluster-wide' };
  }
  return defaults;
}

function ownConfigs(): Record<string, BrokerConfigDefinition> {
  const int = (fallback: string, doc: string): BrokerConfigDefinition => ({
    type: 'int',
    fallback,
    doc,
    enforced: true,
    least: 1,
  });
  const long = (fallback: string, doc: string): BrokerConfigDefinition => ({ ...int(fallback, doc), type: 'long' });
  const flag = (fallback: string, doc: string): BrokerConfigDefinition => ({
    type: 'boolean',
    fallback,
    doc,
    enforced: true,
  });
  const text = (doc: string): BrokerConfigDefinition => ({ type: 'string', fallback: null, doc, enforced: false });
  const derived = (doc: string): BrokerConfigDefinition => ({ ...text(doc), type: 'list', derived: true });

  return {
    'auto.create.topics.enable': flag('true', 'Whether a topic that a client asks for is created.'),
    'default.replication.factor': int('1', 'Replicas of a topic that is created without saying how many.'),
    'num.partitions': int('1', 'Partitions of a topic that is created without saying how many.'),
    'delete.topic.enable': flag('true', 'Whether topics can be deleted.'),
    'fetch.max.bytes': { ...int('57671680', 'Bytes that one Fetch may be answered with.'), least: 1024 },
    'max.incremental.fetch.session.cache.slots': {
      ...int('1000', 'Incremental fetch sessions at once.'),
      least: 0,
    },
    'max.request.partition.size.limit': int('2000', 'Partitions in one answer to DescribeTopicPartitions.'),
    'log.retention.check.interval.ms': long('300000', 'Milliseconds between two looks at retention.'),
    'log.cleaner.backoff.ms': {
      ...long('15000', 'Milliseconds between two looks at which logs to compact.'),
      least: 0,
      dynamic: 'cluster-wide',
    },
    'log.cleaner.enable': flag('true', 'Whether topics with cleanup.policy=compact are compacted.'),
    'log.retention.hours': { ...int('168', 'Hours for which records are kept; -1 for ever.'), least: -1 },
    'log.retention.minutes': {
      ...int('', 'Minutes for which records are kept; -1 for ever. Goes before log.retention.hours.'),
      fallback: null,
      least: -1,
    },

    'group.initial.rebalance.delay.ms': {
      ...int('3000', 'Milliseconds for which the first rebalance of a group waits for more members.'),
      least: 0,
    },
    'group.min.session.timeout.ms': int('6000', 'Shortest session timeout of a group member, in milliseconds.'),
    'group.max.session.timeout.ms': int('1800000', 'Longest session timeout of a group member, in milliseconds.'),
    'group.max.size': int('2147483647', 'Members of one group.'),
    'offset.metadata.max.bytes': { ...int('4096', 'Bytes of metadata with one committed offset.'), least: 0 },
    'offsets.retention.minutes': int('10080', 'Minutes for which offsets are kept that no member of a group uses.'),
    'offsets.retention.check.interval.ms': long('600000', 'Milliseconds between two looks at which offsets go.'),
    'producer.id.expiration.ms': {
      ...int('86400000', 'Milliseconds after which an idle producer id is forgotten.'),
      dynamic: 'cluster-wide',
    },

    'advertised.listeners': derived('Where clients connect to: follows from what the gateway advertises.'),
    'broker.id': { ...int('-1', 'Id of this broker; node.id goes before it.'), least: -1, most: MAX_NODE_ID },
    'node.id': { ...int('1', 'Id of this broker.'), least: 0, most: MAX_NODE_ID },
    'broker.rack': { ...text('Rack of this broker.'), enforced: true },
    'process.roles': derived('What this process is: a broker, and the controller of its own cluster.'),
    listeners: derived('Where the gateway listens.'),
    'log.dir': derived('Where the log is kept: the name of the store.'),
    'log.dirs': derived('Where the log is kept: the name of the store.'),
  };
}
