import { existsSync, readFileSync } from 'node:fs';

/** The package's top folder: this file runs from src/cli/ and from dist/src/cli/. */
const packageRoot: URL = ['../../', '../../../']
  .map((up) => new URL(up, import.meta.url))
  .filter((top) => existsSync(new URL('package.json', top)))[0]!;

export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as { version: string };
  return manifest.version;
}
