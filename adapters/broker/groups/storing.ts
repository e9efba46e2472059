import { type Awaitable, ErrorCode } from '../../../src/contract.js';
import { StoreError } from '../log-store.js';

/** Stores, and tells what became of it, at once where the store is synchronous: NONE, or the code that clients are told. */
export function settle<R>(store: () => Awaitable<unknown>, done: (errorCode: number) => R): Awaitable<R> {
  let outcome: Awaitable<unknown>;
  try {
    outcome = store();
  } catch (error) {
    return done(storeErrorCode(error));
  }
  if (!isPromise(outcome)) return done(ErrorCode.NONE);
  return outcome.then(
    () => done(ErrorCode.NONE),
    (error: unknown) => done(storeErrorCode(error)),
  );
}

/** All outcomes: a promise only where one of them is. The first failure is the failure of all. */
export function all<T>(outcomes: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  if (!outcomes.some(isPromise)) return outcomes as readonly T[];
  return Promise.all(outcomes.map((outcome) => Promise.resolve(outcome)));
}

export function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** What a client is told of a store that failed: to come again later, or that it makes no sense. */
function storeErrorCode(error: unknown): number {
  if (!(error instanceof StoreError)) return ErrorCode.UNKNOWN_SERVER_ERROR;
  const isPassing = error.kind === 'unavailable' || error.kind === 'outcomeUnknown';
  return isPassing ? ErrorCode.COORDINATOR_NOT_AVAILABLE : ErrorCode.UNKNOWN_SERVER_ERROR;
}
