import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import * as prettier from 'prettier';
import { emitApi, emitData, fileName } from './emit-api.js';
import { emitDocs } from './emit-docs.js';
import { emitApis, emitBackendMethods, emitCodecs, emitMessages } from './emit-indexes.js';
import type { Api, Data } from './model.js';
import { parseDefinitions } from './parse.js';

/** How the generator is called. */
export interface GenerateOptions {
  /** Change nothing, and fail where something would change. */
  readonly check: boolean;
  /** Takes a line for each file that is stale or written, and one for the whole. */
  readonly say: (line: string) => void;
}

/** Writes what the definitions under a `src` folder say into it, and the reference beside it; returns the exit code. */
export async function generate(source: string, { check, say }: GenerateOptions): Promise<number> {
  const messages = join(source, 'protocol/messages');
  const { apis, data } = await readDefinitions(join(source, 'protocol/definitions'));
  const files = new Map<string, string>([
    [join(source, 'contract/backend-methods.ts'), emitBackendMethods(apis)],
    [join(source, 'protocol/apis.ts'), emitApis(apis)],
    [join(source, 'protocol/codecs.ts'), emitCodecs(apis)],
    [join(messages, 'index.ts'), emitMessages(apis, [...data.keys()])],
    [join(source, '../docs/reference/protocol.md'), emitDocs(apis, [...data.values()].flat())],
  ]);
  for (const api of apis) if (api.request !== null) files.set(join(messages, `${fileName(api)}.ts`), emitApi(api));
  for (const [name, all] of data) files.set(join(messages, `${name}.ts`), emitData(name, all));

  const stale: string[] = [];
  for (const [path, code] of files) {
    const options = await prettier.resolveConfig(path);
    const formatted = await prettier.format(code, { ...options, filepath: path });
    const current = await readFile(path, 'utf8').catch(() => null);
    if (current === formatted) continue;
    stale.push(path);
    if (check) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, formatted);
  }
  for (const name of await readdir(messages)) {
    const path = join(messages, name);
    if (files.has(path)) continue;
    stale.push(path);
    if (!check) await rm(path);
  }

  for (const path of stale) say(`${check ? 'stale' : 'written'}: ${relative(source, path)}`);
  if (stale.length === 0) {
    say(`generated code is up to date: ${String(files.size)} files from ${String(apis.length)} APIs`);
  } else if (check) {
    say('run: npm run generate');
    return 1;
  }
  return 0;
}

interface Definitions {
  readonly apis: readonly Api[];
  /** Messages that are no APIs, by the name of their file without extension. */
  readonly data: ReadonlyMap<string, readonly Data[]>;
}

async function readDefinitions(folder: string): Promise<Definitions> {
  const apis: Api[] = [];
  const data = new Map<string, readonly Data[]>();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.api')).sort()) {
    const parsed = parseDefinitions(await readFile(join(folder, file), 'utf8'), file);
    const misnamed = parsed.apis.find((api) => api.request !== null && `${fileName(api)}.api` !== file);
    if (misnamed) throw new Error(`${file}: ${misnamed.name} belongs into ${fileName(misnamed)}.api`);
    apis.push(...parsed.apis);
    if (parsed.data.length > 0) data.set(basename(file, '.api'), parsed.data);
  }
  return { apis: apis.sort((a, b) => a.key - b.key), data };
}
