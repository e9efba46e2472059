import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareDefinitions } from './compare-definitions.js';
import { type OfficialMessage, parseOfficial } from './official-definitions.js';
import { printApi, printData } from './print-definition.js';

// Compares our definitions with the official ones in the kafka-clients jar, and prints every difference:
//
//   npm run definitions:check                                   the jar that test/interop/install.sh has put into .jars/
//   npm run definitions:check -- --jar FILE                     another one, such as that of a new release
//   npm run definitions:check -- --jar FILE --show StreamsPing  the definition of an API or message, in our language

const jars = fileURLToPath(new URL('../interop/.jars/', import.meta.url));
const { values: options } = parseArgs({ options: { jar: { type: 'string' }, show: { type: 'string' } } });
const jar = options.jar === undefined ? installed() : resolve(options.jar);

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

function show(official: readonly OfficialMessage[], name: string): void {
  const named = new Map(official.map((message) => [message.name, message]));
  const request = named.get(`${name}Request`);
  const response = named.get(`${name}Response`);
  const message = named.get(name);
  if (request !== undefined && response !== undefined) console.log(printApi(request, response));
  else if (message !== undefined) console.log(printData(message));
  else throw new Error(`${jar} has no ${name}`);
}

function compare(official: readonly OfficialMessage[]): void {
  const differences = compareDefinitions(official);
  for (const difference of differences) console.log(difference);
  console.log(`${differences.length} differences from the ${official.length} definitions in ${basename(jar)}`);
  if (differences.length > 0) process.exitCode = 1;
}

const official = readOfficial();
if (options.show === undefined) compare(official);
else show(official, options.show);
