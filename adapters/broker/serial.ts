import { type Awaitable, isPromise } from '../../src/contract/index.js';

/** Makes pieces of work run one after another; what is synchronous, and alone, runs at once. */
export function serial(): <T>(work: () => Awaitable<T>) => Awaitable<T> {
  let last: Promise<unknown> | null = null;
  return (work) => {
    const result = last === null ? work() : last.then(work);
    if (isPromise(result)) {
      const settled = Promise.resolve(result).then(
        () => undefined,
        () => undefined,
      );
      last = settled;
      void settled.then(() => {
        if (last === settled) last = null;
      });
    }
    return result;
  };
}
