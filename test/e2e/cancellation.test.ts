import { setTimeout as sleep } from 'node:timers/promises';
import { type Backend, ErrorCode, RequestAbortedError, type RequestContext } from 'iggy-gateway-kafka';
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { record, startBackend } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { encodeRequestFrame, WireClient, WireClosedError } from '../support/wire-client.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });
const ALL = { topics: null };
/** The first version of Metadata with an error code at the top. */
const WITH_CODE = 13;

expectQuietProcess();

type Metadata = NonNullable<Backend['metadata']>;

/** One request in flight with a handler of the test's own; `context` is that of the request. */
async function inFlight(handler: Metadata, options: Parameters<typeof startBackend>[1] = {}) {
  const entered = defer<RequestContext>();
  const started = await startBackend(
    {
      metadata: (request, context) => {
        entered.resolve(context);
        return handler(request, context);
      },
    },
    options,
  );
  const errors = record(started.gateway, 'requestError');
  const responses = record(started.gateway, 'response');
  const client = await started.connect();
  const answered = client.send(metadataApi, WITH_CODE, ALL);
  return { ...started, errors, responses, client, answered, context: await entered.promise };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

describe('a client that vanishes', () => {
  test('aborts its request, with a reason that says disconnect', async () => {
    const { gateway, client, answered, context } = await inFlight((_request, { signal }) => untilAborted(signal));
    const { signal } = context;
    client.reset();
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    await gateway.close();
    expect(signal.reason).toBeInstanceOf(RequestAbortedError);
    expect(signal.reason).toMatchObject({ cause: 'disconnect' });
  });

  test('is seen even by a handler that asks for the signal only then', async () => {
    const released = defer();
    const { gateway, client, answered, context } = await inFlight(() => released.promise.then(answer));
    client.reset();
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    await vi.waitFor(() => {
      expect(gateway.stats().connections).toBe(0);
    });
    expect(context.signal.aborted).toBe(true);
    expect(context.signal.reason).toMatchObject({ cause: 'disconnect' });
    released.resolve();
    await gateway.close();
  });

  test.each([
    ['the reason', (signal: AbortSignal) => untilAborted(signal)],
    [
      'an AbortError of Node’s own, whose cause is the reason',
      (signal: AbortSignal) => sleep(60_000, undefined, { signal }),
    ],
  ])('leaves a rejection with %s no error', async (_what, wait) => {
    const { gateway, client, answered, errors, responses } = await inFlight(async (_request, { signal }) => {
      await wait(signal);
      return answer();
    });
    client.reset();
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    await gateway.close();
    expect(errors).toEqual([]);
    expect(responses).toEqual([]);
  });

  test('leaves any other error one, with everything that is known', async () => {
    const failed = new Error('store lost');
    const { gateway, client, answered, context, errors } = await inFlight(async (_request, { signal }) => {
      await untilAborted(signal).catch(() => undefined);
      throw failed;
    });
    client.reset();
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    await gateway.close();
    expect(errors).toEqual([expect.objectContaining({ api: 'metadata', backend: 'test', context, error: failed })]);
  });

  test('is not answered, and its other requests are not begun', async () => {
    const released = defer();
    const handler = vi.fn(() => released.promise.then(answer));
    const { gateway, client, answered, responses } = await inFlight(handler);
    const second = expect(client.send(metadataApi, WITH_CODE, ALL)).rejects.toBeInstanceOf(WireClosedError);
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(40);
    });
    client.reset();
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    await second;
    released.resolve();
    await gateway.close();
    expect(handler).toHaveBeenCalledOnce();
    expect(responses).toEqual([]);
    expect(gateway.stats().inFlightBytes).toBe(0);
  });

  test('does not disturb another', async () => {
    const released = defer();
    const { client, connect, answered } = await inFlight(() => released.promise.then(answer));
    const other = await connect();
    const otherAnswered = other.send(metadataApi, WITH_CODE, ALL);
    client.reset();
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    released.resolve();
    await otherAnswered;
  });
});

