import { createRequire } from 'node:module';
import { RecordsError } from './errors.js';

/** Loads CommonJS synchronously, and only when something is needed for the first time. */
export const require: NodeJS.Require = createRequire(import.meta.url);

/** Loads a library that brings its binaries along; one for this machine may be missing. */
export function loadLibrary(name: string): unknown {
  return attempt<unknown>(name, () => require(name));
}

/** The main file of a library. */
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
