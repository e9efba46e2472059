// Installs the packed package where nothing else of this repository is, as a user would, and there: compiles against
// every entry point with the TypeScript versions that users have, loads every one with import and with require() on the
// lowest versions of Node.js that package.json names, and runs the command.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { entries, isPattern, manifest, root } from './entries.js';
import { pack } from './pack.js';

const COMPILERS = ['5.9', '6.0', '7.0'];
const RESOLUTIONS = { nodenext: 'nodenext', bundler: 'esnext', node10: 'esnext' };
/** TypeScript 7 has no node10 any more, and 6 asks to be told that this is known. */
const NODE10 = new Map([
  ['5.9', {}],
  ['6.0', { ignoreDeprecations: '6.0' }],
]);
const RUNTIMES = manifest.engines.node.match(/\d+\.\d+\.\d+/g) ?? [];

const folder = mkdtempSync(path.join(tmpdir(), 'consumers-'));
const run = (command: string, ...args: string[]): void => {
  console.log(`$ ${[command, ...args].join(' ')}`);
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
};
const write = (file: string, text: string): void => {
  writeFileSync(path.join(folder, file), text);
};

// A pattern stands for every file there is.
const specifiers = entries.flatMap((entry) => {
  if (!isPattern(entry)) return entry.specifier;
  const files = readdirSync(root + path.dirname(entry.types)).filter((file) => file.endsWith('.d.ts'));
  return files.map((file) => entry.specifier.replace('*', file.slice(0, -'.d.ts'.length)));
});

write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
run(
  'npm',
  ...['install', '--no-audit', '--no-fund', '--loglevel=error', pack().tarball, '@types/node@20'],
  ...COMPILERS.map((version) => `typescript-${version}@npm:typescript@~${version}.0`),
  ...RUNTIMES.map((version) => `node-${version}@npm:node@${version}`),
);

copyFileSync(`${root}test/checks/consumer.ts`, path.join(folder, 'program.ts'));
write('entries.ts', specifiers.map((specifier, at) => `export * as entry${at} from '${specifier}';\n`).join(''));
for (const version of COMPILERS) {
  for (const [moduleResolution, module] of Object.entries(RESOLUTIONS)) {
    const extra = moduleResolution === 'node10' ? NODE10.get(version) : {};
    if (extra === undefined) continue;
    // Every declaration is checked, and the library is no newer than it must be. `types` is left out: TypeScript 6 and
    // 7 then load none, and the package's own declarations have to say that they need Node's.
    const library = { target: 'es2022', lib: ['es2022'] };
    const compilerOptions = { ...library, module, moduleResolution, strict: true, noEmit: true, ...extra };
    write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['program.ts', 'entries.ts'] }));
    console.log(`TypeScript ${version}, ${moduleResolution}`);
    run('node', `node_modules/typescript-${version}/bin/tsc`, '-p', '.');
  }
}

const list = JSON.stringify(specifiers);
write(
  'import.mjs',
  `for (const entry of ${list}) if (Object.keys(await import(entry)).length === 0) throw new Error(entry);`,
);
write(
  'require.cjs',
  `for (const entry of ${list}) if (Object.keys(require(entry)).length === 0) throw new Error(entry);`,
);
for (const node of ['node', ...RUNTIMES.map((version) => `node_modules/node-${version}/bin/node`)]) {
  run(node, 'import.mjs');
  run(node, 'require.cjs');
}
for (const name of Object.keys(manifest.bin)) run(`node_modules/.bin/${name}`, '--help');

console.log(
  `${specifiers.length} entry points, ${COMPILERS.length} compilers, Node.js ${[process.version, ...RUNTIMES].join(', ')}: all well`,
);
rmSync(folder, { recursive: true });
