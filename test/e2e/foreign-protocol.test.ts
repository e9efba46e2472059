import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { ForeignProtocolError } from 'iggy-gateway-kafka';
import { expect, test } from 'vitest';
import { logEvents } from '../../src/cli/log.js';
import { startObserved } from '../support/gateways.js';
import { expectQuietProcess } from '../support/quiet-process.js';

expectQuietProcess();

test.each(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE'])(
  'an HTTP client that sends %s is reported as that, and its connection is closed',
  async (method) => {
    const { port, protocolErrors } = await startObserved();
    const failed = new Promise<Error>((resolve) => {
      const client = request({ host: '127.0.0.1', port, method, path: '/health?key=secret' });
      client.on('error', resolve);
      client.end();
    });
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
    expect(protocolErrors).toMatchObject([
      {
        error: {
          code: 'HTTP_REQUEST',
          message: `first frame: looks like an HTTP request (${method} /health); expected the Kafka protocol`,
        },
        apiKey: null,
        apiVersion: null,
      },
    ]);
    expect(protocolErrors[0]?.error).toBeInstanceOf(ForeignProtocolError);
  },
);

test('an HTTP/2 client is reported as an HTTP client', async () => {
  const { port, protocolErrors } = await startObserved();
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  await new Promise((resolve) => session.on('close', resolve));
  expect(protocolErrors).toMatchObject([
    { error: { code: 'HTTP_REQUEST', message: expect.stringContaining('(PRI *)') } },
  ]);
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)('a client of %s is reported as that, and logged', async (version) => {
  const { port, gateway, protocolErrors } = await startObserved();
  const lines: string[] = [];
  logEvents(
    gateway,
    'info',
    () => '',
    (line) => lines.push(line),
  );
  const socket = connectTls({ host: '127.0.0.1', port, minVersion: version, maxVersion: version });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.on('close', resolve));
  expect(protocolErrors).toMatchObject([{ error: { name: 'ForeignProtocolError', code: 'TLS_HANDSHAKE' } }]);
  expect(lines).toEqual([
    expect.stringMatching(
      /^protocol error connection-\d+ 127\.0\.0\.1 \d+: first frame: looks like a TLS handshake; is the client's security\.protocol SSL/,
    ),
  ]);
});
