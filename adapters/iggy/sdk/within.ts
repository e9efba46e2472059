import { IggyCommandError } from './failures.js';

/** Receives the function that rejects work before its time-out. */
export type GivesUp = (reject: (failure: IggyCommandError) => void) => void;

/** Returns the result of work. @throws IggyCommandError `late` when it takes longer than its time-out. */
export async function within<T>(ms: number, what: string, work: () => Promise<T>, givesUp?: GivesUp): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    givesUp?.(reject);
    timer = setTimeout(() => {
      reject(new IggyCommandError('LATE', `no answer within ${String(ms)} ms to ${what}`));
    }, ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
