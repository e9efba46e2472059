// No export may be called `then`: the module itself would pass for a promise where it is imported dynamically.

/** A value, or a promise of one. What is answered without a promise is written without a tick. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Whether a value is a promise: an object with a method `then`. */
export function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<T>>).then === 'function';
}

/** Returns all values in their order, synchronously if none of them is a promise. */
export function all<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some(isPromise) ? Promise.all(values) : (values as readonly T[]);
}
