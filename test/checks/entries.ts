import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's top folder, ending in a slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly engines: { readonly node: string };
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;

/** A way into the package, as package.json's "exports" has it; all checks and aliases are made from these. */
export interface Entry {
  /** What a user imports, such as `iggy-gateway-kafka/protocol`; a pattern keeps its `*`. */
  readonly specifier: string;
  /** A file name for it: `index`, `protocol`, `adapters-memory`. */
  readonly label: string;
  /** Where it is written, from the top: `src/protocol/index.ts`. */
  readonly source: string;
  /** Its declarations, from the top: `dist/src/protocol/index.d.ts`. */
  readonly types: string;
}

/** Whether an entry stands for many files: one API each, under the report and the docs of `./protocol`. */
export function isPattern({ specifier }: Entry): boolean {
  return specifier.includes('*');
}

export const entries: readonly Entry[] = Object.entries(manifest.exports).flatMap(([path, target]) => {
  if (typeof target === 'string') return []; // ./package.json
  return {
    specifier: manifest.name + path.slice(1),
    label: path === '.' ? 'index' : path.slice(2).replaceAll('/', '-'),
    source: target.default.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts'),
    types: target.types.slice(2),
  };
});
