import { expect, test } from 'vitest';
import { runWith, SERVED } from '../support/iggy-sdk/any-backend.js';

// With a real server and SDK: test/iggy/service.test.ts.
const standIn = new URL('../support/iggy-sdk/stand-in.ts', import.meta.url).href;

test.each(['memory', 'iggy'] as const)(
  'any-backend: %s serves the program by a change of one line',
  async (backend) => {
    expect(await runWith(backend, standIn)).toEqual([`backend: ${backend}`, ...SERVED]);
  },
);

test('any-backend: so does the stub, which says that it stored nothing', async () => {
  const [first, second, ...more] = await runWith('stub', standIn);
  expect([first, more]).toEqual(['backend: stub (retriable)', []]);
  expect(second).toMatch(/^refused: .*This server does not host this topic-partition$/);
});
