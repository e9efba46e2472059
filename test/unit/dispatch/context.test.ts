// AbortController is watched, not replaced: that none is made cannot be seen otherwise.
import { RequestAborted } from 'iggy-gateway-kafka';
import { describe, expect, test } from 'vitest';
import { Context } from '../../../src/dispatch/context.js';

const connection = {
  id: 'connection-1',
  remoteAddress: '127.0.0.1',
  remotePort: 1234,
  principal: { type: 'User', name: 'ANONYMOUS' },
  advertised: { host: 'broker', port: 9093 },
};

function make(): Context {
  return new Context('fetch', 12, 7, 'me', connection, { some: 'state' });
}

/** How many AbortControllers a function makes. */
function controllersMade(run: () => void): number {
  const original = globalThis.AbortController;
  let made = 0;
  globalThis.AbortController = class extends original {
    constructor() {
      super();
      made++;
    }
  };
  try {
    run();
  } finally {
    globalThis.AbortController = original;
  }
  return made;
}

test('a context tells of the request and of its connection', () => {
  expect(make()).toMatchObject({
    api: 'fetch',
    apiVersion: 12,
    correlationId: 7,
    clientId: 'me',
    state: { some: 'state' },
  });
  expect(make().connection).toBe('connection-1');
  expect(make().principal).toBe(connection.principal);
  expect(make().advertised).toBe(connection.advertised);
});

describe('the signal', () => {
  test('is made when first asked for, and stays the same', () => {
    const context = make();
    expect(
      controllersMade(() => {
        context.abort('disconnect');
      }),
    ).toBe(0);
    expect(
      controllersMade(() => {
        expect(context.signal).toBe(context.signal);
      }),
    ).toBe(1);
  });

  test.each(['disconnect', 'shutdown', 'timeout'] as const)('aborts with a reason that says %s', (cause) => {
    const context = make();
    const { signal } = context;
    expect(signal.aborted).toBe(false);
    expect(context.aborted).toBeNull();
    const reason = context.abort(cause);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(reason);
    expect(reason).toBeInstanceOf(RequestAborted);
    expect(reason).toMatchObject({ name: 'RequestAborted', cause, message: `request aborted: ${cause}` });
    expect(context.aborted).toBe(cause);
  });

  test('that is asked for after the abort is aborted already', () => {
    const context = make();
    const reason = context.abort('shutdown');
    expect(context.signal.aborted).toBe(true);
    expect(context.signal.reason).toBe(reason);
  });

  test('keeps the reason that came first', () => {
    const context = make();
    const first = context.abort('shutdown');
    expect(context.abort('disconnect')).toBe(first);
    expect(context.aborted).toBe('shutdown');
  });
});

describe('an error that is but the abort', () => {
  test('is the reason itself, or an error whose cause it is', () => {
    const context = make();
    const reason = context.abort('disconnect');
    expect(context.isAbort(reason)).toBe(true);
    expect(context.isAbort(new DOMException('aborted', { name: 'AbortError', cause: reason } as never))).toBe(true);
    expect(context.isAbort(new Error('wrapped', { cause: reason }))).toBe(true);
  });

  test('is no other error, and none before the abort', () => {
    const context = make();
    expect(context.isAbort(undefined)).toBe(false);
    expect(context.isAbort(new Error('own'))).toBe(false);
    context.abort('disconnect');
    expect(context.isAbort(undefined)).toBe(false);
    expect(context.isAbort(null)).toBe(false);
    expect(context.isAbort(new Error('own'))).toBe(false);
    expect(context.isAbort(new RequestAborted('disconnect'))).toBe(false);
    expect(context.isAbort(make().abort('disconnect'))).toBe(false);
  });
});
