import { GatewayError } from 'iggy-gateway-kafka';
import { createMemoryBackend } from 'iggy-gateway-kafka/adapters/memory';
import { expect, test } from 'vitest';
import { deferMethods } from '../../../adapters/broker/deferred-methods.js';

type Call = (request: unknown, context: unknown) => unknown;

test('a method throws before the backend is open', () => {
  const metadata = createMemoryBackend().metadata as Call;
  expect(() => metadata({}, {})).toThrow(GatewayError);
  expect(() => metadata({}, {})).toThrow('backend memory: metadata() was called before open()');
});

test('a method passes request and context to its handler, and returns what that returns', () => {
  const deferred = deferMethods('test');
  deferred.resolve({ metadata: ((...given: unknown[]) => given) as never });
  expect((deferred.methods.metadata as Call)('request', 'context')).toEqual(['request', 'context']);
});

test('every method has a handler once the backend is open', async () => {
  const backend = createMemoryBackend();
  const { signal } = new AbortController();
  await backend.open({ signal, endpoint: null, advertised: null, reportStatus: () => undefined });
  const apis = Object.keys(deferMethods('test').methods) as (keyof typeof backend)[];
  for (const api of apis) {
    // No handler takes such a request.
    const call = async (): Promise<unknown> => (backend[api] as Call)(undefined, undefined);
    await expect(call(), api).rejects.toThrow(TypeError);
  }
  await backend.close({ signal });
});
