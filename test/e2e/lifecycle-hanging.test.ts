import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { createKafkaGateway, type GatewayHandle } from 'iggy-gateway-kafka';
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { record, startBackend } from '../support/gateways.js';
import { encodeRequestFrame, WireClosedError } from '../support/wire-client.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });
const ALL = { topics: null };

expectQuietProcess();

test('a close settles although the backend’s never does, and says so', async () => {
  const { gateway } = await startBackend({ metadata: answer, close: () => new Promise<void>(() => undefined) });
  const errors = record(gateway, 'error');
  await gateway.close({ drainTimeoutMs: 0 });
  expect(errors).toMatchObject([{ code: 'CLOSE_TIMEOUT', message: expect.stringContaining('backend test: close()') }]);
});

test('what fails after the close had given up waiting, is still reported', async () => {
  const failed = defer();
  const { gateway } = await startBackend({ metadata: answer, close: () => failed.promise });
  const errors = record(gateway, 'error');
  await gateway.close({ drainTimeoutMs: 0 });
  failed.reject(new Error('too late'));
  await vi.waitFor(() => {
    expect(errors).toMatchObject([{ code: 'CLOSE_TIMEOUT' }, { code: 'BACKEND_CLOSE_FAILED' }]);
  });
});

test('a close settles although the backend’s open never does; when it does, it is undone', async () => {
  const opened = defer();
  const close = vi.fn();
  let handle: GatewayHandle | undefined;
  const gateway = createKafkaGateway({
    listener: { port: 0 },
    backend: {
      name: 'test',
      metadata: answer,
      open: (given) => {
        handle = given;
        return opened.promise;
      },
      close,
    },
  });
  const errors = record(gateway, 'error');
  const listening = gateway.listen();
  const refused = expect(listening).rejects.toMatchObject({ code: 'INVALID_STATE' });
  expect(handle?.signal.aborted).toBe(false);
  await gateway.close({ drainTimeoutMs: 0 });
  expect(handle?.signal.aborted).toBe(true);
  expect(errors).toMatchObject([{ code: 'CLOSE_TIMEOUT', message: expect.stringContaining('backend test: open()') }]);
  expect(close).not.toHaveBeenCalled();
  opened.resolve();
  await refused;
  expect(close).toHaveBeenCalledOnce();
  await expect(gateway.listen()).rejects.toThrow('closed');
});

test('a socket that a gateway has is not taken again', async () => {
  const { gateway, port } = await startBackend({ metadata: answer });
  const other = await startBackend({ metadata: answer });
  const socket = connect(port, '127.0.0.1');
  expect(() => {
    gateway.handleConnection(socket);
  }).toThrow('expected a connected net.Socket or tls.TLSSocket');
  await once(socket, 'connect');
  gateway.handleConnection(socket);
  expect(() => {
    gateway.handleConnection(socket);
  }).toThrow('a gateway has this socket already');
  expect(() => {
    other.gateway.handleConnection(socket);
  }).toThrow('a gateway has this socket already');
  socket.destroy();
});

test('listening comes before the first connection, even of a client that connected before', async () => {
  const log: string[] = [];
  let early: ReturnType<typeof connect> | undefined;
  const gateway = createKafkaGateway({
    listener: { port: 0 },
    backend: { name: 'test', metadata: answer },
  });
  gateway.on('listening', ({ endpoint }) => {
    log.push('listening');
    early = connect(endpoint.port, endpoint.host);
  });
  gateway.on('connection', () => log.push('connection'));
  await gateway.listen();
  await vi.waitFor(() => {
    expect(log).toEqual(['listening', 'connection']);
  });
  early?.destroy();
  await gateway.close({ drainTimeoutMs: 0 });
});

test('the time of a request that began before anyone listened is not told', async () => {
  const released = defer();
  const { gateway, connect: connectClient } = await startBackend({
    metadata: () => released.promise.then(answer),
  });
  const client = await connectClient();
  const first = client.send(metadataApi, 9, ALL);
  await vi.waitFor(() => {
    expect(gateway.stats().inFlightBytes).toBeGreaterThan(0);
  });
  const responses = record(gateway, 'response');
  released.resolve();
  await first;
  await client.send(metadataApi, 9, ALL);
  expect(responses).toHaveLength(1);
  expect(responses[0]!.durationMs).toBeLessThan(performance.now());
});

test('a client that has ended its side and gets no answer for some seconds, is gone', async () => {
  const aborted = defer<unknown>();
  const { gateway, port } = await startBackend(
    {
      metadata: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.resolve(signal.reason);
            reject(signal.reason as Error);
          });
        }),
    },
    { frameTimeoutMs: 1000 },
  );
  const socket = connect(port, '127.0.0.1');
  socket.end(encodeRequestFrame(metadataApi, 9, ALL));
  expect(await aborted.promise).toMatchObject({ cause: 'disconnect' });
  await vi.waitFor(() => {
    expect(gateway.stats().connections).toBe(0);
  });
});

test('a close does not wait for handlers whose clients are gone', async () => {
  const released = defer();
  const { gateway, connect: connectClient } = await startBackend({ metadata: () => released.promise.then(answer) });
  const errors = record(gateway, 'error');
  const client = await connectClient();
  const answered = expect(client.send(metadataApi, 9, ALL)).rejects.toBeInstanceOf(WireClosedError);
  await vi.waitFor(() => {
    expect(gateway.stats().inFlightBytes).toBeGreaterThan(0);
  });
  client.reset();
  await answered;
  const closed = gateway.close({ drainTimeoutMs: 600_000 });
  await closed;
  expect(errors).toMatchObject([{ code: 'CLOSE_TIMEOUT', message: expect.stringContaining('handlers of 1') }]);
  released.resolve();
});

test.each([
  [{ grace: 5 }, 'option grace is 5; close() takes { drainTimeoutMs }'],
  [{ graceMs: 5 }, 'option graceMs is 5; renamed to drainTimeoutMs'],
  [5, 'option close is 5; close() takes { drainTimeoutMs }'],
  ['now', 'option close is "now"; close() takes { drainTimeoutMs }'],
])('close refuses what it does not know: %j', async (options, message) => {
  const { gateway } = await startBackend({ metadata: answer });
  await expect(gateway.close(options as never)).rejects.toMatchObject({ code: 'INVALID_OPTION', message });
});

test.each([null, {}, new PassThrough()])('handle refuses what is no connected socket', async (socket) => {
  const { gateway } = await startBackend({ metadata: answer });
  expect(() => {
    gateway.handleConnection(socket as never);
  }).toThrow('expected a connected net.Socket or tls.TLSSocket');
});

test.each([
  [undefined, 'a value of type undefined is not a message'],
  [null, 'null is not a message'],
  ['x', 'a value of type string is not a message'],
])('a handler that answers %j is told so', async (nothing, message) => {
  const { gateway, connect: connectClient } = await startBackend({ metadata: () => nothing as never });
  const errors = record(gateway, 'requestError');
  const client = await connectClient();
  expect((await client.send(metadataApi, 13, ALL)).response.errorCode).toBe(-1);
  expect(errors[0]?.error).toMatchObject({ message });
});

test('a backend may be an emitter, and may have what any object has', async () => {
  class Emitting extends EventEmitter {
    readonly name = 'emitting';
    metadata = answer;
    override toString(): string {
      return this.name;
    }
    toJSON(): string {
      return this.name;
    }
  }
  const gateway = createKafkaGateway({ listener: { port: 0 }, backend: new Emitting() });
  await gateway.listen();
  await gateway.close();
});
