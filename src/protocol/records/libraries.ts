import { createRequire } from 'node:module';
import { RecordsError } from './errors.js';

/** Loads CommonJS synchronously, and only when something is needed for the first time. */
export const require: NodeJS.Require = createRequire(import.meta.url);

/** Loads a library that brings its binaries along; one for this machine may be missing. */
export function loadLibrary(name: string): unknown {
  try {
    return require(name);
  } catch (cause) {
    const machine = `${process.platform} ${process.arch}`;
    throw new RecordsError('LIBRARY_UNAVAILABLE', 0, `the package '${name}' does not load on ${machine}`, { cause });
  }
}
