import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import { andThen } from '../awaitable.js';
import type { CoreKit } from '../core-kit.js';
import type { ConfigTexts } from './broker-configs.js';
import { checkConfig, ConfigError } from './config-definition.js';
import { brokerConfig } from './known-configs.js';
import { ConfigFailure, lacking } from './topic-configs.js';

/** For this broker, or for all of them. */
export type Layer = 'broker' | 'cluster';

/**
 * The broker's altered configs with changes on top.
 *
 * @throws ConfigFailure that names the config.
 */
export function checkBrokerChanges(
  { store }: CoreKit,
  layer: Layer,
  kept: ConfigTexts,
  changes: readonly { readonly name: string; readonly value: string }[],
): ConfigTexts {
  const texts: Record<string, string> = { ...kept };
  for (const { name, value } of changes) {
    const definition = brokerConfig(name);
    if (definition === undefined) throw invalid(`Unknown broker config name: ${name}`);
    if (definition.dynamic === undefined) throw invalid(`Cannot update these configs dynamically: ${name}`);
    if (definition.dynamic === 'per-broker' && layer === 'cluster') {
      throw invalid(`Cannot update these configs at default cluster level, broker id must be specified: ${name}`);
    }
    try {
      texts[name] = checkConfig(name, definition, value);
    } catch (error) {
      throw error instanceof ConfigError ? invalid(error.message) : error;
    }
  }
  const problem = lacking(store, texts, 'log.');
  if (problem !== null) throw invalid(problem);
  return texts;
}

/** Takes altered configs over once they are kept. */
export function keepBrokerConfigs(kit: CoreKit, layer: Layer, texts: ConfigTexts): Awaitable<void> {
  const empty = Object.keys(texts).length === 0;
  return andThen(kit.state.put(keyOf(kit, layer), empty ? null : Buffer.from(JSON.stringify(texts))), () => {
    kit.config.alter({ [layer]: texts });
  });
}

/** Takes over what was altered before the last restart; what is no config any more is left out, and told. */
export function loadBrokerConfigs(kit: CoreKit): void {
  const load = (layer: Layer): ConfigTexts => {
    for (const [rest, value] of kit.state.load(keyOf(kit, layer))) {
      if (rest === '') return readTexts(kit, layer, value);
    }
    return {};
  };
  kit.config.alter({ broker: load('broker'), cluster: load('cluster') });
}

function readTexts(kit: CoreKit, layer: Layer, value: Buffer): ConfigTexts {
  let texts: ConfigTexts = {};
  for (const [name, text] of Object.entries(JSON.parse(value.toString()) as ConfigTexts)) {
    try {
      texts = checkBrokerChanges(kit, layer, texts, [{ name, value: text }]);
    } catch (error) {
      if (!(error instanceof ConfigFailure)) throw error;
      kit.warn(`a config that was altered before the restart does not hold: ${error.message}`);
    }
  }
  return texts;
}

function keyOf({ placement }: CoreKit, layer: Layer): string {
  return layer === 'cluster' ? 'config/cluster' : `config/broker/${String(placement.nodeId)}`;
}

function invalid(why: string): ConfigFailure {
  return new ConfigFailure(ErrorCode.INVALID_REQUEST, why);
}
