import { defineConfig } from 'vitest/config';
import interop from './vitest.config.js';

// The scenarios of the clients with a real Iggy server behind the gateway: `npm run test:iggy:clients`.
export default defineConfig({
  ...interop,
  test: {
    ...interop.test,
    include: ['test/interop/matrix/*.test.ts'],
    exclude: ['test/interop/matrix/tools-commands.test.ts'],
    globalSetup: [new URL('../iggy/support/requirements.ts', import.meta.url).pathname],
    env: { INTEROP_STORE: 'iggy' },
    reporters: [
      'default',
      'json',
      ...['summary', 'iggy'].map((name) => new URL(`${name}-reporter.ts`, import.meta.url).pathname),
    ],
    outputFile: { json: 'temp/interop-iggy.json' },
  },
});
