import { once } from 'node:events';
import { connect } from 'node:net';
import { type Backend, createKafkaGateway, GatewayError, RequestAbortedError } from 'iggy-gateway-kafka';
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { record, startBackend } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { WireClosedError } from '../support/wire-client.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });
const ALL = { topics: null };

expectQuietProcess();

/** A backend whose metadata waits: for the test, or for the abort. */
function waiting() {
  const entered = defer<AbortSignal>();
  const released = defer();
  const backend = {
    metadata: vi.fn<NonNullable<Backend['metadata']>>(async (_request, { signal }) => {
      entered.resolve(signal);
      await released.promise;
      return answer();
    }),
    close: vi.fn<NonNullable<Backend['close']>>(),
  };
  return { backend, entered: entered.promise, release: () => released.resolve() };
}

/** Rejects as soon as the request is aborted. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

describe('close', () => {
  test('gives one and the same end to all who call it', async () => {
    const close = vi.fn();
    const { gateway } = await startBackend({ metadata: answer, close });
    const events = record(gateway, 'close');
    const first = gateway.close();
    expect(gateway.close()).toBe(first);
    await Promise.all([first, gateway.close({ drainTimeoutMs: 5 }), gateway[Symbol.asyncDispose]()]);
    await gateway.close();
    expect(close).toHaveBeenCalledOnce();
    expect(events).toHaveLength(1);
  });

  test('before listen opens and closes nothing, and the gateway stays closed', async () => {
    const open = vi.fn();
    const close = vi.fn();
    const gateway = createKafkaGateway({
      listener: { port: 0 },
      backend: { name: 'test', metadata: answer, open, close },
    });
    await gateway.close();
    await expect(gateway.listen()).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(open).not.toHaveBeenCalled();
    expect(close).not.toHaveBeenCalled();
  });

  test('while it opens waits for that, and closes what was opened', async () => {
    const opening = defer();
    const close = vi.fn();
    const backend = { name: 'test', metadata: answer, open: () => opening.promise, close };
    const gateway = createKafkaGateway({ listener: { port: 0 }, backend });
    const listening = gateway.listen();
    const closing = gateway.close();
    expect(close).not.toHaveBeenCalled();
    opening.resolve();
    const { port } = await listening;
    await closing;
    expect(close).toHaveBeenCalledOnce();
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('while it opens in vain leaves it closed, even for one who tries again at once', async () => {
    const open = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error('no store')).mockResolvedValue();
    const gateway = createKafkaGateway({ listener: { port: 0 }, backend: { name: 'test', metadata: answer, open } });
    const again = gateway.listen().catch((error: unknown) => {
      expect(error).toMatchObject({ message: 'no store' });
      return gateway.listen();
    });
    const closing = gateway.close();
    await expect(again).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await closing;
    expect(open).toHaveBeenCalledOnce();
    expect(gateway.endpoint).toBeNull();
  });

  test('refuses new connections, ends the idle ones, and tells when it is done', async () => {
    const { gateway, connect: connectClient, port } = await startBackend({ metadata: answer });
    const clients = await Promise.all([connectClient(), connectClient()]);
    const order: string[] = [];
    gateway.on('disconnect', () => order.push('disconnect'));
    gateway.on('close', () => order.push('close'));
    await Promise.all(clients.map((client) => client.send(metadataApi, 9, ALL)));
    await gateway.close();
    await Promise.all(clients.map((client) => client.closed));
    expect(order).toEqual(['disconnect', 'disconnect', 'close']);
    expect(gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test.each([-1, NaN, '5', null])('refuses a time that is none, and goes on: %j', async (drainTimeoutMs) => {
    const { gateway, connect: connectClient } = await startBackend({ metadata: answer });
    const refused = gateway.close({ drainTimeoutMs: drainTimeoutMs as number });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(refused).rejects.toThrow(
      `option drainTimeoutMs is ${JSON.stringify(drainTimeoutMs) === 'null' ? String(drainTimeoutMs) : JSON.stringify(drainTimeoutMs)}`,
    );
    const client = await connectClient();
    await client.send(metadataApi, 9, ALL);
  });
});

describe('what is in flight at close', () => {
  test('is answered, with all that has arrived behind it, before the connection ends', async () => {
    const { backend, entered, release } = waiting();
    const { gateway, connect: connectClient } = await startBackend(backend);
    const client = await connectClient();
    const answers = [1, 2, 3].map(() => client.send(metadataApi, 9, ALL));
    await entered;
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(60);
    });
    const closing = gateway.close();
    expect(backend.close).not.toHaveBeenCalled();
    release();
    await Promise.all(answers);
    await closing;
    expect(client.arrived).toEqual([1, 2, 3]);
    expect(backend.close).toHaveBeenCalledOnce();
    expect(backend.close.mock.calls[0]?.[0].signal.aborted).toBe(false);
  });

  test('is aborted when the time is over; what a handler still answers then is written', async () => {
    const entered = defer();
    const { gateway, connect: connectClient } = await startBackend({
      metadata: async (_request, { signal }) => {
        entered.resolve();
        const reason = await untilAborted(signal).catch((error: unknown) => error);
        return { ...answer(), clusterId: (reason as RequestAbortedError).cause };
      },
    });
    const client = await connectClient();
    const answered = client.send(metadataApi, 9, ALL);
    await entered.promise;
    await gateway.close({ drainTimeoutMs: 1 });
    expect((await answered).response.clusterId).toBe('shutdown');
  });

  test('is not answered when its handler gives up with the reason, which is no error', async () => {
    const entered = defer<AbortSignal>();
    const { gateway, connect: connectClient } = await startBackend({
      metadata: (_request, { signal }) => {
        entered.resolve(signal);
        return untilAborted(signal);
      },
    });
    const errors = record(gateway, 'requestError');
    const client = await connectClient();
    const answered = client.send(metadataApi, 9, ALL);
    const signal = await entered.promise;
    await Promise.all([gateway.close({ drainTimeoutMs: 0 }), expect(answered).rejects.toBeInstanceOf(WireClosedError)]);
    expect(signal.reason).toBeInstanceOf(RequestAbortedError);
    expect(signal.reason).toMatchObject({ cause: 'shutdown' });
    expect(errors).toEqual([]);
  });

  test('is aborted at once by a close with no time, while another close waits', async () => {
    const entered = defer<AbortSignal>();
    const { gateway, connect: connectClient } = await startBackend({
      metadata: (_request, { signal }) => {
        entered.resolve(signal);
        return untilAborted(signal);
      },
    });
    const client = await connectClient();
    client.post(metadataApi, 9, ALL);
    const signal = await entered.promise;
    const patient = gateway.close();
    expect(signal.aborted).toBe(false);
    const hasty = gateway.close({ drainTimeoutMs: 0 });
    expect(hasty).toBe(patient);
    await hasty;
    expect(signal.reason).toMatchObject({ cause: 'shutdown' });
    await client.closed;
  });

  test('is aborted at once by asyncDispose, and what waits behind it is not begun', async () => {
    const reasons: unknown[] = [];
    const entered = defer();
    const { gateway, connect: connectClient } = await startBackend({
      metadata: async (_request, { signal }) => {
        entered.resolve();
        await untilAborted(signal).catch(() => undefined);
        reasons.push((signal.reason as RequestAbortedError).cause);
        return answer();
      },
    });
    const client = await connectClient();
    const [first, second] = [1, 2].map(() => client.send(metadataApi, 9, ALL));
    const cut = expect(second).rejects.toBeInstanceOf(WireClosedError);
    await entered.promise;
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(40);
    });
    await gateway[Symbol.asyncDispose]();
    await first;
    await cut;
    expect(reasons).toEqual(['shutdown']);
  });

  test('leaves no timer behind that would hold the process', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const entered = defer();
    const { gateway, connect: connectClient } = await startBackend({
      metadata: (_request, { signal }) => {
        entered.resolve();
        return untilAborted(signal);
      },
    });
    const client = await connectClient();
    client.post(metadataApi, 9, ALL);
    await entered.promise;
    const patient = gateway.close();
    await gateway.close({ drainTimeoutMs: 0 });
    await patient;
    await client.closed;
    // Fewer: a timer of the test runner may have expired meanwhile.
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('the backend’s close', () => {
  test('comes after the last disconnect', async () => {
    const calls: string[] = [];
    const { gateway, connect: connectClient } = await startBackend({
      metadata: answer,
      connect: () => undefined,
      disconnect: async () => {
        calls.push('disconnecting');
        await new Promise((resolve) => setImmediate(resolve));
        calls.push('disconnected');
      },
      close: () => void calls.push('close'),
    });
    const client = await connectClient();
    await client.send(metadataApi, 9, ALL);
    await gateway.close();
    expect(calls).toEqual(['disconnecting', 'disconnected', 'close']);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('that %s is reported as error, and the gateway is closed all the same', async (_how, close) => {
    const { gateway } = await startBackend({ metadata: answer, close });
    const errors = record(gateway, 'error');
    const closed = record(gateway, 'close');
    await gateway.close();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(GatewayError);
    expect(errors[0]).toMatchObject({
      message: 'backend test failed to close: Error: disk full',
      cause: { message: 'disk full' },
    });
    expect(closed).toHaveLength(1);
  });
});
