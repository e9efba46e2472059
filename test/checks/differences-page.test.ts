import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { page, renderDifferences } from './differences-page.js';
import { root } from './entries.js';

test('the page of differences is what the list says', () => {
  expect(readFileSync(root + page, 'utf8')).toBe(renderDifferences());
});
