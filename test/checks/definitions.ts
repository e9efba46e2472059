import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareDefinitions } from './compare-definitions.js';
import { type OfficialMessage, parseOfficial } from './official-definitions.js';

// Compares our definitions with the official ones in the kafka-clients jar, and prints every difference:
//
//   npm run definitions:check                        the jar that test/interop/install.sh has put into .jars/
//   npm run definitions:check -- --jar FILE          another one, such as that of a new release

const jars = fileURLToPath(new URL('../interop/.jars/', import.meta.url));
const option = process.argv.indexOf('--jar');
const jar = option < 0 ? installed() : resolve(process.argv[option + 1] ?? '');

function installed(): string {
  const name = readdirSync(jars).find((file) => /^kafka-clients-.*\.jar$/.test(file));
  if (name === undefined) throw new Error('no kafka-clients in test/interop/.jars: run test/interop/install.sh');
  return join(jars, name);
}

function readOfficial(): OfficialMessage[] {
  const folder = mkdtempSync(join(tmpdir(), 'definitions-'));
  try {
    execFileSync('jar', ['xf', jar, 'common/message'], { cwd: folder });
    const messages = join(folder, 'common/message');
    const files = readdirSync(messages).filter((file) => file.endsWith('.json'));
    return files.map((file) => parseOfficial(readFileSync(join(messages, file), 'utf8')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const official = readOfficial();
const differences = compareDefinitions(official);
for (const difference of differences) console.log(difference);
console.log(
  `${String(differences.length)} differences from the ${String(official.length)} definitions in ${jar.split('/').at(-1)!}`,
);
if (differences.length > 0) process.exitCode = 1;
