import { ErrorCode, KafkaError } from '../../../src/contract/index.js';
import type { Kit } from '../kit.js';
import type { LogStore } from '../store/log-store.js';
import { checkConfig, ConfigValueError } from './config-definition.js';
import type { ConfigTexts } from './layered-broker-config.js';
import { topicConfig } from './config-lookup.js';
import { TOPIC_CONFIGS } from './topic-config-definitions.js';

/** Configs that cannot be set, with the error code that says so. */
export class ConfigRefusedError extends KafkaError {
  override readonly name: string = 'ConfigRefusedError';
}

/**
 * A topic's own configs with changes on top.
 *
 * @throws ConfigRefusedError that names the config.
 */
export function checkTopicConfigs(
  kit: Pick<Kit, 'store'>,
  own: ConfigTexts,
  changes: readonly { readonly name: string; readonly value: string | null }[],
): ConfigTexts {
  const configs: Record<string, string> = { ...own };
  const nulls = changes.filter(({ value }) => value === null).map(({ name }) => name);
  if (nulls.length > 0) {
    throw new ConfigRefusedError(
      ErrorCode.INVALID_CONFIG,
      `Null value not supported for topic configs: ${nulls.join(',')}`,
    );
  }
  for (const { name, value } of changes) {
    const definition = topicConfig(name);
    if (definition === undefined)
      throw new ConfigRefusedError(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${name}`);
    try {
      configs[name] = checkConfig(name, definition, value ?? '');
    } catch (error) {
      throw error instanceof ConfigValueError ? new ConfigRefusedError(ErrorCode.INVALID_CONFIG, error.message) : error;
    }
  }
  const problem = crossProblem(configs) ?? lacking(kit.store, configs);
  if (problem !== null) throw new ConfigRefusedError(ErrorCode.INVALID_CONFIG, problem);
  return configs;
}

/** What is wrong between configs that are right one by one. */
function crossProblem(configs: ConfigTexts): string | null {
  const number = (name: string): number => Number(configs[name] ?? TOPIC_CONFIGS[name]?.fallback);
  const least = 'min.compaction.lag.ms';
  const most = 'max.compaction.lag.ms';
  if ((least in configs || most in configs) && number(least) > number(most)) {
    return `conflict topic config setting ${least} (${String(number(least))}) > ` + `${most} (${String(number(most))})`;
  }
  if (configs['remote.storage.enable'] === 'true') {
    return 'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.';
  }
  return null;
}

/** What the store cannot do of these configs, whose names may begin with a prefix. */
export function lacking(store: LogStore, configs: ConfigTexts, prefix = ''): string | null {
  const policy = `${prefix}cleanup.policy`;
  if (store.compact === undefined && configs[policy]?.includes('compact')) {
    return `${policy}=${configs[policy]}: ${store.name} does not compact`;
  }
  // An engine that applies retention knows the configs of topics, and not the broker's defaults for them.
  if (store.applyRetention !== undefined || (store.retention === 'engine' && prefix === '')) return null;
  const named = Object.keys(configs).find((name) => /^(log\.)?retention\.(ms|minutes|hours|bytes)$/.test(name));
  return named === undefined ? null : `${named}: ${store.name} does not apply it`;
}
