import { CodedError } from './protocol/errors.js';

/**
 * Stable code of a {@link GatewayError}.
 *
 * - `INVALID_OPTION`: an option has an invalid value. The error is an {@link OptionError}.
 * - `INVALID_BACKEND`: the backend has no API method, a method for an API that the gateway itself answers, or a function
 *   whose name is probably a typo of a method.
 * - `INVALID_STATE`: the state of the gateway does not allow the call, such as `listen()` on a closed gateway.
 * - `BACKEND_IN_USE`: another gateway has the backend open, and the backend is not `shareable`.
 * - `BACKEND_CLOSE_FAILED`: the backend's `close` threw or rejected. Reported by an `error` event.
 * - `CLOSE_TIMEOUT`: the backend's `open` or `close`, or a request handler, did not finish in time. Reported by an `error`
 *   event.
 */
export type GatewayErrorCode =
  'INVALID_OPTION' | 'INVALID_BACKEND' | 'INVALID_STATE' | 'BACKEND_IN_USE' | 'BACKEND_CLOSE_FAILED' | 'CLOSE_TIMEOUT';

/** Thrown when a gateway is configured or used incorrectly, and emitted when its backend fails to close. */
export class GatewayError extends CodedError {
  override readonly name: string = 'GatewayError';

  /** @param code - Stable error code. */
  constructor(
    readonly code: GatewayErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Thrown when an option has an invalid value. */
export class OptionError extends GatewayError {
  override readonly name: string = 'OptionError';

  /**
   * @param option - Path of the option, such as `listener.port`.
   * @param value - The invalid value.
   * @param wanted - The expected value, as the end of the message.
   */
  constructor(
    readonly option: string,
    readonly value: unknown,
    wanted: string,
  ) {
    super('INVALID_OPTION', `option ${option} is ${describe(value)}; ${wanted}`);
  }
}

/** Returns a thrown value as text. Handles any value, even one that cannot be converted to a string. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return `a value of type ${typeof thrown}`;
  }
}

/** Returns text as one printable line. Escapes control characters, because the text may come from the network. */
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
