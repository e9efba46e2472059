import { readdirSync, readFileSync } from 'node:fs';
import * as protocol from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import type { Broker } from '../../../../adapters/broker/apis/handler.js';
import { createApis } from '../../../../adapters/broker/apis/index.js';
import { root } from '../../../checks/entries.js';

const folder = `${root}adapters/broker/apis/`;
const SHARED = [
  'admin-failure',
  'alter-resources',
  'authorized-operations',
  'caller',
  'describe-partition',
  'handler',
  'index',
];

/** `create-topics` for `createTopics`. */
function fileOf(api: string): string {
  return api.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const apis = Object.keys(createApis({} as Broker));

test('each API has a file of its own, named as Kafka names the API', () => {
  const files = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''));
  expect(files.sort()).toEqual([...apis.map(fileOf), ...SHARED].sort());
});

test.each(apis)('the file of %s opens with versions, what is supported and what is ignored', (api) => {
  const [versions, supported, ignored] = readFileSync(`${folder}${fileOf(api)}.ts`, 'utf8').split('\n');
  const { min, max } = (protocol as unknown as Record<string, { versions: protocol.VersionRange }>)[`${api}Api`]!
    .versions;
  const range = min === max ? `// Version ${String(min)}.` : `// Versions ${String(min)} to ${String(max)}.`;
  expect(versions!.startsWith(range)).toBe(true);
  expect(supported).toMatch(/^\/\/ Supported: .+\.$/);
  expect(ignored).toMatch(/^\/\/ Ignored: .+\.$/);
});
