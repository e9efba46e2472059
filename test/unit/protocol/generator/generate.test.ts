import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { generate } from '../../../../src/protocol/definitions/generator/generate.js';

// The generator on a copy of the sources with a few definitions, within the repository: its formatting holds there.

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const kept = ['known-by-name.api', 'consumer-protocol.api', 'heartbeat.api', 'metadata.api'];
let copy: string;

interface Run {
  readonly code: number;
  readonly lines: readonly string[];
}

async function run({ check }: { readonly check: boolean }): Promise<Run> {
  const lines: string[] = [];
  return { code: await generate(join(copy, 'src'), { check, say: (line) => lines.push(line) }), lines };
}

beforeAll(async () => {
  await mkdir(join(root, 'temp'), { recursive: true });
  copy = await mkdtemp(join(root, 'temp/generator-'));
  for (const file of kept) {
    await cp(join(root, 'src/protocol/definitions', file), join(copy, 'src/protocol/definitions', file));
  }
  await cp(join(root, 'src/protocol/messages'), join(copy, 'src/protocol/messages'), { recursive: true });
  expect((await run({ check: false })).code).toBe(0);
});

afterAll(() => rm(copy, { recursive: true, force: true }));

describe('the generator', () => {
  it('writes a file for each definition, and takes away those of definitions that are gone', async () => {
    const written = ['consumer-protocol.ts', 'heartbeat.ts', 'index.ts', 'metadata.ts'];
    expect((await readdir(join(copy, 'src/protocol/messages'))).sort()).toEqual(written);
    expect(await run({ check: true })).toEqual({
      code: 0,
      lines: ['generated code is up to date: 8 files from 18 APIs'],
    });
  });

  it('names what is stale and changes nothing when it checks, and puts it right otherwise', async () => {
    const metadata = join(copy, 'src/protocol/messages/metadata.ts');
    const before = await readFile(metadata, 'utf8');
    await writeFile(metadata, before.replace('reader.int32()', 'reader.int16()'));
    await writeFile(join(copy, 'src/protocol/messages/gone.ts'), 'export {};\n');
    await rm(join(copy, 'src/contract/backend-methods.ts'));
    await rm(join(copy, 'docs/reference/protocol.md'));
    const stale = [
      'contract/backend-methods.ts',
      '../docs/reference/protocol.md',
      'protocol/messages/metadata.ts',
      'protocol/messages/gone.ts',
    ];

    const checked = await run({ check: true });
    expect(checked).toEqual({ code: 1, lines: [...stale.map((path) => `stale: ${path}`), 'run: npm run generate'] });
    expect(await readFile(metadata, 'utf8')).not.toBe(before);
    expect(await readdir(join(copy, 'src/protocol/messages'))).toContain('gone.ts');

    expect(await run({ check: false })).toEqual({ code: 0, lines: stale.map((path) => `written: ${path}`) });
    expect(await readFile(metadata, 'utf8')).toBe(before);
    expect(await readdir(join(copy, 'src/protocol/messages'))).not.toContain('gone.ts');
    expect((await run({ check: true })).code).toBe(0);
  });

  it('refuses an API in a file of another name', async () => {
    const file = join(copy, 'src/protocol/definitions/misnamed.api');
    await writeFile(file, 'api 90 Other 0\n\nrequest\n\nresponse\n  errorCode int16\n');
    await expect(run({ check: true })).rejects.toThrow('misnamed.api: Other belongs into other.api');
    await rm(file);
  });
});

describe('npm run generate:check', () => {
  const { argv, exitCode } = process;
  afterEach(() => {
    vi.restoreAllMocks();
    process.argv = argv;
    process.exitCode = exitCode;
  });

  it('finds nothing to change in what is committed', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    process.argv = [process.execPath, 'main.ts', '--check'];
    await import('../../../../src/protocol/definitions/generator/main.js');
    expect(log.mock.calls).toEqual([
      [expect.stringMatching(/^generated code is up to date: \d+ files from \d+ APIs$/)],
    ]);
    expect(process.exitCode).toBe(0);
  });
});
