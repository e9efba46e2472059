// No export may be called `then`: the module itself would pass for a promise where it is imported dynamically.
import type { Awaitable } from '../../src/contract/index.js';

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

/** All values, in their order; synchronous when all of them are. */
export function all<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some(isPromise) ? Promise.all(values) : (values as readonly T[]);
}

export function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<T>>).then === 'function';
}

/** What was thrown, as a promise: where a throw would leave others half done. */
export function rejected(error: unknown): PromiseLike<never> {
  return Promise.resolve().then(() => {
    throw error;
  });
}
