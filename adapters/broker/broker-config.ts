import type { TopicConfig } from './topic-config.js';

/** Broker configs that the kit uses, by Kafka's names and with Kafka's types. */
export interface BrokerConfigValues {
  readonly 'auto.create.topics.enable': boolean;
  readonly 'default.replication.factor': number;
  readonly 'num.partitions': number;
  readonly 'delete.topic.enable': boolean;
  /** Default of a topic's `max.message.bytes`, in bytes. */
  readonly 'message.max.bytes': number;
  /** Maximum size of a Fetch response in bytes. */
  readonly 'fetch.max.bytes': number;
  readonly 'max.incremental.fetch.session.cache.slots': number;
  /** Maximum number of partitions in a DescribeTopicPartitions response. */
  readonly 'max.request.partition.size.limit': number;
  /** Milliseconds between two retention checks. */
  readonly 'log.retention.check.interval.ms': number;
  /** Milliseconds between two checks for logs to compact. */
  readonly 'log.cleaner.backoff.ms': number;
  readonly 'log.cleaner.enable': boolean;
  /** Delay of the first rebalance of an empty group, in ms. */
  readonly 'group.initial.rebalance.delay.ms': number;
  readonly 'group.min.session.timeout.ms': number;
  readonly 'group.max.session.timeout.ms': number;
  /** Maximum number of members of a group. */
  readonly 'group.max.size': number;
  /** Maximum size of the metadata of a committed offset, in bytes. */
  readonly 'offset.metadata.max.bytes': number;
  readonly 'offsets.retention.minutes': number;
  readonly 'offsets.retention.check.interval.ms': number;
  /** Milliseconds after which the state of an idle producer id expires. */
  readonly 'producer.id.expiration.ms': number;
}

/** The broker's configs: the defaults, the configs set by the embedder, and those altered while running. */
export interface BrokerConfig {
  get<Name extends keyof BrokerConfigValues>(name: Name): BrokerConfigValues[Name];
  /** Returns the effective configs of a topic. @param own - Configs that are set on the topic itself. */
  topicConfig(own: Readonly<Record<string, string>>): TopicConfig;
}

/** A config value as the embedder sets it: a string as in a properties file, or the JavaScript type of the value. */
export type ConfigInit = string | number | boolean | readonly string[];

/**
 * Broker configs by Kafka's names, as in a broker's `server.properties`. docs/reference/configs.md lists the configs that
 * are enforced and those that are only described.
 */
export interface BrokerConfigInit extends Readonly<Partial<Record<keyof BrokerConfigValues, ConfigInit | undefined>>> {
  readonly [name: string]: ConfigInit | undefined;
}
