import { textOf } from '../errors.js';
import { EncodeError } from '../protocol/errors.js';
import { Writer } from '../protocol/writer.js';
import type { ApiCodec } from '../protocol/codec.js';

/**
 * Finds out which field of a response did not fit: encodes it once more through proxies that note what is read last.
 * Costs nothing until something is wrong.
 */
export function explainEncodeError(codec: ApiCodec, version: number, value: unknown, error: unknown): EncodeError {
  if (typeof value !== 'object' || value === null) {
    return new EncodeError('INVALID_VALUE', `the handler answered ${textOf(value)}: a response is an object`);
  }
  let path = '';

  function trace(target: unknown, at: string): unknown {
    if (typeof target !== 'object' || target === null || target instanceof Uint8Array) return target;
    // Over a stand-in: a proxy of what is frozen may show nothing but the thing itself.
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
    codec.writeResponse(new Writer(), trace(value, ''), version);
  } catch (again) {
    const cause = again instanceof Error ? again : error;
    if (cause instanceof EncodeError) return new EncodeError(cause.code, cause.detail, path);
    return new EncodeError('INVALID_VALUE', cause instanceof Error ? cause.message : textOf(cause), path);
  }
  const detail = error instanceof Error ? error.message : textOf(error);
  return new EncodeError('INVALID_VALUE', detail);
}
