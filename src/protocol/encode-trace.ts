import { EncodeError } from './errors.js';
import { type WriteElement, Writer } from './writer.js';

/**
 * Finds the field that could not be encoded. Encodes the value again through proxies that record the last path read, so
 * that successful encoding has no overhead.
 *
 * @param write - The function that failed to write the value.
 * @param error - The value that it threw.
 */
export function explainEncodeError(
  write: WriteElement<unknown>,
  version: number,
  value: unknown,
  error: unknown,
  options?: { readonly defaults?: boolean },
): EncodeError {
  if (typeof value !== 'object' || value === null) {
    return new EncodeError(
      'INVALID_VALUE',
      `${value === null ? 'null' : `a value of type ${typeof value}`} is not a message`,
    );
  }
  let path = '';

  function trace(target: unknown, at: string): unknown {
    if (typeof target !== 'object' || target === null || target instanceof Uint8Array) return target;
    // The proxy wraps a substitute, because a proxy of a frozen object must return the original property values.
    return new Proxy(Array.isArray(target) ? [] : {}, {
      has: (_, key) => Reflect.has(target, key),
      get(_, key): unknown {
        if (typeof key === 'symbol' || (Array.isArray(target) && key === 'length')) return Reflect.get(target, key);
        path = Array.isArray(target) ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`;
        return trace(Reflect.get(target, key), path);
      },
    });
  }

  try {
    write(new Writer(options), trace(value, ''), version);
  } catch (again) {
    const cause = again instanceof Error ? again : error;
    if (cause instanceof EncodeError) return new EncodeError(cause.code, cause.detail, path);
    return new EncodeError('INVALID_VALUE', detailOf(cause), path);
  }
  return new EncodeError('INVALID_VALUE', detailOf(error));
}

/** Returns a description of a thrown value, which may be of any type. */
function detailOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === 'string' ? thrown : `a value of type ${typeof thrown} was thrown`;
}
