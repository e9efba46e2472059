import { EncodeError } from '../protocol/errors.js';
import { Writer } from '../protocol/writer.js';
import type { AnyCodec } from './firewall.js';

/**
 * Finds out which field of a response did not fit: encodes it once more through proxies that note what is read last.
 * Costs nothing until something is wrong.
 */
export function explainEncodeError(codec: AnyCodec, version: number, value: unknown, error: unknown): EncodeError {
  let path = '';

  function trace(target: unknown, at: string): unknown {
    if (typeof target !== 'object' || target === null || target instanceof Uint8Array) return target;
    return new Proxy(target, {
      get(object, key): unknown {
        const found: unknown = Reflect.get(object, key, object);
        if (typeof key === 'symbol' || (Array.isArray(object) && key === 'length')) return found;
        path = Array.isArray(object) ? `${at}[${key}]` : at === '' ? key : `${at}.${key}`;
        return trace(found, path);
      },
    });
  }

  try {
    codec.writeResponse(new Writer(), trace(value, ''), version);
  } catch (again) {
    const cause = again instanceof Error ? again : error;
    if (cause instanceof EncodeError) return new EncodeError(cause.code, cause.detail, path);
    return new EncodeError('INVALID_VALUE', cause instanceof Error ? cause.message : String(cause), path);
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new EncodeError('INVALID_VALUE', detail);
}
