// Checks what would be published, as built: what is in the package and its size, what its declarations need, publint,
// and arethetypeswrong.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { entries, isPattern, manifest, root } from './entries.js';
import { pack } from './pack.js';

const MAX_PACKED_BYTES = 700_000;

const { tarball, files, size, unpackedSize } = pack();
const shipped = new Set(files.map((file) => file.path));
const problems: string[] = [];

const EXPECTED =
  /^(dist\/(src|adapters)\/.+\.(js|d\.ts)|dist\/fixtures\/golden\/.+\.json|docs\/(?!api\/).+\.md|examples\/.+\.(ts|md)|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/;
const UNWANTED = /\.(test|bench)\.|^dist\/src\/protocol\/definitions\//;
for (const file of shipped) {
  if (!EXPECTED.test(file) || UNWANTED.test(file)) problems.push(`${file} does not belong into the package`);
  const source = /^dist\/(.*?)(\.d\.ts|\.js)$/.exec(file)?.[1];
  if (source && !existsSync(`${root}${source}.ts`)) problems.push(`${file} is left over from an earlier build`);
}

const executables = Object.values(manifest.bin).map((file) => path.posix.normalize(file));
const typed = entries.filter((entry) => !isPattern(entry)).map(({ types }) => types);
for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE', ...executables, ...typed]) {
  if (!shipped.has(file)) problems.push(`${file} is missing from the package`);
  else if (executables.includes(file) && !readFileSync(root + file, 'utf8').startsWith('#!/usr/bin/env node\n'))
    problems.push(`${file} does not begin with #!/usr/bin/env node`);
}

// Public declarations name no one else's types: from the entry points on, they import each other and Node's only.
const declarations = entries.flatMap(({ types }) => {
  const pattern = new RegExp(`^${types.replace('*', '.+')}$`);
  return [...shipped].filter((file) => pattern.test(file));
});
for (const file of declarations) {
  // What doc comments show is not imported.
  const text = readFileSync(root + file, 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
  for (const [, imported = ''] of text.matchAll(/(?:from |import\(|import )['"]([^'"]+)['"]/g)) {
    if (imported.startsWith('node:')) continue;
    const declaration = path.posix.join(path.posix.dirname(file), imported).replace(/\.js$/, '.d.ts');
    if (!imported.startsWith('.')) problems.push(`${file} needs the types of '${imported}'`);
    else if (!shipped.has(declaration)) problems.push(`${file} imports ${declaration}, which is missing`);
    else if (!declarations.includes(declaration)) declarations.push(declaration);
  }
}

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} KB`;
console.log(
  `${shipped.size} files, ${kilobytes(size)} packed (at most ${kilobytes(MAX_PACKED_BYTES)}), ` +
    `${kilobytes(unpackedSize)} unpacked; ${declarations.length} public declarations`,
);
if (size > MAX_PACKED_BYTES)
  problems.push(`the package has ${size} bytes packed; expected at most ${MAX_PACKED_BYTES}`);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}

// Both leave patterns out: test:consumers compiles and loads each message of './protocol/messages/*'.
for (const [tool = '', ...args] of [
  ['publint', 'run', tarball, '--strict'],
  // Strict, node10 among the rest; require() of the package loads ES modules, as "engines" says.
  ['attw', tarball, '--ignore-rules', 'cjs-resolves-to-esm', '--format', 'ascii'],
]) {
  const { status, stdout, stderr } = spawnSync(`${root}node_modules/.bin/${tool}`, args, { encoding: 'utf8' });
  console.log(`${tool}: ${status === 0 ? 'all good' : `FAILED\n${stdout}${stderr}`}`);
  if (status !== 0) process.exitCode = 1;
}
