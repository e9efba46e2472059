import { StoreError } from '../../broker/index.js';

/** Throws if the signal has aborted. @throws StoreError `UNAVAILABLE` */
export function throwIfAborted(signal: AbortSignal, what: string): void {
  if (signal.aborted) throw aborted(signal, what);
}

/**
 * Settles as the work does, or rejects once the signal aborts. The work itself continues until it checks the signal, which it
 * does before each step that changes something.
 *
 * @throws StoreError `UNAVAILABLE`
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  let onAbort!: () => void;
  const abort = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(aborted(signal, what));
    };
  });
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work, abort]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function aborted(signal: AbortSignal, what: string): StoreError {
  return new StoreError('UNAVAILABLE', `Iggy: ${what} was aborted`, { cause: signal.reason });
}
