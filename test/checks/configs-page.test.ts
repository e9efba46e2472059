import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { page, renderConfigs } from './configs-page.js';
import { root } from './entries.js';

test('the page of configs is what the tables say', () => {
  expect(readFileSync(root + page, 'utf8')).toBe(renderConfigs());
});
