import { connect } from 'node:net';
import { createKafkaGateway, type GatewayHandle } from 'iggy-gateway-kafka';
import { metadataApi } from 'iggy-gateway-kafka/protocol';
import { expect, test, vi } from 'vitest';
import { defer } from '../support/deferred.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { record, startBackend } from '../support/gateways.js';

const answer = () => ({ brokers: [], topics: [], errorCode: 0 });
const ALL = { topics: null };

expectQuietProcess();

test('a close settles although the backend’s never does, and says so', async () => {
  const { gateway } = await startBackend({ metadata: answer, close: () => new Promise<void>(() => undefined) });
  const errors = record(gateway, 'error');
  await gateway.close({ graceMs: 0 });
  expect(errors).toMatchObject([{ code: 'CLOSE_TIMEOUT', message: expect.stringContaining('backend test: close()') }]);
});

test('what fails after the close had given up waiting, is still reported', async () => {
  const failed = defer();
  const { gateway } = await startBackend({ metadata: answer, close: () => failed.promise });
  const errors = record(gateway, 'error');
  await gateway.close({ graceMs: 0 });
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
  await gateway.close({ graceMs: 0 });
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
  gateway.handle(socket);
  expect(() => {
    gateway.handle(socket);
  }).toThrow('a gateway has this socket already');
  expect(() => {
    other.gateway.handle(socket);
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
  await gateway.close({ graceMs: 0 });
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
