import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from './entries.js';

// Links between the pages of this repository, and the lists of pages. Links to other sites are not followed.

const CODE = /^```.*?^```|`[^`\n]*`/gms;
const LINK = /\]\(([^)\s]+)\)/g;
const OTHER_SITE = /^[a-z]+:/;

const pages = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
})
  .toString()
  .split('\0')
  .filter((page) => page !== '' && !page.startsWith('api-report/') && existsSync(root + page));

function readPage(page: string): string {
  return readFileSync(root + page, 'utf8');
}

/** Paths from the repository's top and anchors that a page links to. */
function linksOf(page: string): { readonly file: string; readonly anchor: string }[] {
  return Array.from(readPage(page).replace(CODE, '').matchAll(LINK), ([, link = '']) => link)
    .filter((link) => !OTHER_SITE.test(link))
    .map((link) => {
      const [file = '', anchor = ''] = link.split('#');
      return { file: file === '' ? page : path.posix.join(path.posix.dirname(page), file), anchor };
    });
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  const headings = readPage(page)
    .replace(/^```.*?^```/gms, '')
    .matchAll(/^#{1,6} (.+)$/gm);
  const counts = new Map<string, number>();
  return Array.from(headings, ([, heading = '']) => {
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const repetitions = counts.get(anchor) ?? 0;
    counts.set(anchor, repetitions + 1);
    return repetitions === 0 ? anchor : `${anchor}-${String(repetitions)}`;
  });
}

test.each(pages)('the links of %s lead somewhere', (page) => {
  const dead = linksOf(page).filter(({ file, anchor }) => {
    if (!existsSync(root + file)) return true;
    return anchor !== '' && !anchorsOf(file).includes(anchor);
  });
  expect(dead).toEqual([]);
});

test('docs/README.md lists every page of docs/ once, except decisions, which have a list of their own', () => {
  const listed = [...linksOf('docs/README.md'), ...linksOf('docs/decisions/README.md')].map(({ file }) => file);
  const expected = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(listed.filter((file) => file.startsWith('docs/')).sort()).toEqual(expected.sort());
});

test('links and headings are read as GitHub reads them', () => {
  expect(anchorsOf('docs/guides/iggy.md')).toContain('moving-from-iggys-own-kafka-gateway');
  expect(anchorsOf('docs/guides/operating.md')).toContain('limits-and-what-they-protect');
  expect(anchorsOf('docs/guides/operating.md')).not.toContain('limits');
  expect(linksOf('docs/guides/operating.md')).toContainEqual({ file: 'docs/guides/iggy.md', anchor: 'clusters' });
});
