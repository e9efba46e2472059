import { CodedError } from './protocol/errors.js';

/**
 * What is wrong with the way a gateway is used, as a code that stays the same over releases.
 *
 * - `INVALID_OPTION`: an option has a wrong value; the error is an {@link OptionError}.
 * - `INVALID_BACKEND`: the backend has no API, or a function whose name is almost that of an API.
 * - `INVALID_STATE`: a method was called that the state of the gateway does not allow, such as `listen()` when closed.
 * - `BACKEND_IN_USE`: another gateway has the backend open, and it is not `shareable`.
 * - `BACKEND_CLOSE_FAILED`: the backend's `close` threw or rejected; told by an `error` event.
 * - `CLOSE_TIMEOUT`: the backend's `open` or `close` was not done in time; told by an `error` event.
 */
export type GatewayErrorCode =
  'INVALID_OPTION' | 'INVALID_BACKEND' | 'INVALID_STATE' | 'BACKEND_IN_USE' | 'BACKEND_CLOSE_FAILED' | 'CLOSE_TIMEOUT';

/** A gateway was set up or used in a way that cannot work, or its backend did not close. */
export class GatewayError extends CodedError {
  override readonly name: string = 'GatewayError';

  /** @param code - What is wrong, stable over releases. */
  constructor(
    readonly code: GatewayErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An option has a wrong value. */
export class OptionError extends GatewayError {
  override readonly name: string = 'OptionError';

  /**
   * @param option - Path of the option, such as `listener.port`.
   * @param value - The wrong value.
   * @param wanted - What it should be, as the end of a sentence.
   */
  constructor(
    readonly option: string,
    readonly value: unknown,
    wanted: string,
  ) {
    super('INVALID_OPTION', `option ${option} is ${describe(value)}; ${wanted}`);
  }
}

/** What was thrown, as text: it may be anything, even what does not become a string. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return `a value of type ${typeof thrown}`;
  }
}

/** Text as one line of what a terminal shows: the rest, which may come from the network, is escaped. */
export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/[\p{C}\u2028\u2029]/gu, (character) => {
    return `\\u{${Number(character.codePointAt(0)).toString(16)}}`;
  });
}

function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
    case 'bigint':
      return `${String(value)}n`;
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? `an array of ${String(value.length)}` : 'an object';
    default:
      return String(value);
  }
}
