import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { root } from './entries.js';

// Written so that these lines do not find themselves.
const PLACES = {
  'a path of one machine': /(?<![\w.-])\/(work|root|tmp\/bash_jobs[\w.]*)\//,
  'a registry host': new RegExp(
    [
      /registry\.(npmjs\.org|yarnpkg\.com)/,
      /repo1?\.maven(\.apache)?\.org/,
      /(deb|security)\.debian\.org/,
      /(files\.pythonhosted|pypi)\.org/,
      /(static|index)\.crates\.io/,
      /proxy\.golang\.org/,
    ]
      .map(({ source }) => `\\b${source}\\b`)
      .join('|'),
  ),
};

/** Every file that is or will be committed, without what .gitignore names. */
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\0')
  .filter((file) => file !== '' && existsSync(root + file));

test.each(Object.entries(PLACES))('no file names %s', (_, place) => {
  const found = files.flatMap((file) =>
    readFileSync(root + file, 'latin1')
      .split('\n')
      .flatMap((line, index) => (place.test(line) ? `${file}:${index + 1}: ${line.slice(0, 120)}` : [])),
  );
  expect(found).toEqual([]);
});

test('the lock file leaves it to the installation where packages come from', () => {
  expect(readFileSync(`${root}package-lock.json`, 'utf8')).not.toContain('"resolved":');
});

test('what these checks look for, they find', () => {
  const [path, host] = Object.values(PLACES) as [RegExp, RegExp];
  for (const parts of [
    ['cd ', 'work', 'main'],
    ['"', 'root', '.npmrc'],
    ['', 'tmp', 'bash_jobs.0', '1'],
    ['file://', 'work', 'x'],
  ])
    expect(parts.join('/')).toMatch(path);
  expect('https://example.org/work/ net/work/x ./root/x').not.toMatch(path);
  for (const parts of [
    ['registry', 'npmjs'],
    ['repo1', 'maven'],
    ['deb', 'debian'],
    ['files', 'pythonhosted'],
  ])
    expect(`https://${parts.join('.')}.org/x`).toMatch(host);
  expect('https://www.npmjs.com/package/x').not.toMatch(host);
});
