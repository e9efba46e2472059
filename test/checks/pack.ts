import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { root } from './entries.js';

/** What `npm pack` made. */
export interface Packed {
  /** The tarball's path. */
  readonly tarball: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs the package as it is built now into temp/. */
export function pack(): Packed {
  mkdirSync(`${root}temp`, { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', 'temp'];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' })) as (Packed & {
    readonly filename: string;
  })[];
  if (!packed) throw new Error('npm pack made nothing');
  return { ...packed, tarball: `${root}temp/${packed.filename}` };
}