describe('requestTimeoutMs', () => {
  const options = { requestTimeoutMs: 1 };
  /** A backend that hangs is the operator's to know. */
  const TIMED_OUT = { api: 'metadata', error: { name: 'RequestAbortedError', cause: 'timeout' } };

  test('answers REQUEST_TIMED_OUT for a handler that does not listen, and goes on', async () => {
    const released = defer();
    let calls = 0;
    const { client, answered, context, errors, responses } = await inFlight(
      () => (calls++ === 0 ? released.promise.then(answer) : answer()),
      options,
    );
    expect((await answered).response.errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
    expect(context.signal.reason).toMatchObject({ cause: 'timeout' });
    expect((await client.send(metadataApi, WITH_CODE, ALL)).response.errorCode).toBe(0);
    released.resolve();
    expect((await client.send(metadataApi, WITH_CODE, ALL)).response.errorCode).toBe(0);
    expect(client.arrived).toEqual([1, 2, 3]);
    expect(errors).toMatchObject([TIMED_OUT]);
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.REQUEST_TIMED_OUT, 0, 0]);
  });

  test('answers once for a handler that gives up with the reason', async () => {
    const { client, answered, errors } = await inFlight((_request, { signal }) => untilAborted(signal), options);
    expect((await answered).response.errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
    expect((await client.send(metadataApi, WITH_CODE, ALL)).response.errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
    expect(client.arrived).toEqual([1, 2]);
    expect(errors).toMatchObject([TIMED_OUT, TIMED_OUT]);
  });

  test('reports another error that comes after the answer', async () => {
    const failed = new Error('store lost');
    const { answered, errors, gateway } = await inFlight(async (_request, { signal }) => {
      await untilAborted(signal).catch(() => undefined);
      throw failed;
    }, options);
    expect((await answered).response.errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
    await gateway.close();
    expect(errors).toMatchObject([TIMED_OUT, { error: failed }]);
  });

  test('closes where the API has no place for the error', async () => {
    const { connect, answered } = await inFlight((_request, { signal }) => untilAborted(signal), options);
    await answered;
    const client = await connect();
    await expect(client.send(metadataApi, 9, ALL)).rejects.toBeInstanceOf(WireClosedError);
    await client.closed;
  });

  test('does not touch what is answered in time', async () => {
    const { client, answered, context } = await inFlight(async () => answer(), { requestTimeoutMs: 60_000 });
    await answered;
    await client.send(metadataApi, WITH_CODE, ALL);
    expect(context.signal.aborted).toBe(false);
  });

  test('says disconnect where the client went first', async () => {
    const released = defer();
    const { gateway, client, answered, context, errors } = await inFlight(() => released.promise.then(answer), {
      requestTimeoutMs: 300,
    });
    client.reset();
    await expect(answered).rejects.toBeInstanceOf(WireClosedError);
    await vi.waitFor(() => {
      expect(context.signal.aborted).toBe(true);
    });
    // The time goes on; when it is over, nobody is there to be answered. Its frame counts until the handler's end.
    const later = await WireClient.connect(gateway.endpoint!.port);
    await later.send(metadataApi, WITH_CODE, ALL);
    await later.close();
    expect(gateway.stats().inFlightBytes).toBeGreaterThan(0);
    released.resolve();
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBe(0);
    });
    await gateway.close();
    expect(context.signal.reason).toMatchObject({ cause: 'disconnect' });
    // That of the later one alone.
    expect(errors).toMatchObject([TIMED_OUT]);
  });
});

describe('a client that ends its side', () => {
  test('gets what it asked for, then the connection ends', async () => {
    const released = defer();
    const { gateway, client, answered, context } = await inFlight(() => released.promise.then(answer));
    const others = [2, 3].map(() => client.send(metadataApi, WITH_CODE, ALL));
    client.end();
    await vi.waitFor(() => {
      expect(gateway.stats().inFlightBytes).toBeGreaterThan(60);
    });
    expect(context.signal.aborted).toBe(false);
    released.resolve();
    await Promise.all([answered, ...others]);
    await client.closed;
    expect(client.arrived).toEqual([1, 2, 3]);
  });

  test('gets answers to a chunk of requests and its end together', async () => {
    const { connect } = await startBackend({ metadata: answer });
    const client = await connect();
    const answers = Array.from({ length: 50 }, () => client.send(metadataApi, WITH_CODE, ALL));
    client.end();
    await Promise.all(answers);
    await client.closed;
  });

  test('in the middle of a frame gets what came before that', async () => {
    const { gateway, connect } = await startBackend({ metadata: answer });
    const protocolErrors = record(gateway, 'protocolError');
    const client = await connect();
    const answered = client.send(metadataApi, WITH_CODE, ALL);
    client.sendRaw(encodeRequestFrame(metadataApi, WITH_CODE, ALL).subarray(0, 10));
    client.end();
    await answered;
    await client.closed;
    expect(client.arrived).toEqual([1]);
    expect(protocolErrors).toEqual([]);
  });

  test('without a request is let go of', async () => {
    const { gateway, connect } = await startBackend({ metadata: answer });
    const gone = record(gateway, 'disconnect');
    const client = await connect();
    client.end();
    await client.closed;
    await vi.waitFor(() => {
      expect(gone).toHaveLength(1);
    });
  });

  test('and then vanishes is noticed at the latest when it is answered', async () => {
    const released = defer();
    const { gateway, client, answered } = await inFlight(() => released.promise.then(answer));
    const cut = expect(answered).rejects.toBeInstanceOf(WireClosedError);
    await new Promise<void>((resolve) => client.socket.end(resolve));
    client.reset();
    await cut;
    released.resolve();
    await vi.waitFor(() => {
      expect(gateway.stats()).toMatchObject({ connections: 0, inFlightBytes: 0 });
    });
  });
});
