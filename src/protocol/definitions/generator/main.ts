import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { emitApi, emitData, fileName } from './emit-api.js';
import { emitApis, emitBackendMethods, emitCodecs, emitMessages } from './emit-indexes.js';
import type { Api } from './model.js';
import { parseDefinitions } from './parse.js';

// npm run generate           writes what the definitions say
// npm run generate -- --check  changes nothing, and fails when something would change

const source = fileURLToPath(new URL('../../../', import.meta.url));
const definitions = join(source, 'protocol/definitions');
const messages = join(source, 'protocol/messages');

const apis: Api[] = [];
/** Files of messages that are no APIs, by name without extension. */
const data = new Map<string, string>();
for (const file of (await readdir(definitions)).filter((name) => name.endsWith('.api')).sort()) {
  const parsed = parseDefinitions(await readFile(join(definitions, file), 'utf8'), file);
  const misnamed = parsed.apis.find((api) => api.request !== null && `${fileName(api)}.api` !== file);
  if (misnamed) throw new Error(`${file}: ${misnamed.name} belongs into ${fileName(misnamed)}.api`);
  apis.push(...parsed.apis);
  const name = basename(file, '.api');
  if (parsed.data.length > 0) data.set(name, emitData(name, parsed.data));
}
apis.sort((a, b) => a.key - b.key);

const files = new Map<string, string>([
  [join(source, 'backend-methods.ts'), emitBackendMethods(apis)],
  [join(source, 'protocol/apis.ts'), emitApis(apis)],
  [join(source, 'protocol/codecs.ts'), emitCodecs(apis)],
  [join(messages, 'index.ts'), emitMessages(apis, [...data.keys()])],
]);
for (const api of apis) if (api.request !== null) files.set(join(messages, `${fileName(api)}.ts`), emitApi(api));
for (const [name, code] of data) files.set(join(messages, `${name}.ts`), code);

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, code] of files) {
  const options = await prettier.resolveConfig(path);
  const formatted = await prettier.format(code, { ...options, parser: 'typescript' });
  const current = await readFile(path, 'utf8').catch(() => null);
  if (current === formatted) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, formatted);
}
for (const name of await readdir(messages)) {
  if (files.has(join(messages, name))) continue;
  stale.push(join(messages, name));
  if (!check) await rm(join(messages, name));
}

const count = `${String(files.size)} files from ${String(apis.length)} APIs`;
if (stale.length === 0) console.log(`generated code is up to date: ${count}`);
else {
  for (const path of stale) console.log(`${check ? 'stale' : 'written'}: ${relative(source, path)}`);
  if (check) {
    console.error('run: npm run generate');
    process.exitCode = 1;
  }
}
