import { isIPv6 } from 'node:net';
import type { Endpoint } from '../index.js';
import { CodedError } from '../protocol/errors.js';
import { CommandError, USAGE } from './errors.js';

/** A value as it was given, and what gave it: `--bind` or `IGGY_KAFKA_BIND_ADDR`. */
export interface Given {
  readonly name: string;
  readonly text: string;
  /** Whether the value is not to be shown. */
  readonly isSecret?: boolean | undefined;
}

/** Makes a value of its text, or throws a {@link WrongValueError}. */
export type Parse<T> = (text: string) => T;

/** Says what a value should have been. */
class WrongValueError extends CodedError {
  override readonly name = 'WrongValueError';
  readonly code = 'WRONG_VALUE';
}

const MAX_SHOWN_CHARACTERS = 80;

/** @throws CommandError that names the setting and its value when it is none. */
export function parseGiven<T>(given: Given, parse: Parse<T>): T {
  try {
    return parse(given.text);
  } catch (error) {
    if (error instanceof WrongValueError) throw wrongValue(given, `want ${error.message}`);
    throw error;
  }
}

export function wrongValue({ name, text, isSecret = false }: Given, why: string): CommandError {
  if (isSecret) return new CommandError(USAGE, `${name}: ${why}`);
  const shown = text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
  return new CommandError(USAGE, `${name} ${JSON.stringify(shown)}: ${why}`);
}

export function text(least: number, most: number): Parse<string> {
  return (given) => {
    const bytes = Buffer.byteLength(given);
    if (bytes >= least && bytes <= most) return given;
    throw new WrongValueError(`${String(least)} to ${String(most)} bytes`);
  };
}

export function wholeNumber(least: number, most: number): Parse<number> {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new WrongValueError(`a whole number from ${String(least)} to ${String(most)}`);
  };
}

/** The longest time that a timer of Node's can take, in whole seconds. */
const MAX_SECONDS = 2_147_483;

/** Seconds as milliseconds; fractions down to one. */
export function seconds(least: number): Parse<number> {
  return (text) => {
    const value = /^\d{1,10}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= MAX_SECONDS) return Math.round(value * 1000);
    throw new WrongValueError(
      `a number of seconds from ${String(least)} to ${String(MAX_SECONDS)}, with at most three decimals`,
    );
  };
}

export function choice<T extends string>(choices: readonly T[]): Parse<T> {
  return (text) => {
    const chosen = choices.find((name) => name === text);
    if (chosen !== undefined) return chosen;
    throw new WrongValueError(choices.length === 1 ? choices.join() : `one of ${choices.join(', ')}`);
  };
}

export const yesOrNo: Parse<boolean> = (text) => choice(['yes', 'no'])(text) === 'yes';

/** Names between commas. */
export const names: Parse<readonly string[]> = (text) => {
  const given = text.split(',').map((name) => name.trim());
  if (!given.includes('')) return given;
  throw new WrongValueError('names between commas');
};

const ASSIGNMENT = 'name=value, such as num.partitions=3';

/** `name=value`, one in each line or between semicolons; of several with one name the last counts. */
export const assignments: Parse<Readonly<Record<string, string>>> = (text) => {
  const values: Record<string, string> = {};
  for (const assignment of text.split(/[\n;]/)) {
    const [, name, value] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(assignment) ?? [];
    if (name !== undefined && value !== undefined) values[name] = value.trim();
    else if (assignment.trim() !== '') throw new WrongValueError(ASSIGNMENT);
  }
  if (text.trim() === '') throw new WrongValueError(ASSIGNMENT);
  return values;
};

const ENDPOINT = /^(?:\[([^\]]*)\]|([^\s:/[\]]{1,255}))(?::(\d{1,5}))?$/;

/** `host:port`, an IPv6 address in brackets. */
export function endpoint(leastPort: 0 | 1): Parse<Endpoint> {
  return (text) => {
    const { host, port } = splitEndpoint(text, leastPort) ?? {};
    if (host !== undefined && port !== undefined) return { host, port };
    throw new WrongValueError(`host:port, an IPv6 address in brackets, a port from ${String(leastPort)} to 65535`);
  };
}

/** One or more of {@link endpoint} with ports from 1, separated by commas. */
export const endpoints: Parse<readonly Endpoint[]> = (text) =>
  text.split(',').map((each) => {
    const { host, port } = splitEndpoint(each.trim(), 1) ?? {};
    if (host !== undefined && port !== undefined) return { host, port };
    const rules = 'an IPv6 address in brackets, a port from 1 to 65535';
    throw new WrongValueError(`host:port, several separated by commas, ${rules}; got "${each.trim()}"`);
  });

/** As {@link endpoint}, or a host alone. */
export const hostMaybePort: Parse<{ readonly host: string; readonly port?: number }> = (text) => {
  const parts = splitEndpoint(text, 1);
  if (parts !== null) return parts;
  throw new WrongValueError('host:port or a host alone, an IPv6 address in brackets, a port from 1 to 65535');
};

/** A host alone, where an IPv6 address needs no brackets. */
export const host: Parse<string> = (text) => {
  const parts = splitEndpoint(isIPv6(text) ? `[${text}]` : text, 1);
  if (parts !== null && parts.port === undefined) return parts.host;
  throw new WrongValueError('a host name or an address, without a port');
};

function splitEndpoint(text: string, leastPort: number): { host: string; port?: number } | null {
  const [, bracketed, plain, digits] = ENDPOINT.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed))) return null;
  if (digits === undefined) return { host };
  const port = Number(digits);
  return port >= leastPort && port <= 65535 ? { host, port } : null;
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
}
