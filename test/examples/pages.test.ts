import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// Code on a page that is followed by what it prints runs as it stands, and prints that.

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

const PAGES = ['docs/guides/records.md'];
const CODE_AND_OUTPUT = /^```ts\n(.*?)^```\n\n```text\n(.*?)^```$/gms;

const pieces = PAGES.flatMap((page) =>
  Array.from(readFileSync(root + page, 'utf8').matchAll(CODE_AND_OUTPUT), ([, code = '', output = ''], index) => ({
    title: `${page}, piece ${index + 1}`,
    file: `${root}temp/${page.replaceAll(/\W/g, '-')}-${index + 1}.ts`,
    code,
    output,
  })),
);

test.each(pieces)('$title prints what the page says', async ({ file, code, output }) => {
  mkdirSync(`${root}temp`, { recursive: true });
  writeFileSync(file, code);
  const { stdout } = await run(process.execPath, ['--import', 'tsx', file], { cwd: root });
  expect(stdout).toBe(output);
});

test('no piece is left out', () => {
  for (const page of PAGES) {
    const blocks = readFileSync(root + page, 'utf8').match(/^```ts$/gm) ?? [];
    expect(blocks).toHaveLength(pieces.filter(({ title }) => title.startsWith(page)).length);
  }
});
