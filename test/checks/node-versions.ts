// Runs the unit and end-to-end tests on each major version of Node.js that is supported, without coverage. The version
// that runs this script is left out, for `npm test` has just run all tests on it. Node.js comes from the npm package
// `node`. A version that cannot be installed is a failure, except those that the registry may lack. Each version runs
// one half of the files, drawn at random and printed: `SHARD=1/2` runs that half again, `SHARD=1/1` all. Arguments
// replace the suites: `npm run test:node-versions -- test/unit/dispatch`.

import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './entries.js';

const REQUIRED = [20, 22, 24];
const OPTIONAL = [26];
const SUITES = ['test/unit/', 'test/e2e/'];

const suites = process.argv.length > 2 ? process.argv.slice(2) : SUITES;
const runningMajor = Number(process.versions.node.split('.')[0]);

/** The newest release of a major version; undefined if the registry has none. */
function newestOf(major: number): string | undefined {
  const found = execFileSync('npm', ['view', `node@${major}`, 'version', '--json'], { encoding: 'utf8' });
  if (found.trim() === '') return undefined;
  const versions = [JSON.parse(found) as string | string[]].flat();
  return versions.sort((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1);
}

const folder = mkdtempSync(path.join(tmpdir(), 'node-versions-'));
writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'node-versions', private: true }));

function install(version: string): string {
  const alias = `node-${version}`;
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `${alias}@npm:node@${version}`];
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  return path.join(folder, 'node_modules', alias, 'bin', 'node');
}

function runTests(node: string): boolean {
  const shard = process.env['SHARD'] ?? `${String(randomInt(1, 3))}/2`;
  console.log(`SHARD=${shard}`);
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'local', '--reporter', 'default'];
  args.push(`--shard=${shard}`, ...suites);
  return spawnSync(node, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

const outcomes: string[] = [];
for (const major of [...REQUIRED, ...OPTIONAL]) {
  if (major === runningMajor) {
    outcomes.push(`${process.versions.node} by npm test`);
    continue;
  }
  const version = newestOf(major);
  if (version === undefined) {
    outcomes.push(`${major} is not in the registry`);
    if (REQUIRED.includes(major)) process.exitCode = 1;
    continue;
  }
  const passed = runTests(install(version));
  outcomes.push(`${version} ${passed ? 'passed' : 'FAILED'}`);
  if (!passed) process.exitCode = 1;
}
rmSync(folder, { recursive: true });
console.log(`Node.js: ${outcomes.join(', ')}`);
