// AbortController is watched, not replaced: that none is made cannot be seen otherwise.
import { type Backend, KafkaError, RequestAbortedError, type RequestContext } from 'iggy-gateway-kafka';
import { decodeResponse, encodeRequest, encodeRequestHeader, Reader } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test } from 'vitest';
import { type Call, type CallScope, handleFrame } from '../../../src/dispatch/call.js';
import { Firewall } from '../../../src/dispatch/firewall.js';
import { RequestWarnings } from '../../../src/dispatch/request-warnings.js';
import { GuardedEvents } from '../../../src/events.js';
import { CLOSE, DONE, type FrameOutcome, type PendingFrame } from '../../../src/listener/frame-handler.js';
import { ResponseBuffer } from '../../../src/listener/response-buffer.js';
import { written } from '../../support/golden.js';

const VERSION = 9;

const connection = {
  id: 'connection-1',
  remoteAddress: '127.0.0.1',
  remotePort: 1234,
  principal: { type: 'User', name: 'ANONYMOUS' },
  advertised: { host: 'broker', port: 9093 },
};

/** A connection without a socket; counts the handlers that have not settled. */
class Scope implements CallScope {
  readonly connection = connection;
  readonly state = { some: 'state' };
  readonly running: Call[] = [];
  isClosed = false;

  constructor(readonly dispatch: CallScope['dispatch']) {}

  handlerStarted(call: Call): void {
    this.running.push(call);
  }

  handlerSettled(call: Call): void {
    this.running.splice(this.running.indexOf(call), 1);
  }

  /** The responses that were encoded, without correlation id and header. */
  responses(): unknown[] {
    const bytes = written(this.dispatch.responses.writer);
    const responses: unknown[] = [];
    for (let at = 0; at < bytes.length; at += 4 + bytes.readInt32BE(at)) {
      responses.push(decodeResponse(3, VERSION, bytes.subarray(at + 9, at + 4 + bytes.readInt32BE(at))));
    }
    return responses;
  }
}

async function makeScope(metadata: NonNullable<Backend['metadata']>): Promise<Scope> {
  const backend: Backend = { name: 'test', metadata };
  return new Scope({
    backend,
    firewall: await Firewall.create(backend, () => undefined, { versions: {}, allowUnstableVersions: false }),
    events: new GuardedEvents(),
    warnings: new RequestWarnings(),
    reader: new Reader(Buffer.alloc(0)),
    responses: new ResponseBuffer(),
    maxDecodedElements: 1000,
    requestTimeoutMs: 0,
    onUnsupportedVersion: 'respond',
    counters: { trailingBytes: 0 },
  });
}

/** Hands a Metadata request to the gateway. */
function ask(scope: Scope): FrameOutcome {
  const frame = Buffer.concat([
    encodeRequestHeader({ apiKey: 3, apiVersion: VERSION, correlationId: 7, clientId: 'me' }),
    encodeRequest(3, VERSION, { topics: [{ name: 'orders' }] }),
  ]);
  return handleFrame(scope, frame, 0, frame.length);
}

/** A call whose handler does not settle. */
async function make(): Promise<Call> {
  const scope = await makeScope(() => new Promise(() => undefined));
  ask(scope);
  return scope.running[0]!;
}

const RESPONSE = { errorCode: 0, brokers: [], topics: [], clusterId: 'cluster', controllerId: 1 };

