import type { Backend } from 'iggy-gateway-kafka';
import { expect, test } from 'vitest';
import { readIdentity } from '../../../src/dispatch/identity.js';

function read(identity: unknown): unknown {
  try {
    return readIdentity({ name: 'b', identity: () => identity } as Backend);
  } catch (thrown) {
    return thrown;
  }
}

test('a backend without an identity has none, and so has one that returns null', () => {
  expect(readIdentity({ name: 'b' })).toBeNull();
  expect(read(null)).toBeNull();
  expect(read(undefined)).toBeNull();
});

test('an identity is read once, by its fields', () => {
  expect(read({ clusterId: 'c', nodeId: 0, more: true })).toEqual({ clusterId: 'c', nodeId: 0 });
  expect(read({ clusterId: 'c', nodeId: 2147483647 })).toEqual({ clusterId: 'c', nodeId: 2147483647 });
});

test('it is called on the backend itself', () => {
  class Mine implements Backend {
    readonly name = 'mine';
    readonly #nodeId = 3;
    identity() {
      return { clusterId: 'c', nodeId: this.#nodeId };
    }
  }
  expect(readIdentity(new Mine())).toEqual({ clusterId: 'c', nodeId: 3 });
});

test.each<[unknown, string, unknown]>([
  ['c', '', 'c'],
  [{ nodeId: 1 }, '.clusterId', undefined],
  [{ clusterId: '', nodeId: 1 }, '.clusterId', ''],
  [Promise.resolve({ clusterId: 'c', nodeId: 1 }), '.clusterId', undefined],
  [{ clusterId: 'c' }, '.nodeId', undefined],
  [{ clusterId: 'c', nodeId: '1' }, '.nodeId', '1'],
  [{ clusterId: 'c', nodeId: 1.5 }, '.nodeId', 1.5],
  [{ clusterId: 'c', nodeId: -1 }, '.nodeId', -1],
  [{ clusterId: 'c', nodeId: 2147483648 }, '.nodeId', 2147483648],
])('%o is refused', (identity, field, value) => {
  const error = read(identity);
  expect(error).toMatchObject({ name: 'OptionError', option: `backend.identity()${field}`, value });
  expect((error as Error).message).toContain('expected');
});
