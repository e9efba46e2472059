import type { TopicConfig } from './topic-config.js';

/** Configs of the broker that the kit acts on, by Kafka's names and with Kafka's types. */
export interface BrokerConfigValues {
  readonly 'auto.create.topics.enable': boolean;
  readonly 'default.replication.factor': number;
  readonly 'num.partitions': number;
  readonly 'delete.topic.enable': boolean;
  /** Bytes: the default of a topic's `max.message.bytes`. */
  readonly 'message.max.bytes': number;
  /** Bytes that one Fetch may be answered with. */
  readonly 'fetch.max.bytes': number;
  readonly 'max.incremental.fetch.session.cache.slots': number;
  /** Partitions in one answer to DescribeTopicPartitions. */
  readonly 'max.request.partition.size.limit': number;
  /** ms between two looks at retention. */
  readonly 'log.retention.check.interval.ms': number;
  /** ms between two looks at which logs to compact. */
  readonly 'log.cleaner.backoff.ms': number;
  readonly 'log.cleaner.enable': boolean;
  /** ms. */
  readonly 'group.initial.rebalance.delay.ms': number;
  readonly 'group.min.session.timeout.ms': number;
  readonly 'group.max.session.timeout.ms': number;
  /** Members of one group. */
  readonly 'group.max.size': number;
  /** Bytes of metadata with one committed offset. */
  readonly 'offset.metadata.max.bytes': number;
  readonly 'offsets.retention.minutes': number;
  readonly 'offsets.retention.check.interval.ms': number;
  /** ms after which an idle producer id is forgotten. */
  readonly 'producer.id.expiration.ms': number;
}

/** The broker's configs: defaults, what the embedder set, what was altered while running. */
export interface BrokerConfig {
  get<Name extends keyof BrokerConfigValues>(name: Name): BrokerConfigValues[Name];
  /** What holds for a topic with these configs of its own. */
  topicConfig(own: Readonly<Record<string, string>>): TopicConfig;
}

/** A value of a config, as an embedder writes it: text as in a properties file, or its type in JavaScript. */
export type ConfigInit = string | number | boolean | readonly string[];

/**
 * Configs of the broker by Kafka's names, as in a broker's `server.properties`. docs/reference/configs.md lists them,
 * those that are enforced and those that are only shown.
 */
export interface BrokerConfigInit extends Readonly<Partial<Record<keyof BrokerConfigValues, ConfigInit | undefined>>> {
  readonly [name: string]: ConfigInit | undefined;
}
