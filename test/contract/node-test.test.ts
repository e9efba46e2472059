import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { contractCases, startBroker } from 'iggy-gateway-kafka/testing';
import { expect, test } from 'vitest';
import { root } from '../checks/entries.js';

test('the contract runs under node:test as under vitest', { timeout: 60_000 }, async () => {
  const args = ['--import', 'tsx', '--test', '--test-reporter', 'tap', 'test/contract/node-test.ts'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 1 << 24 });
  const cases = contractCases({ start: () => startBroker(), capabilities: { transactions: false } });
  expect(stdout).toContain(`# pass ${cases.length}\n`);
  expect(stdout).toContain('# fail 0\n');
});
