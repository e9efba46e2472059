import type { LayeredBrokerConfig, ConfigTexts } from './layered-broker-config.js';
import { SYNONYMS } from './broker-config-definitions.js';
import { CONFIG_TYPES, type ConfigDefinition } from './config-definition.js';
import { allBrokerConfigs, allTopicConfigs, brokerConfig } from './config-lookup.js';

/** Where a value comes from, as DescribeConfigs numbers it. */
export const ConfigSource = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
  GROUP: 8,
} as const;

/** One place that could give a config its value. */
export interface DescribedSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** A config with where its value comes from. */
export interface DescribedConfig {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly source: number;
  readonly synonyms: readonly DescribedSynonym[];
  /** Number of the type. */
  readonly type: number;
  /** Whether its values are kept from clients: they are null in here. */
  readonly sensitive: boolean;
  readonly doc: string;
}

/** Documentation of configs that are known by name, type and default only. */
const NOT_ENFORCED = 'Accepted, kept and shown. Not enforced by this broker.';

/** All configs of a topic with these of its own. */
export function describeTopicConfigs(config: LayeredBrokerConfig, own: ConfigTexts): DescribedConfig[] {
  return Object.entries(allTopicConfigs()).flatMap(([name, definition]) => {
    if (definition.internal && !(name in own)) return [];
    const value = config.topicText(name, own);
    const synonyms = definition.broker === undefined ? [] : synonymsOf(config, definition.broker);
    if (name in own) synonyms.unshift({ name, value, source: ConfigSource.TOPIC });
    return [describe(name, definition, value, synonyms, false)];
  });
}

/**
 * All configs of this broker.
 *
 * @param derived - Those that follow from the gateway, the store and the placement.
 */
export function describeBrokerConfigs(config: LayeredBrokerConfig, derived: ConfigTexts): DescribedConfig[] {
  const { broker, cluster, fixed } = config.layers;
  // Configs of single listeners are known by what they end in: those that are set are shown.
  const names = new Set([...Object.keys(allBrokerConfigs()), ...Object.keys({ ...fixed, ...cluster, ...broker })]);
  return Array.from(names).flatMap((name) => {
    const definition = brokerConfig(name);
    if (definition === undefined || definition.internal) return [];
    const given = derived[name];
    if (given !== undefined) {
      const synonyms = [{ name, value: given, source: ConfigSource.STATIC_BROKER }];
      return [describe(name, definition, given, synonyms, true)];
    }
    const value = config.text(name);
    return [describe(name, definition, value, synonymsOf(config, name), definition.dynamic === undefined)];
  });
}

/** Configs that were altered for all brokers. */
export function describeClusterConfigs(config: LayeredBrokerConfig): DescribedConfig[] {
  return Object.entries(config.layers.cluster).flatMap(([name, value]) => {
    const definition = brokerConfig(name);
    if (definition === undefined) return [];
    const synonyms = synonymsOf(config, name).filter(({ source }) => source === ConfigSource.DYNAMIC_DEFAULT_BROKER);
    return [describe(name, definition, value, synonyms, false)];
  });
}

function describe(
  name: string,
  { type, doc }: ConfigDefinition,
  value: string | null,
  synonyms: readonly DescribedSynonym[],
  readOnly: boolean,
): DescribedConfig {
  const sensitive = type === 'password';
  return {
    name,
    value: sensitive ? null : value,
    readOnly,
    source: synonyms[0]?.source ?? ConfigSource.DEFAULT,
    synonyms: sensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
    type: CONFIG_TYPES.indexOf(type) + 1,
    sensitive,
    doc: doc === '' ? NOT_ENFORCED : doc,
  };
}

/** What could give a config of the broker its value, in order; as in Kafka, nothing that only another name gives. */
function synonymsOf(config: LayeredBrokerConfig, name: string): DescribedSynonym[] {
  const { broker, cluster, fixed } = config.layers;
  const names = SYNONYMS[name]?.map(([synonym]) => synonym) ?? [name];
  const found: DescribedSynonym[] = [];
  for (const [texts, source] of [
    [broker, ConfigSource.DYNAMIC_BROKER],
    [cluster, ConfigSource.DYNAMIC_DEFAULT_BROKER],
    [fixed, ConfigSource.STATIC_BROKER],
  ] as const) {
    for (const synonym of names) {
      const value = texts[synonym];
      if (value !== undefined) found.push({ name: synonym, value, source });
    }
  }
  for (const synonym of names) {
    const value = brokerConfig(synonym)?.fallback ?? null;
    if (value !== null) found.push({ name: synonym, value, source: ConfigSource.DEFAULT });
  }
  const first = found.findIndex((synonym) => synonym.name === name);
  return first < 0 ? [] : found.slice(first);
}
