import type { Socket } from 'node:net';
import { FrameLengthError } from 'iggy-gateway-kafka';
import { DecodeError } from 'iggy-gateway-kafka/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { connectSocket, WireClosedError, WireConnection, WireTimeoutError } from '../../../src/wire-client/index.js';
import { defer } from '../../support/deferred.js';
import { ownServer } from '../../support/own-server.js';
import { framed } from '../../support/wire-client.js';

// Servers of the tests' own: no broker answers as wrongly.

afterEach(() => {
  vi.useRealTimers();
});

const TIMEOUT_MS = 5000;

/** A connection to a server that does something with the first bytes that it gets. */
async function connectedTo(answer: (socket: Socket) => void, onResponse?: (id: number) => void) {
  const port = await ownServer((socket) => socket.once('data', () => answer(socket)));
  const socket = await connectSocket({ host: '127.0.0.1', port });
  return new WireConnection(socket, { timeoutMs: TIMEOUT_MS, onResponse });
}

/** A response as it goes over the wire. */
const response = (correlationId: number, body = ''): Buffer =>
  framed(Buffer.from(correlationId.toString(16).padStart(8, '0') + body, 'hex'));

const REQUEST = Buffer.from('any bytes');

test('a response goes to the request with its correlation id, any other to next', async () => {
  const ids: number[] = [];
  const connection = await connectedTo(
    (socket) => socket.write(Buffer.concat([response(9, '99'), response(2, '22'), response(1, '11')])),
    (id) => ids.push(id),
  );
  const frames = await Promise.all([connection.request(REQUEST, 1), connection.request(REQUEST, 2)]);
  expect(frames.map(({ body }) => body.toString('hex'))).toEqual(['11', '22']);
  expect((await connection.next()).bytes.toString('hex')).toBe('0000000999');
  expect(ids).toEqual([9, 2, 1]);
  await connection.close();
});

test('a response may come byte by byte', async () => {
  const connection = await connectedTo((socket) => {
    const bytes = response(1, 'abcdef');
    const writeFrom = (at: number): void => {
      if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => setImmediate(writeFrom, at + 1));
    };
    writeFrom(0);
  });
  connection.sendRaw(REQUEST);
  expect((await connection.next()).body.toString('hex')).toBe('abcdef');
  await connection.close();
});

test('the end of the connection rejects everything that waits, with its cause', async () => {
  const connection = await connectedTo((socket) => socket.resetAndDestroy());
  const [asked, next] = await Promise.allSettled([connection.request(REQUEST, 1, 'Fetch v4'), connection.next()]);
  const cause: unknown = expect.objectContaining({ code: 'ECONNRESET' });
  expect(asked).toMatchObject({ reason: { message: 'Fetch v4: read ECONNRESET', code: 'CONNECTION_CLOSED', cause } });
  expect(next).toMatchObject({ reason: { message: 'read ECONNRESET', cause } });
  await connection.closed;
});

test('a server that closes the connection rejects what is asked afterwards', async () => {
  const connection = await connectedTo((socket) => socket.end(response(7)));
  connection.sendRaw(REQUEST);
  await connection.closed;
  expect(await connection.next()).toMatchObject({ correlationId: 7 });
  await expect(connection.next()).rejects.toThrow('the server closed the connection');
  await expect(connection.request(REQUEST, 1)).rejects.toBeInstanceOf(WireClosedError);
});

test('closing it rejects what waits', async () => {
  const connection = await connectedTo(() => undefined);
  const waiting = expect(connection.next()).rejects.toThrow('the connection is closed');
  await connection.close();
  await waiting;
});

test.each([
  ['a negative length', Buffer.from('ffffffff', 'hex'), FrameLengthError],
  ['a length beyond all responses', Buffer.from('7fffffff', 'hex'), FrameLengthError],
  ['no room for a correlation id', framed(Buffer.from([0, 0, 1])), DecodeError],
])('a frame with %s closes the connection', async (_, bytes, error) => {
  const connection = await connectedTo((socket) => socket.write(bytes));
  await expect(connection.request(REQUEST, 1)).rejects.toBeInstanceOf(error);
  await connection.closed;
  await expect(connection.next()).rejects.toBeInstanceOf(error);
});

test('a response that does not come in time closes the connection', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked = defer();
  const connection = await connectedTo(() => asked.resolve());
  const silent = connection.request(REQUEST, 1, 'Fetch v4').catch((error: unknown) => error);
  await asked.promise;
  vi.advanceTimersByTime(TIMEOUT_MS);
  expect(await silent).toBeInstanceOf(WireTimeoutError);
  expect(await silent).toMatchObject({ code: 'TIMED_OUT', message: 'Fetch v4: no answer within 5000 ms' });
  await connection.closed;
});

test('a server that does not accept in time is not waited for', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const connecting = connectSocket({ host: '127.0.0.1', port: await ownServer(() => undefined) }, 300);
  vi.advanceTimersByTime(300);
  await expect(connecting).rejects.toThrow('no connection within 300 ms');
});
