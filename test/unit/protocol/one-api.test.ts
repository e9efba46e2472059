import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../../src/protocol/messages/', import.meta.url);
const files = readdirSync(folder).filter((name) => name !== 'index.ts');

test('importing one API loads no other: its file imports nothing but what all share', () => {
  expect(files.length).toBeGreaterThanOrEqual(79);
  for (const file of files) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const loaded = [...text.matchAll(/^import (?!type )[^;]*? from '([^']+)';/gm)].map(([, from]) => from);
    for (const from of loaded) {
      expect(['../elements.js', '../strings.js', '../support.js'], file).toContain(from);
    }
  }
});
