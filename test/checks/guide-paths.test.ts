import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from './entries.js';

// The guide that maps questions to files: each of its sections names paths below another folder. And the page with the
// modules, whose paths are from the repository's top.

const FOLDERS: Readonly<Record<string, string>> = {
  'In the broker kit': 'adapters/broker',
  'In the Iggy adapter': 'adapters/iggy',
};

const guide = readFileSync(path.join(root, 'docs/guides/how-a-request-travels.md'), 'utf8');
const sections = guide.split(/^## /m).map((section) => {
  const [title = ''] = section.split('\n', 1);
  const paths = [...section.matchAll(/`([\w./-]+\.ts)`/g)].map(([, found]) => found!);
  return { title, paths };
});

test.each(sections.flatMap(({ title, paths }) => paths.map((each) => [each, title] as const)))(
  'the guide names a file that exists: %s, under "%s"',
  (named, title) => {
    const folder = FOLDERS[title] ?? '';
    const rows = guide.split('\n').filter((line) => line.includes(`\`${named}\``));
    // A second file of one row may stand without the folder of the first.
    const besides = rows.flatMap((row) => [...row.matchAll(/`([\w./-]+)\/[\w-]+\.ts`/g)].map(([, found]) => found!));
    const candidates = ['', ...besides].map((beside) => path.join(root, folder, beside, named));
    expect(candidates.some((candidate) => existsSync(candidate))).toBe(true);
  },
);

const architecture = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');

test.each([...new Set(architecture.match(/(?<=`)[\w./-]+\.ts(?=`)/g))])('the architecture names %s', (named) => {
  expect(existsSync(path.join(root, named))).toBe(true);
});
