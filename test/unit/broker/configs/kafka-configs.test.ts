import { describe, expect, test } from 'vitest';
import { BROKER_CONFIGS } from '../../../../adapters/broker/configs/broker-config-definitions.js';
import type { KafkaConfigFacts } from '../../../../adapters/broker/configs/config-definition.js';
import { kafkaBrokerConfigs, kafkaTopicConfigs } from '../../../../adapters/broker/configs/kafka-configs.js';
import {
  allBrokerConfigs,
  allTopicConfigs,
  brokerConfig,
  topicConfig,
} from '../../../../adapters/broker/configs/config-lookup.js';
import { TOPIC_CONFIGS } from '../../../../adapters/broker/configs/topic-config-definitions.js';

type Facts = Readonly<Record<string, KafkaConfigFacts>>;

/** What differs from Kafka on purpose, by config; everything else must be equal. */
const DIFFERENT: Readonly<Record<string, readonly (keyof KafkaConfigFacts)[]>> = {
  // Kafka has no default; here one broker needs no id. Producer ids begin with it, hence the bound.
  'node.id': ['fallback', 'most'],
  'broker.id': ['least', 'most'],
  // Kafka takes what makes no sense, such as negative times.
  'default.replication.factor': ['least'],
  'group.initial.rebalance.delay.ms': ['least'],
  'group.max.session.timeout.ms': ['least'],
  'group.min.session.timeout.ms': ['least'],
  'offset.metadata.max.bytes': ['least'],
  'log.retention.hours': ['least'],
  'log.retention.minutes': ['least'],
  'log.retention.ms': ['least'],
  'log.flush.interval.ms': ['least'],
  'log.roll.jitter.ms': ['least'],
  'log.roll.ms': ['least'],
};

/** Facts of our own tables that Kafka's say otherwise. */
function differences(own: Facts, kafka: Facts): string[] {
  return Object.entries(own).flatMap(([name, definition]) => {
    const facts = kafka[name];
    if (facts === undefined) return [`${name}: unknown to Kafka`];
    const names = ['type', 'fallback', 'least', 'most', 'also', 'choices', 'unique', 'broker', 'dynamic'] as const;
    return names
      .filter((fact) => DIFFERENT[name]?.includes(fact) !== true)
      .filter((fact) => textOf(definition[fact]) !== textOf(facts[fact]))
      .map((fact) => `${name}: ${fact}: ${textOf(definition[fact])}; Kafka has ${textOf(facts[fact])}`);
  });
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? [...(value as string[])].sort().join() : String(value);
}

describe("the kit's tables agree with Kafka's", () => {
  test('on configs of brokers', () => {
    const own = Object.entries(BROKER_CONFIGS).filter(([, { derived }]) => derived !== true);
    expect(differences(Object.fromEntries(own), kafkaBrokerConfigs())).toEqual([]);
  });

  test('on configs of topics', () => {
    expect(differences(TOPIC_CONFIGS, kafkaTopicConfigs())).toEqual([]);
  });
});

describe('every config of Kafka is known', () => {
  test('of brokers', () => {
    expect(Object.keys(allBrokerConfigs()).sort()).toEqual(Object.keys(kafkaBrokerConfigs()).sort());
    expect(brokerConfig('sasl.kerberos.min.time.before.relogin')).toEqual({
      type: 'long',
      fallback: '60000',
      dynamic: 'per-broker',
      doc: '',
      enforced: false,
    });
  });

  test('of topics', () => {
    expect(Object.keys(allTopicConfigs()).sort()).toEqual(Object.keys(kafkaTopicConfigs()).sort());
    expect(topicConfig('remote.copy.lag.ms')).toMatchObject({ type: 'long', enforced: false });
  });

  test.each([
    ['listener.name.internal.ssl.keystore.location', 'string'],
    ['listener.name.internal.plain.sasl.jaas.config', 'password'],
  ])('of a single listener: %s', (name, type) => {
    expect(brokerConfig(name)).toMatchObject({ type, dynamic: 'per-broker' });
  });

  test.each(['constructor', 'nope', 'listener.name.internal', 'listener.name.internal.nope', 'listener.name.a.b.nope'])(
    'and %s is not one',
    (name) => {
      expect(brokerConfig(name)).toBeUndefined();
      expect(topicConfig(name)).toBeUndefined();
    },
  );
});
