// Writes dist/fixtures/golden/, the part of fixtures/golden/ that the command `messages` reads: requests, without the
// values that only tests compare. All of fixtures/golden/ would be a quarter of the package.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { GoldenFile } from '../../src/cli/messages/golden.js';
import { root } from './entries.js';

const source = `${root}fixtures/golden/`;
const target = `${root}dist/fixtures/golden/`;

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const name of readdirSync(source)) {
  const { api, apiKey, messages } = JSON.parse(readFileSync(source + name, 'utf8')) as GoldenFile;
  if (apiKey === null) continue;
  const requests = messages
    .filter(({ message }) => message === `${api}Request`)
    .map(({ value: { acks }, hex, ...rest }) => JSON.stringify({ ...rest, value: { acks }, hex }));
  writeFileSync(
    target + name,
    `{"api":"${api}","apiKey":${String(apiKey)},"messages":[\n${requests.join(',\n')}\n]}\n`,
  );
}
