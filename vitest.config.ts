import { defineConfig } from 'vitest/config';
import { entries, root } from './test/checks/entries.js';

// The package's own name means its sources, or a class would exist twice and `instanceof` would fail.
const alias = entries.map(({ specifier, source }) => ({
  find: new RegExp(`^${specifier.replace('*', '(.+)')}$`),
  replacement: root + source.replace('*', '$1'),
}));

/** More than half of the time of all unit tests: they wait, try very many cases, or compile. */
const SLOW_UNIT_TESTS = [
  'appends',
  'captures',
  'compression',
  'frame-reader-splits',
  'golden-cut',
  'iggy-shard',
  'iggy-store',
  'libraries',
  'output',
  'outbox',
  'producers',
  'producers-lost-tail',
  'round-trip',
  'shard-owners',
  'shard-takeover',
  'stand-in',
  'state-conversion',
  'two-gateways',
  'version-rules',
]
  .map((name) => `test/unit/**/${name}.test.ts`)
  .concat('test/unit/protocol/generator/**');

export default defineConfig({
  resolve: { alias },
  test: {
    pool: 'forks',
    // Tests that hold memory bounds collect garbage first.
    execArgv: ['--expose-gc'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'temp/local.json' }, // .ci/run counts from it
    // Real clients have test/interop/vitest.config.ts: they are not on every machine.
    projects: [
      {
        extends: true,
        test: {
          name: 'local',
          include: ['test/{unit,contract,e2e,fuzz,checks,examples}/**/*.test.ts'],
        },
      },
      // `npm run test:fast`: an answer within a minute, from the unit tests that take little time and some end-to-end tests.
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/unit/**/*.test.ts', 'test/e2e/{testing-broker,kafkajs,errors,broker-produce}.test.ts'],
          // Those of the Iggy adapter and of the generator take as long as all others together.
          exclude: [
            ...SLOW_UNIT_TESTS,
            'test/unit/iggy/**',
            'test/unit/protocol/generator/**',
            '**/version-rules.test.ts',
          ],
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'adapters/**/*.ts'],
      // Generated from definitions that golden bytes hold.
      exclude: ['src/protocol/messages/**'],
      reporter: [['text', { skipFull: true }], 'html'],
      thresholds: {
        'src/**': { lines: 100, functions: 100, statements: 99.9, branches: 99.5 },
        'adapters/stub/**': { lines: 100, functions: 100, statements: 100 },
        'adapters/broker/**': { lines: 100, functions: 100, statements: 98 },
        'adapters/memory/**': { lines: 100, functions: 100, statements: 99 },
        // Some functions are there for what may fail unheard.
        'adapters/iggy/**': { lines: 100, functions: 98, statements: 98 },
        // Some lines of its contract are for brokers that break it.
        'adapters/testing/**': { lines: 99, functions: 98 },
      },
    },
  },
});
