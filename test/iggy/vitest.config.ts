import { defineConfig } from 'vitest/config';
import root from '../../vitest.config.js';

// The Iggy adapter against a real server and SDK: `npm run test:iggy`.
export default defineConfig({
  resolve: { ...root.resolve },
  test: {
    include: ['test/iggy/**/*.test.ts'],
    globalSetup: [new URL('support/requirements.ts', import.meta.url).pathname],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'temp/iggy.json' },
  },
});
