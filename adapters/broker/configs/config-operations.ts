import { ErrorCode } from '../../../src/contract/index.js';
import type { ConfigTexts } from './layered-broker-config.js';
import { type ConfigDefinition, splitList } from './config-definition.js';
import { ConfigRefusedError } from './check-topic-configs.js';

/** What IncrementalAlterConfigs does with a config, by Kafka's numbers. */
export const Operation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

/** A change of one config. */
export interface ConfigOperation {
  readonly name: string;
  readonly value: string | null;
  /** One of {@link Operation}. */
  readonly configOperation: number;
}

/** What a resource's own configs become: those that stay, and those that are set and still to be checked. */
export interface AppliedOperations {
  readonly kept: ConfigTexts;
  readonly set: readonly { readonly name: string; readonly value: string }[];
}

/** @throws ConfigRefusedError for an unknown operation, or one that the type of the config does not support. */
export function applyOperations(
  definitionOf: (name: string) => ConfigDefinition | undefined,
  own: ConfigTexts,
  operations: readonly ConfigOperation[],
): AppliedOperations {
  const kept = new Map(Object.entries(own));
  const set: { name: string; value: string }[] = [];
  for (const { name, value, configOperation } of operations) {
    const before = kept.get(name);
    kept.delete(name);
    switch (configOperation) {
      case Operation.SET:
        set.push({ name, value: value ?? '' });
        break;
      case Operation.DELETE:
        break;
      case Operation.APPEND:
      case Operation.SUBTRACT: {
        const definition = definitionOf(name);
        if (definition?.type !== 'list') {
          const verb = configOperation === Operation.APPEND ? 'APPEND' : 'SUBTRACT';
          const why = `Can't ${verb} to key ${name} because its type is not LIST.`;
          throw new ConfigRefusedError(ErrorCode.INVALID_CONFIG, why);
        }
        const elements = new Set(splitList(before ?? definition.fallback ?? ''));
        for (const element of splitList(value ?? '')) {
          if (configOperation === Operation.APPEND) elements.add(element);
          else elements.delete(element);
        }
        set.push({ name, value: [...elements].join(',') });
        break;
      }
      default:
        throw new ConfigRefusedError(ErrorCode.INVALID_REQUEST, `Unknown operations type ${String(configOperation)}`);
    }
  }
  return { kept: Object.fromEntries(kept), set };
}
