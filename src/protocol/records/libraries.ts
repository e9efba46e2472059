import { createRequire } from 'node:module';
import { RecordsError } from './errors.js';

/** Loads CommonJS modules synchronously on first use. */
export const require: NodeJS.Require = createRequire(import.meta.url);

/** Loads a library. @throws RecordsError if it does not load, for example because it has no binary for this machine. */
export function loadLibrary(name: string): unknown {
  return attempt<unknown>(name, () => require(name));
}

/** Returns the path of the main file of a library. */
export function resolveLibrary(name: string): string {
  return attempt(name, () => require.resolve(name));
}

function attempt<T>(name: string, load: () => T): T {
  try {
    return load();
  } catch (cause) {
    const machine = `${process.platform} ${process.arch}`;
    throw new RecordsError('LIBRARY_UNAVAILABLE', 0, `the package '${name}' does not load on ${machine}`, { cause });
  }
}
