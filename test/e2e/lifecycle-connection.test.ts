import { type Backend, type ConnectionInfo, type RequestContext } from 'iggy-gateway-kafka';
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { record, start, startBackend } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { WireClosedError } from '../support/wire-client.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });
const ALL = { topics: null };

expectQuietProcess();

/** Objects with a function `then` that no promise would have. */
const THENABLES: readonly (readonly [string, (value: unknown) => unknown])[] = [
  ['calls back at once', (value) => ({ then: (resolve: (value: unknown) => void): void => resolve(value) })],
  [
    'calls back twice',
    (value) => ({
      then(resolve: (value: unknown) => void): void {
        resolve(value);
        resolve('again');
      },
    }),
  ],
  [
    'calls back, then throws',
    (value) => ({
      then(resolve: (value: unknown) => void) {
        resolve(value);
        throw new Error('after');
      },
    }),
  ],
];

/** Throws within `then`, before it called back. */
const broken = () => ({
  then(): never {
    throw new Error('broken');
  },
});

describe('connect', () => {
  const states: readonly (readonly [string, () => unknown])[] = [
    ['a value', () => 'mine'],
    ['a promise', () => Promise.resolve('mine')],
    ...THENABLES.map(([name, make]) => [`a thenable that ${name}`, () => make('mine')] as const),
  ];

  test.each(states)('gives the connection its state: %s', async (_what, connect) => {
    const disconnect = vi.fn();
    const seen: unknown[] = [];
    const { gateway, connect: connectClient } = await startBackend({
      connect,
      disconnect,
      metadata: (_request, { state }) => {
        seen.push(state);
        return answer();
      },
    });
    const gone = record(gateway, 'disconnect');
    const client = await connectClient();
    await client.send(metadataApi, 9, ALL);
    await client.send(metadataApi, 9, ALL);
    await client.close();
    await vi.waitFor(() => {
      expect(gone).toHaveLength(1);
    });
    expect(seen).toEqual(['mine', 'mine']);
    expect(disconnect).toHaveBeenCalledExactlyOnceWith(gone[0], 'mine');
    await gateway.close();
    expect(gone).toHaveLength(1);
  });

  test('tells who comes', async () => {
    const seen: ConnectionInfo[] = [];
    const {
      gateway,
      port,
      connect: connectClient,
    } = await startBackend({
      connect: (connection) => void seen.push(connection),
      metadata: answer,
    });
    const events = record(gateway, 'connection');
    const clients = [await connectClient(), await connectClient()];
    await Promise.all(clients.map((client) => client.send(metadataApi, 9, ALL)));
    expect(seen).toEqual(
      clients.map(({ socket }) => ({
        id: expect.stringMatching(/^connection-\d+$/),
        remoteAddress: '127.0.0.1',
        remotePort: socket.localPort,
        principal: { type: 'User', name: 'ANONYMOUS' },
        advertised: { host: '127.0.0.1', port },
      })),
    );
    expect(seen[0]?.id).not.toBe(seen[1]?.id);
    expect(events).toEqual(seen);
  });

  test('settles before the first request; what is sent meanwhile waits, in its order', async () => {
    const connecting = defer<string>();
    const calls: unknown[] = [];
    const { gateway, connect: connectClient } = await startBackend({
      connect: () => connecting.promise,
      metadata: (_request, { correlationId, state }) => {
        calls.push([correlationId, state]);
        return answer();
      },
    });
    const client = await connectClient();
    const answers = [1, 2, 3].map(() => client.send(metadataApi, 9, ALL));
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(60);
    });
    expect(calls).toEqual([]);
    connecting.resolve('late');
    await Promise.all(answers);
    expect(calls).toEqual([
      [1, 'late'],
      [2, 'late'],
      [3, 'late'],
    ]);
  });

  test('settles before a client that has ended its side is answered', async () => {
    const connecting = defer();
    const { gateway, connect: connectClient } = await startBackend({
      connect: () => connecting.promise,
      metadata: answer,
    });
    const client = await connectClient();
    const answered = client.send(metadataApi, 9, ALL);
    client.end();
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(20);
    });
    connecting.resolve();
    await answered;
    await client.closed;
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no room');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no room'))],
    ['returns a then that throws', broken],
  ] as const)('that %s closes the connection: no request, no disconnect', async (how, connect) => {
    const metadata = vi.fn(answer);
    const disconnect = vi.fn();
    const { gateway, connect: connectClient } = await startBackend({
      connect: connect,
      disconnect,
      metadata,
    });
    const errors = record(gateway, 'requestError');
    const gone = record(gateway, 'disconnect');
    const client = await connectClient();
    client.post(metadataApi, 9, ALL);
    await client.closed;
    await vi.waitFor(() => {
      expect(gone).toHaveLength(1);
    });
    expect(errors).toEqual([
      {
        connection: gone[0],
        backend: 'test',
        api: 'connect',
        context: null,
        error: new Error(how === 'returns a then that throws' ? 'broken' : 'no room'),
      },
    ]);
    expect(metadata).not.toHaveBeenCalled();
    // Closing waits for connections that are not done: this one is.
    await gateway.close();
    expect(disconnect).not.toHaveBeenCalled();
  });

  test('that succeeds after the client is gone is followed by disconnect', async () => {
    const connecting = defer<string>();
    const disconnect = vi.fn();
    const { gateway, connect: connectClient } = await startBackend({
      connect: () => connecting.promise,
      disconnect,
      metadata: answer,
    });
    const client = await connectClient();
    client.reset();
    await vi.waitFor(() => {
      expect(gateway.stats().connections).toBe(0);
    });
    expect(disconnect).not.toHaveBeenCalled();
    connecting.resolve('late');
    await gateway.close();
    expect(disconnect).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ remoteAddress: '127.0.0.1' }), 'late');
  });

  test('that fails after the client is gone is not', async () => {
    const connecting = defer<string>();
    const disconnect = vi.fn();
    const { gateway, connect: connectClient } = await startBackend({
      connect: () => connecting.promise,
      disconnect,
      metadata: answer,
    });
    const errors = record(gateway, 'requestError');
    const client = await connectClient();
    client.reset();
    await vi.waitFor(() => {
      expect(gateway.stats().connections).toBe(0);
    });
    connecting.reject(new Error('too late'));
    await gateway.close();
    expect(disconnect).not.toHaveBeenCalled();
    expect(errors).toMatchObject([{ api: 'connect', error: { message: 'too late' } }]);
  });
});

