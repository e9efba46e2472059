import { BROKER_CONFIGS, type BrokerConfigDefinition } from './broker-config-definitions.js';
import type { KafkaConfigFacts } from './config-definition.js';
import { kafkaBrokerConfigs, kafkaTopicConfigs } from './kafka-configs.js';
import { TOPIC_CONFIGS, type TopicConfigDefinition } from './topic-config-definitions.js';

let brokers: Readonly<Record<string, BrokerConfigDefinition>> | null = null;
let topics: Readonly<Record<string, TopicConfigDefinition>> | null = null;

/** Every broker config that Kafka has. Built at the first call: most brokers never need more than their own table. */
export function allBrokerConfigs(): Readonly<Record<string, BrokerConfigDefinition>> {
  return (brokers ??= { ...BROKER_CONFIGS, ...others(kafkaBrokerConfigs(), BROKER_CONFIGS) });
}

/** Every topic config that Kafka has. Built at the first call. */
export function allTopicConfigs(): Readonly<Record<string, TopicConfigDefinition>> {
  return (topics ??= { ...TOPIC_CONFIGS, ...others(kafkaTopicConfigs(), TOPIC_CONFIGS) });
}

/** The broker config of this name, which may be set for one listener: `listener.name.NAME.` stands before it then. */
export function brokerConfig(name: string): BrokerConfigDefinition | undefined {
  const own = find(BROKER_CONFIGS, name) ?? find(allBrokerConfigs(), name);
  if (own !== undefined || !name.startsWith('listener.name.')) return own;
  const [, base = '', afterMechanism = ''] = /^listener\.name\.[^.]+\.((?:[^.]+\.)?(.+))$/.exec(name) ?? [];
  return find(allBrokerConfigs(), base) ?? find(allBrokerConfigs(), afterMechanism);
}

export function topicConfig(name: string): TopicConfigDefinition | undefined {
  return find(TOPIC_CONFIGS, name) ?? find(allTopicConfigs(), name);
}

function find<Definition>(table: Readonly<Record<string, Definition>>, name: string): Definition | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** What is in Kafka's table only: type-checked, kept and shown. */
function others(
  facts: Readonly<Record<string, KafkaConfigFacts>>,
  own: object,
): Record<string, KafkaConfigFacts & { readonly doc: string; readonly enforced: boolean }> {
  const found: Record<string, KafkaConfigFacts & { readonly doc: string; readonly enforced: boolean }> = {};
  for (const [name, fact] of Object.entries(facts)) {
    if (!Object.hasOwn(own, name)) found[name] = { ...fact, doc: '', enforced: false };
  }
  return found;
}
