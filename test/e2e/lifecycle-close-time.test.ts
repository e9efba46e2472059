// Timers are fake, sockets are real: no test should wait for the 25 seconds that a close may take.
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { record, startBackend } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { WireClient, WireClosedError } from '../support/wire-client.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });
const ALL = { topics: null };
const DAY_MS = 24 * 3600 * 1000;

expectQuietProcess();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  // Put back before the test's own gateways are closed.
  onTestFinished(() => {
    vi.useRealTimers();
  });
});

/** Lets the event loop turn, so that what waits for no timer happens. */
async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A gateway with one request in flight, whose handler does not care for its signal. */
async function inFlight(methods: Parameters<typeof startBackend>[0] = {}) {
  const entered = defer<AbortSignal>();
  const released = defer();
  const started = await startBackend({
    metadata: async (_request, { signal }) => {
      entered.resolve(signal);
      await released.promise;
      return answer();
    },
    ...methods,
  });
  const client = await started.connect();
  const answered = client.send(metadataApi, 9, ALL);
  return { ...started, client, answered, signal: await entered.promise, release: () => released.resolve() };
}

test('requests have 25 s to be answered where nothing else is said', async () => {
  const { gateway, answered, signal, release } = await inFlight();
  const closing = gateway.close();
  await turns();
  vi.advanceTimersByTime(24_999);
  await turns();
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  await turns();
  expect(signal.reason).toMatchObject({ cause: 'shutdown' });
  release();
  await answered;
  await closing;
});

test.each([Infinity, 1e12])('they may have %d ms, more than a timer can', async (drainTimeoutMs) => {
  const { gateway, answered, signal, release } = await inFlight();
  const closing = gateway.close({ drainTimeoutMs });
  await turns();
  vi.advanceTimersByTime(DAY_MS);
  await turns();
  expect(signal.aborted).toBe(false);
  release();
  await answered;
  await closing;
});

test('a handler that does not listen is cut off a second after the abort, and another later not waited for', async () => {
  const close = vi.fn();
  const { gateway, client, answered, release } = await inFlight({ close });
  const errors = record(gateway, 'error');
  const cut = expect(answered).rejects.toBeInstanceOf(WireClosedError);
  const closing = gateway.close({ drainTimeoutMs: 0 });
  await turns();
  vi.advanceTimersByTime(999);
  await turns();
  expect(gateway.stats().connections).toBe(1);
  vi.advanceTimersByTime(1);
  await client.closed;
  await cut;
  await turns();
  expect(close).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  await closing;
  expect(close).toHaveBeenCalledOnce();
  expect(errors).toMatchObject([{ code: 'CLOSE_TIMEOUT' }]);
  release();
});

test('a connect that never settles does not keep the gateway open for ever', async () => {
  const { gateway, port } = await startBackend({ metadata: answer, connect: () => new Promise(() => undefined) });
  const errors = record(gateway, 'error');
  const client = await WireClient.connect(port);
  const cut = expect(client.send(metadataApi, 9, ALL)).rejects.toBeInstanceOf(WireClosedError);
  await vi.waitFor(() => {
    expect(gateway.stats().connections).toBe(1);
  });
  const closing = gateway.close({ drainTimeoutMs: 0 });
  await turns();
  vi.advanceTimersByTime(1000);
  await cut;
  await turns();
  vi.advanceTimersByTime(1000);
  await closing;
  expect(errors).toMatchObject([{ code: 'CLOSE_TIMEOUT' }]);
});

test('closing at once waits for no timer where all that is there ends at once', async () => {
  const { gateway, connect } = await startBackend({ metadata: answer });
  const clients = await Promise.all(Array.from({ length: 20 }, connect));
  await Promise.all(clients.map((client) => client.send(metadataApi, 9, ALL)));
  const closed = record(gateway, 'close');
  const closing = gateway.close({ drainTimeoutMs: 0 });
  // Ten milliseconds pass for timers, then none any more: one that only gives up in the end never runs.
  for (let turn = 0; closed.length === 0; turn++) {
    if (turn < 10) vi.advanceTimersByTime(1);
    await turns(1);
  }
  await closing;
});

test('the backend’s close has what is left of the time', async () => {
  const signals: AbortSignal[] = [];
  const done = defer();
  const { gateway } = await startBackend({
    metadata: answer,
    close: ({ signal }) => {
      signals.push(signal);
      return done.promise;
    },
  });
  const closing = gateway.close({ drainTimeoutMs: 100 });
  await turns();
  vi.advanceTimersByTime(99);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  vi.advanceTimersByTime(1);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  done.resolve();
  await closing;
  expect(vi.getTimerCount()).toBe(0);
});

test('the backend’s close is hurried by a second close with no time', async () => {
  const signals: AbortSignal[] = [];
  const done = defer();
  const { gateway } = await startBackend({
    metadata: answer,
    close: ({ signal }) => {
      signals.push(signal);
      return done.promise;
    },
  });
  const closing = gateway.close();
  await turns();
  void gateway.close({ drainTimeoutMs: 0 });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  done.resolve();
  await closing;
});

test('a client that does not end its side is let go of two seconds after ours', async () => {
  const { gateway, port } = await startBackend({ metadata: answer });
  const client = await WireClient.connect(port, { allowHalfOpen: true });
  await client.send(metadataApi, 9, ALL);
  const closing = gateway.close();
  await client.ended;
  await turns();
  vi.advanceTimersByTime(1999);
  await turns();
  expect(gateway.stats().connections).toBe(1);
  vi.advanceTimersByTime(1);
  await closing;
  await client.close();
});