describe('disconnect', () => {
  test('comes once, after the last handler has settled', async () => {
    const entered = defer<RequestContext>();
    const released = defer();
    const calls: string[] = [];
    const { gateway, connect: connectClient } = await startBackend({
      metadata: async (_request, context) => {
        entered.resolve(context);
        await released.promise;
        calls.push('settled');
        return answer();
      },
      disconnect: () => void calls.push('disconnect'),
    });
    gateway.on('disconnect', () => calls.push('event'));
    const client = await connectClient();
    const cut = expect(client.send(metadataApi, 9, ALL)).rejects.toBeInstanceOf(WireClosedError);
    const context = await entered.promise;
    client.reset();
    await cut;
    await vi.waitFor(() => {
      expect(context.signal.aborted).toBe(true);
    });
    expect(calls).toEqual([]);
    released.resolve();
    await gateway.close();
    expect(calls).toEqual(['settled', 'disconnect', 'event']);
  });

  test('waits for a handler whose time was over as well', async () => {
    const released = defer();
    const disconnect = vi.fn();
    const { gateway, connect: connectClient } = await startBackend(
      {
        metadata: async () => {
          await released.promise;
          return answer();
        },
        disconnect,
      },
      { requestTimeoutMs: 1 },
    );
    const errors = record(gateway, 'requestError');
    const client = await connectClient();
    await client.send(metadataApi, 13, { topics: null });
    await client.close();
    await vi.waitFor(() => {
      expect(gateway.stats().connections).toBe(0);
    });
    expect(disconnect).not.toHaveBeenCalled();
    released.resolve();
    await gateway.close();
    expect(errors).toMatchObject([{ api: 'metadata', error: { cause: 'timeout' } }]);
    expect(disconnect).toHaveBeenCalledOnce();
  });

  test('comes without a connect as well', async () => {
    const disconnect = vi.fn();
    const { gateway, connect: connectClient } = await startBackend({ metadata: answer, disconnect });
    const client = await connectClient();
    await client.send(metadataApi, 9, ALL);
    await gateway.close();
    expect(disconnect).toHaveBeenCalledExactlyOnceWith(expect.anything(), undefined);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('lost');
      },
      'lost',
    ],
    ['rejects', () => Promise.reject(new Error('lost')), 'lost'],
    ['returns a then that throws', broken, 'broken'],
  ] as const)('that %s is reported, and the connection is gone all the same', async (_how, disconnect, message) => {
    const { gateway, connect: connectClient } = await startBackend({
      metadata: answer,
      disconnect: disconnect,
    });
    const errors = record(gateway, 'requestError');
    const gone = record(gateway, 'disconnect');
    const client = await connectClient();
    await client.send(metadataApi, 9, ALL);
    await gateway.close();
    expect(gone).toHaveLength(1);
    expect(errors).toEqual([
      {
        connection: gone[0],
        backend: 'test',
        api: 'disconnect',
        context: null,
        error: expect.objectContaining({ message }),
      },
    ]);
  });

  test.each(THENABLES)('may return a thenable that %s', async (_how, make) => {
    const { gateway, connect: connectClient } = await startBackend({
      metadata: answer,
      disconnect: (() => make(undefined)) as NonNullable<Backend['disconnect']>,
    });
    const errors = record(gateway, 'requestError');
    const gone = record(gateway, 'disconnect');
    const clients = await Promise.all([connectClient(), connectClient()]);
    await Promise.all(clients.map((client) => client.send(metadataApi, 9, ALL)));
    await gateway.close();
    expect(gone).toHaveLength(2);
    expect(errors).toEqual([]);
  });
});

test('hooks are called on the backend itself', async () => {
  class Store implements Backend<number> {
    readonly name = 'store';
    #connections = 0;
    gone = 0;
    connect(): number {
      return ++this.#connections;
    }
    disconnect(_connection: ConnectionInfo, state: number): void {
      this.gone += state;
      this.#connections--;
    }
    metadata(_request: unknown, { state }: RequestContext<number>) {
      return { ...answer(), controllerId: state + this.#connections };
    }
  }
  const store = new Store();
  const { gateway, connect: connectClient } = await start({ backend: store });
  const client = await connectClient();
  expect((await client.send(metadataApi, 9, ALL)).response.controllerId).toBe(2);
  await gateway.close();
  expect(store.gone).toBe(1);
});
