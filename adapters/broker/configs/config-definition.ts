import { CodedError } from '../../../src/contract/index.js';

/** Types of configs, by Kafka's names, in the order of the numbers that DescribeConfigs gives them, from 1. */
export const CONFIG_TYPES = [
  'boolean',
  'string',
  'int',
  'short',
  'long',
  'double',
  'list',
  'class',
  'password',
] as const;

export type ConfigType = (typeof CONFIG_TYPES)[number];

/** A value as the kit works with it. */
export type ConfigValue = boolean | number | string | readonly string[];

/** What a config is. */
export interface ConfigDefinition {
  readonly type: ConfigType;
  /** Text of the built-in default; null for none. */
  readonly fallback: string | null;
  /** What it means, in a sentence; empty for configs that are known from Kafka's own table only. */
  readonly doc: string;
  /** Whether the kit acts on it; otherwise it is accepted and shown, as far as it can be set. */
  readonly enforced: boolean;
  /** Whether Kafka keeps it out of DescribeConfigs. */
  readonly internal?: boolean;
  /** Least value of a number. */
  readonly least?: number;
  /** Greatest value of a number. */
  readonly most?: number;
  /** A number that is allowed outside of the bounds. */
  readonly also?: number;
  /** The values that a string may have, or the elements of a list. */
  readonly choices?: readonly string[];
  /** Whether `choices`, which are in upper case, are matched in any case. */
  readonly ignoreCase?: boolean;
  /** Whether a list keeps only the first of equal elements, as in Kafka (KIP-1161). */
  readonly unique?: boolean;
  /** Whether a string or a list must not be empty. */
  readonly nonEmpty?: boolean;
  /** What a string must match, or each element of a list, and how to say so. */
  readonly pattern?: readonly [RegExp, string];
}

/** Which brokers a config can be changed for while they run: for all of them or for each, or for each only. */
export type UpdateMode = 'cluster-wide' | 'per-broker';

/** What Kafka itself declares of a config. */
export interface KafkaConfigFacts extends Omit<ConfigDefinition, 'doc' | 'enforced'> {
  /** Of a topic's config: the broker's config that gives the default. */
  readonly broker?: string;
  /** Of a broker's config: how it can change while the broker runs. */
  readonly dynamic?: UpdateMode;
}

/** A value that a config cannot have. */
export class ConfigValueError extends CodedError {
  override readonly name: string = 'ConfigValueError';
  readonly code = 'INVALID_CONFIG';
}

const INTEGERS: Readonly<Partial<Record<ConfigType, readonly [bigint, bigint]>>> = {
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
};

/**
 * Checks the text of a config and brings it into the form in which it is kept and shown.
 *
 * @throws ConfigValueError that names the config and its value.
 */
export function checkConfig(name: string, definition: ConfigDefinition, text: string): string {
  const wrong = (why: string): ConfigValueError =>
    new ConfigValueError(`Invalid value ${shorten(text)} for configuration ${name}: ${why}`);
  const trimmed = text.trim();
  switch (definition.type) {
    case 'boolean': {
      const lower = trimmed.toLowerCase();
      if (lower !== 'true' && lower !== 'false') throw wrong('it is true or false');
      return lower;
    }
    case 'short':
    case 'int':
    case 'long': {
      const [least, most] = INTEGERS[definition.type] ?? [0n, 0n];
      if (!/^[+-]?\d{1,20}$/.test(trimmed)) throw wrong(`it is a whole number of type ${definition.type}`);
      const value = BigInt(trimmed.replace('+', ''));
      if (value < least || value > most) throw wrong(`it does not fit into the type ${definition.type}`);
      checkBounds(Number(value), definition, wrong);
      return String(value);
    }
    case 'double': {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(trimmed)) throw wrong('it is a number');
      checkBounds(Number(trimmed), definition, wrong);
      return String(Number(trimmed));
    }
    case 'list': {
      let elements = splitList(trimmed);
      if (definition.unique) elements = [...new Set(elements)];
      if (definition.nonEmpty && elements.length === 0) throw wrong('it is a list that is not empty');
      for (const element of elements) checkString(element, definition, wrong);
      return elements.join(',');
    }
    case 'string':
    case 'class':
    case 'password':
      if (definition.nonEmpty && trimmed === '') throw wrong('it is a text that is not empty');
      checkString(trimmed, definition, wrong);
      return trimmed;
  }
}

/** The value of a text that {@link checkConfig} has made. */
export function configValue(definition: ConfigDefinition, text: string): ConfigValue {
  switch (definition.type) {
    case 'boolean':
      return text === 'true';
    case 'short':
    case 'int':
    case 'long':
    case 'double':
      return Number(text);
    case 'list':
      return splitList(text);
    case 'string':
    case 'class':
    case 'password':
      return text;
  }
}

/** Elements of a list, which commas divide. */
export function splitList(text: string): string[] {
  return text === '' ? [] : text.split(',').map((element) => element.trim());
}

function checkBounds(value: number, { least, most, also }: ConfigDefinition, wrong: (why: string) => Error): void {
  if (value === also) return;
  const or = also === undefined ? '' : `, or ${String(also)}`;
  if (least !== undefined && value < least) throw wrong(`it is at least ${String(least)}${or}`);
  if (most !== undefined && value > most) throw wrong(`it is at most ${String(most)}${or}`);
}

function checkString(
  text: string,
  { choices, ignoreCase, pattern }: ConfigDefinition,
  wrong: (why: string) => Error,
): void {
  if (choices !== undefined && !choices.includes(ignoreCase ? text.toUpperCase() : text))
    throw wrong(`it is one of ${choices.join(', ')}`);
  if (pattern !== undefined && !pattern[0].test(text)) throw wrong(pattern[1]);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
