import { distance } from 'fastest-levenshtein';
import { nearestName, OptionError } from '../../../src/contract/index.js';
import type { BrokerConfig, BrokerConfigInit, BrokerConfigValues } from '../broker-config.js';
import { SYNONYMS } from './broker-config-definitions.js';
import { checkConfig, ConfigValueError, configValue, type ConfigValue } from './config-definition.js';
import { allBrokerConfigs, brokerConfig, topicConfig } from './config-lookup.js';
import type { TopicConfig } from '../topic-config.js';
import { TOPIC_CONFIGS } from './topic-config-definitions.js';

/** Texts of configs, by name. */
export type ConfigTexts = Readonly<Record<string, string>>;

/** Where texts of the broker's configs come from, the one that goes first before the others. */
export interface BrokerConfigLayers {
  /** Altered while running, for this broker. */
  readonly broker: ConfigTexts;
  /** Altered while running, for all brokers. */
  readonly cluster: ConfigTexts;
  /** What the embedder set. */
  readonly fixed: ConfigTexts;
}

/** The broker's configs, layer over layer. */
export class LayeredBrokerConfig implements BrokerConfig {
  #layers: BrokerConfigLayers;
  readonly #values = new Map<string, ConfigValue | null>();
  /** What holds for topics without configs of their own: one object for all of them. */
  #plainTopic: TopicConfig | null = null;
  readonly #onChange = new Set<() => void>();

  /** @param fixed - As {@link checkBrokerConfig} has made it. */
  constructor(fixed: ConfigTexts) {
    this.#layers = { broker: {}, cluster: {}, fixed };
  }

  get layers(): BrokerConfigLayers {
    return this.#layers;
  }

  get<Name extends keyof BrokerConfigValues>(name: Name): BrokerConfigValues[Name] {
    return this.value(name) as BrokerConfigValues[Name];
  }

  /** The value of any config; null for none. */
  value(name: string): ConfigValue | null {
    let value = this.#values.get(name);
    if (value === undefined) {
      value = this.#find(name);
      this.#values.set(name, value);
    }
    return value;
  }

  /** The text of a config by its own name, whatever others say in other units; null for none. */
  text(name: string): string | null {
    const { broker, cluster, fixed } = this.#layers;
    return broker[name] ?? cluster[name] ?? fixed[name] ?? brokerConfig(name)?.fallback ?? null;
  }

  topicConfig(own: ConfigTexts): TopicConfig {
    for (const _ in own) return this.#topicConfig(own);
    return (this.#plainTopic ??= this.#topicConfig(own));
  }

  /** The text of a topic's config. */
  topicText(name: string, own: ConfigTexts): string | null {
    const text = own[name];
    if (text !== undefined) return text;
    const definition = topicConfig(name);
    if (definition?.broker === undefined) return definition?.fallback ?? null;
    return textOf(this.value(definition.broker)) ?? definition.fallback;
  }

  /** Replaces what was altered while running. */
  alter(layers: Partial<Pick<BrokerConfigLayers, 'broker' | 'cluster'>>): void {
    this.#layers = { ...this.#layers, ...layers };
    this.#values.clear();
    this.#plainTopic = null;
    for (const listener of this.#onChange) listener();
  }

  onChange(listener: () => void): void {
    this.#onChange.add(listener);
  }

  #find(name: string): ConfigValue | null {
    let value: ConfigValue | null = null;
    for (const [synonym, factor] of SYNONYMS[name] ?? [[name, 1]]) {
      const text = this.text(synonym);
      const definition = brokerConfig(synonym);
      if (text === null || definition === undefined) continue;
      value = configValue(definition, text);
      // What is negative means no limit in every unit.
      if (typeof value === 'number' && value > 0) value *= factor;
      break;
    }
    return value;
  }

  #topicConfig(own: ConfigTexts): TopicConfig {
    const value = <Name extends keyof TopicConfig>(name: Name): TopicConfig[Name] =>
      configValue(TOPIC_CONFIGS[name]!, this.topicText(name, own) ?? '') as TopicConfig[Name];
    // Written out: an object that is filled by computed names is slow to read, and this one is read for every batch.
    return {
      'cleanup.policy': value('cleanup.policy'),
      'compression.type': value('compression.type'),
      'delete.retention.ms': value('delete.retention.ms'),
      'max.compaction.lag.ms': value('max.compaction.lag.ms'),
      'max.message.bytes': value('max.message.bytes'),
      'message.timestamp.type': value('message.timestamp.type'),
      'message.timestamp.before.max.ms': value('message.timestamp.before.max.ms'),
      'message.timestamp.after.max.ms': value('message.timestamp.after.max.ms'),
      'min.cleanable.dirty.ratio': value('min.cleanable.dirty.ratio'),
      'min.compaction.lag.ms': value('min.compaction.lag.ms'),
      'retention.bytes': value('retention.bytes'),
      'retention.ms': value('retention.ms'),
      'segment.bytes': value('segment.bytes'),
    };
  }
}

/** Texts of what an embedder has set. @throws OptionError that names the config and its value. */
export function checkBrokerConfig(init: BrokerConfigInit): ConfigTexts {
  // An array or a Map has no names of configs: its entries would be passed over.
  if (typeof init !== 'object' || (init as unknown) === null || Symbol.iterator in init) {
    throw new OptionError('config', init, 'it is an object of configs by their names');
  }
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(init)) {
    if (value === undefined) continue;
    const definition = brokerConfig(name);
    const option = `config["${name}"]`;
    if (definition === undefined) throw new OptionError(option, value, `there is no such config${nearest(name)}`);
    if (definition.derived) throw new OptionError(option, value, 'it follows from the gateway and the store');
    if (!['string', 'number', 'boolean'].includes(typeof value) && !Array.isArray(value)) {
      throw new OptionError(option, value, `its type is ${definition.type}`);
    }
    try {
      texts[name] = checkConfig(name, definition, String(value));
    } catch (error) {
      if (!(error instanceof ConfigValueError)) throw error;
      throw new OptionError(option, value, error.message.replace(/^.*?: /s, ''));
    }
  }
  return texts;
}

/** Text of a value, as it is shown. */
function textOf(value: ConfigValue | null): string | null {
  if (value === null) return null;
  // Kafka's "no limit" of a long, which no number of JavaScript is exactly.
  if (typeof value === 'number' && value >= 2 ** 63) return '9223372036854775807';
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** How a text about an unknown config ends. */
function nearest(name: string): string {
  const best = nearestName(name, Object.keys(allBrokerConfigs()));
  // What differs in half of its letters was not meant.
  return distance(name, best) * 2 < name.length ? `; the nearest is ${best}` : '';
}
