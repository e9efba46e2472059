import { expect, test } from 'vitest';
import { isPromise } from '../../src/awaitable.js';

test.each<[value: unknown, expected: boolean]>([
  [{ then: () => undefined }, true],
  [Promise.resolve(), true],
  [{ then: 5 }, false],
  [{}, false],
  [null, false],
  [undefined, false],
  ['then', false],
])('recognises a promise by its method then: %j %s', (value, expected) => {
  expect(isPromise(value)).toBe(expected);
});
