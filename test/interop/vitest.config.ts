import { defineConfig } from 'vitest/config';
import root from '../../vitest.config.js';

const reporter = (name: string): string => new URL(`${name}-reporter.ts`, import.meta.url).pathname;

// Real clients against the gateway: `vitest run --config test/interop/vitest.config.ts`, after install.sh.
export default defineConfig({
  resolve: { ...root.resolve },
  test: {
    include: ['test/interop/**/*.test.ts'],
    pool: 'forks',
    // Two: the test that waits for a minute beside the clients, which come one after another on most machines.
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json', ...['summary', 'compatibility'].map(reporter)],
    outputFile: { json: 'temp/interop.json' },
  },
});
