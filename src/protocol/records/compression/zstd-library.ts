import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { require, resolveLibrary } from '../libraries.js';

/** The functions of libzstd, as `@bokuweb/zstd-wasm` compiles them; pointers and sizes are numbers. */
export interface Zstd {
  /** All memory of the library: made anew as it grows. */
  readonly HEAPU8: Uint8Array;
  /** 0 when there is no such memory. */
  _malloc(size: number): number;
  _free(pointer: number): void;
  _ZSTD_compressBound(size: number): number;
  _ZSTD_compress(to: number, capacity: number, from: number, size: number, level: number): number;
  _ZSTD_decompress(to: number, capacity: number, from: number, size: number): number;
  _ZSTD_isError(result: number): number;
}

/** What emscripten's loader offers besides. */
interface Loader extends Zstd {
  instantiateWasm: (imports: object, receive: (instance: Instance) => void) => object;
  init(): void;
}

interface Instance {
  readonly exports: object;
}

/** As far as it is needed: Node.js has it, but its types for TypeScript leave it to the DOM's. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (code: Uint8Array) => object;
    readonly Instance: new (module: object, imports: object) => Instance;
  };
};

const PACKAGE = '@bokuweb/zstd-wasm';
/** Its memory only grows: above this it is given back after use. */
const KEPT_MEMORY_BYTES = 32 * 1024 * 1024;

let compiled: object | undefined;
let loaded: Zstd | undefined;

/** The library, loaded when it is first needed. */
export function zstdLibrary(): Zstd {
  return (loaded ??= load());
}

/** Gives the library's memory back if it has become large; `always` after a failure that may have left it in disorder. */
export function releaseZstd(always = false): void {
  if (always || (loaded && loaded.HEAPU8.length > KEPT_MEMORY_BYTES)) loaded = undefined;
}

/** Loads it through emscripten's hook: the package's own `init()` is asynchronous. */
function load(): Zstd {
  const folder = dirname(resolveLibrary(PACKAGE));
  const file = join(folder, 'zstd.js');
  const module = (compiled ??= new WebAssembly.Module(readFileSync(join(folder, 'zstd.wasm'))));
  const { Module: library } = require(file) as { readonly Module: Loader };
  // The loader holds the one instance that it makes: for another, it is loaded again.
  Reflect.deleteProperty(require.cache, file);
  library.instantiateWasm = (imports, receive) => {
    const instance = new WebAssembly.Instance(module, imports);
    receive(instance);
    return instance.exports;
  };
  library.init();
  return library;
}