describe('a call', () => {
  test('is answered at once when the handler is synchronous', async () => {
    const scope = await makeScope(() => RESPONSE);
    expect(ask(scope)).toBe(DONE);
    expect(scope.responses()).toMatchObject([RESPONSE]);
    expect(scope.running).toEqual([]);
  });

  test('has one context for each request', async () => {
    const contexts = new Set<RequestContext>();
    const scope = await makeScope((_request, context) => {
      contexts.add(context);
      return RESPONSE;
    });
    for (let count = 0; count < 3; count++) ask(scope);
    expect(contexts.size).toBe(3);
  });

  test('is answered when the promise of its handler settles', async () => {
    const scope = await makeScope(async () => RESPONSE);
    const pending = ask(scope) as PendingFrame;
    expect(scope.running).toHaveLength(1);
    await new Promise<void>((resolve) => pending.whenSettled(resolve));
    expect(scope.responses()).toEqual([]);
    expect(pending.complete()).toBe(DONE);
    expect(scope.responses()).toMatchObject([RESPONSE]);
    expect(scope.running).toEqual([]);
  });

  test('writes nothing after its connection was closed', async () => {
    const scope = await makeScope(async () => RESPONSE);
    const pending = ask(scope) as PendingFrame;
    await new Promise<void>((resolve) => pending.whenSettled(resolve));
    scope.isClosed = true;
    expect(pending.complete()).toBe(CLOSE);
    expect(scope.responses()).toEqual([]);
  });

  test.each([
    ['returns', () => RESPONSE],
    [
      'throws',
      () => {
        throw new KafkaError(29);
      },
    ],
  ])('does not keep its request after its handler %s', async (_, handler) => {
    let request: WeakRef<object> | undefined;
    let kept: RequestContext | undefined;
    const scope = await makeScope((asked, context) => {
      request = new WeakRef(asked);
      kept = context;
      return handler();
    });
    ask(scope);
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc!();
    expect(request!.deref()).toBeUndefined();
    expect(kept!.api).toBe('metadata');
  });
});

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

test('the context of a request has the fields of its header and of its connection', async () => {
  const context: RequestContext = await make();
  expect(context).toMatchObject({
    api: 'metadata',
    apiVersion: VERSION,
    correlationId: 7,
    clientId: 'me',
    state: { some: 'state' },
  });
  expect(context.connectionId).toBe('connection-1');
  expect(context.principal).toBe(connection.principal);
  expect(context.advertised).toBe(connection.advertised);
});

describe('the signal', () => {
  test('is made when first asked for, and stays the same', async () => {
    const context = await make();
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

  test.each(['disconnect', 'shutdown', 'timeout'] as const)('aborts with a reason that says %s', async (cause) => {
    const context = await make();
    const { signal } = context;
    expect(signal.aborted).toBe(false);
    expect(context.aborted).toBeNull();
    const reason = context.abort(cause);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(reason);
    expect(reason).toBeInstanceOf(RequestAbortedError);
    expect(reason).toMatchObject({ name: 'RequestAbortedError', cause, message: `request aborted: ${cause}` });
    expect(context.aborted).toBe(cause);
  });

  test('that is asked for after the abort is aborted already', async () => {
    const context = await make();
    const reason = context.abort('shutdown');
    expect(context.signal.aborted).toBe(true);
    expect(context.signal.reason).toBe(reason);
  });

  test('keeps the reason that came first', async () => {
    const context = await make();
    const first = context.abort('shutdown');
    expect(context.abort('disconnect')).toBe(first);
    expect(context.aborted).toBe('shutdown');
  });
});

describe('an error that is but the abort', () => {
  test('is the reason itself, or an error whose cause it is', async () => {
    const context = await make();
    const reason = context.abort('disconnect');
    expect(context.isAbort(reason)).toBe(true);
    expect(context.isAbort(new DOMException('aborted', { name: 'AbortError', cause: reason } as never))).toBe(true);
    expect(context.isAbort(new Error('wrapped', { cause: reason }))).toBe(true);
  });

  test('is no other error, and none before the abort', async () => {
    const context = await make();
    expect(context.isAbort(undefined)).toBe(false);
    expect(context.isAbort(new Error('own'))).toBe(false);
    context.abort('disconnect');
    expect(context.isAbort(undefined)).toBe(false);
    expect(context.isAbort(null)).toBe(false);
    expect(context.isAbort(new Error('own'))).toBe(false);
    expect(context.isAbort(new RequestAbortedError('disconnect'))).toBe(false);
    expect(context.isAbort((await make()).abort('disconnect'))).toBe(false);
  });
});
