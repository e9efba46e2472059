import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import { andThen } from '../awaitable.js';
import type { Kit, KitPart } from '../kit.js';
import { serial } from '../serial.js';
import type { LayeredBrokerConfig, ConfigTexts } from './layered-broker-config.js';
import { checkConfig, ConfigValueError } from './config-definition.js';
import { brokerConfig } from './config-lookup.js';
import { ConfigRefusedError, lacking } from './check-topic-configs.js';

/** For this broker, or for all of them. */
export type Layer = 'broker' | 'cluster';

/** The broker's configs that are altered while it runs, kept in the durable state. */
export class DynamicConfigs implements KitPart {
  /** What holds now. */
  readonly current: LayeredBrokerConfig;
  /** Runs alterations one after another: each builds on the one before. */
  readonly inTurn: <T>(work: () => Awaitable<T>) => Awaitable<T> = serial();
  readonly #kit: Kit;

  constructor(kit: Kit, current: LayeredBrokerConfig) {
    this.#kit = kit;
    this.current = current;
  }

  open(): void {
    this.#load();
    const names = Object.keys(this.current.layers.fixed).filter((name) => brokerConfig(name)?.enforced !== true);
    if (names.length > 0) this.#kit.warn(`configs that are set and not enforced, only shown: ${names.join(', ')}`);
  }

  identified(): void {
    this.#load();
  }

  resume(): void {
    this.#load();
  }

  /**
   * Returns a layer's configs with changes on top.
   *
   * @throws ConfigRefusedError that names the config.
   */
  check(
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
        throw error instanceof ConfigValueError ? invalid(error.message) : error;
      }
    }
    const problem = lacking(this.#kit.store, texts, 'log.');
    if (problem !== null) throw invalid(problem);
    return texts;
  }

  /** Applies altered configs once they are stored. */
  keep(layer: Layer, texts: ConfigTexts): Awaitable<void> {
    const empty = Object.keys(texts).length === 0;
    return andThen(this.#kit.state.put(this.#keyOf(layer), empty ? null : Buffer.from(JSON.stringify(texts))), () => {
      this.current.alter({ [layer]: texts });
    });
  }

  /** Applies what was altered before the last restart, without configs that no longer exist, each with a warning. */
  #load(): void {
    this.current.alter({ broker: this.#stored('broker'), cluster: this.#stored('cluster') });
  }

  #stored(layer: Layer): ConfigTexts {
    for (const [rest, value] of this.#kit.state.load(this.#keyOf(layer))) {
      if (rest === '') return this.#read(layer, value);
    }
    return {};
  }

  #read(layer: Layer, value: Buffer): ConfigTexts {
    let texts: ConfigTexts = {};
    for (const [name, text] of Object.entries(JSON.parse(value.toString()) as ConfigTexts)) {
      try {
        texts = this.check(layer, texts, [{ name, value: text }]);
      } catch (error) {
        if (!(error instanceof ConfigRefusedError)) throw error;
        this.#kit.warn(`a config that was altered before the restart does not hold: ${error.message}`);
      }
    }
    return texts;
  }

  #keyOf(layer: Layer): string {
    return layer === 'cluster' ? 'config/cluster' : `config/broker/${String(this.#kit.placement.nodeId)}`;
  }
}

function invalid(why: string): ConfigRefusedError {
  return new ConfigRefusedError(ErrorCode.INVALID_REQUEST, why);
}
