// No export may be called `then`: the module itself would pass for a promise where it is imported dynamically.
import { type Awaitable, isPromise } from '../../src/contract/index.js';

/** Goes on with a value at once, or with a promise when it settles: what is synchronous stays so. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** The same with a way out for what is thrown or rejected. */
export function attempt<T, R>(
  work: () => Awaitable<T>,
  next: (value: T) => Awaitable<R>,
  failed: (error: unknown) => Awaitable<R>,
): Awaitable<R> {
  let value: Awaitable<T>;
  try {
    value = work();
  } catch (error) {
    return failed(error);
  }
  return isPromise(value) ? value.then(next, failed) : next(value);
}

/** What was thrown, as a promise: where a throw would leave others half done. */
export function rejected(error: unknown): PromiseLike<never> {
  return Promise.resolve().then(() => {
    throw error;
  });
}
