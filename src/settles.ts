/**
 * Waits until a promise settles, or until some time after a signal aborts.
 *
 * @param graceMs - Milliseconds for which it waits after the signal.
 * @returns Whether the promise was fulfilled in time.
 * @throws The reason of a promise that rejects in time.
 */
export async function settles(
  promise: PromiseLike<unknown> | undefined,
  signal: AbortSignal,
  graceMs: number,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort!: () => void;
  const late = new Promise<false>((resolve) => {
    onAbort = () => {
      timer = setTimeout(resolve, graceMs, false);
    };
  });
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([Promise.resolve(promise).then(() => true), late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
