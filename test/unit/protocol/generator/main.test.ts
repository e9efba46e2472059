import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// The generator as `npm run generate` runs it, on a copy of the sources with a few definitions: for all of them, and for
// what is committed, `npm run generate:check` does it.

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const kept = ['known-by-name.api', 'consumer-protocol.api', 'heartbeat.api', 'metadata.api'];
let copy: string;

beforeAll(async () => {
  await mkdir(join(root, 'temp'), { recursive: true });
  copy = await mkdtemp(join(root, 'temp/generator-'));
  await cp(join(root, 'src/protocol'), join(copy, 'src/protocol'), { recursive: true });
  const definitions = join(copy, 'src/protocol/definitions');
  for (const file of await readdir(definitions)) {
    if (file.endsWith('.api') && !kept.includes(file)) await rm(join(definitions, file));
  }
  expect((await generate()).code).toBe(0);
});

afterAll(() => rm(copy, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly output: string;
}

function generate(...args: string[]): Promise<Run> {
  const main = join(copy, 'src/protocol/definitions/generator/main.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', main, ...args], { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

describe('npm run generate', () => {
  it('writes a file for each definition, and takes away those of definitions that are gone', async () => {
    const written = ['consumer-protocol.ts', 'heartbeat.ts', 'index.ts', 'metadata.ts'];
    expect((await readdir(join(copy, 'src/protocol/messages'))).sort()).toEqual(written);
    const { code, output } = await generate('--check');
    expect(output).toBe('generated code is up to date: 8 files from 18 APIs\n');
    expect(code).toBe(0);
  });

  it('names what is stale and changes nothing with --check, and puts it right without', async () => {
    const metadata = join(copy, 'src/protocol/messages/metadata.ts');
    const before = await readFile(metadata, 'utf8');
    await writeFile(metadata, before.replace('reader.int32()', 'reader.int16()'));
    await writeFile(join(copy, 'src/protocol/messages/gone.ts'), 'export {};\n');
    await rm(join(copy, 'src/backend-methods.ts'));
    await rm(join(copy, 'docs/reference/protocol.md'));

    const checked = await generate('--check');
    expect(checked.code).toBe(1);
    const stale = [
      'backend-methods.ts',
      'protocol/messages/gone.ts',
      'protocol/messages/metadata.ts',
      '../docs/reference/protocol.md',
    ];
    for (const path of stale) expect(checked.output).toContain(`stale: ${path}\n`);
    expect(checked.output).toContain('run: npm run generate\n');
    expect(await readFile(metadata, 'utf8')).not.toBe(before);
    expect(await readdir(join(copy, 'src/protocol/messages'))).toContain('gone.ts');

    const written = await generate();
    expect(written.code).toBe(0);
    for (const path of stale) expect(written.output).toContain(`written: ${path}\n`);
    expect(await readFile(metadata, 'utf8')).toBe(before);
    expect(await readdir(join(copy, 'src/protocol/messages'))).not.toContain('gone.ts');
    expect((await generate('--check')).code).toBe(0);
  });

  it('refuses an API in a file of another name', async () => {
    const file = join(copy, 'src/protocol/definitions/misnamed.api');
    await writeFile(file, 'api 90 Other 0\n\nrequest\n\nresponse\n  errorCode int16\n');
    const { code, output } = await generate('--check');
    expect(code).toBe(1);
    expect(output).toContain('misnamed.api: Other belongs into other.api');
    await rm(file);
  });
});
