import { describe, expect, test } from 'vitest';
import { ForeignProtocolError, FrameLengthError, FrameReader } from '../../../src/listener/frame-reader.js';
import { thrownBy } from '../../support/thrown-by.js';

const LIMIT = 100 * 1024 * 1024;
/** With this limit the first four bytes of HTTP and TLS are lengths that are allowed. */
const MAX_LIMIT = 0x7fff_ffff;

function firstError(bytes: Buffer, limit = LIMIT): unknown {
  const reader = new FrameReader(limit);
  reader.push(bytes);
  return thrownBy(() => reader.next());
}

const HTTP = [
  ['GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /metrics'],
  ['POST /topics/a?token=secret HTTP/1.1\r\n', 'POST /topics/a'],
  ['PUT / HTTP/1.0\r\n', 'PUT /'],
  ['HEAD / HTTP/1.1\r\n', 'HEAD /'],
  ['OPTIONS * HTTP/1.1\r\n', 'OPTIONS *'],
  ['DELETE /a HTTP/1.1\r\n', 'DELETE /a'],
  ['PATCH /a HTTP/1.1\r\n', 'PATCH /a'],
  ['CONNECT broker:9093 HTTP/1.1\r\n', 'CONNECT broker:9093'],
  ['TRACE / HTTP/1.1\r\n', 'TRACE /'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'PRI *'],
  ['GET ', 'GET'],
  ['POST', 'POST'],
  ['GET /a\u001b[2J HTTP/1.1\r\n', 'GET /a'],
  [`GET /${'x'.repeat(500)} HTTP/1.1\r\n`, `GET /${'x'.repeat(79)}`],
] as const;

const TLS = [
  ['a ClientHello of TLS 1.0 and later', '160301020001000001fc0303'],
  ['a ClientHello in a record of TLS 1.2', '160303020001000001fc0303'],
  ['an SSLv2 hello of TLS', '802e0103010015000000100100'],
  ['an SSLv2 hello of SSLv2', '802e0100020015000000100100'],
] as const;

describe.each([LIMIT, MAX_LIMIT])('with a limit of %i bytes', (limit) => {
  test.each(HTTP)('%j is an HTTP request', (text, shown) => {
    const error = firstError(Buffer.from(text), limit);
    expect(error).toBeInstanceOf(ForeignProtocolError);
    expect(error).toBeInstanceOf(FrameLengthError);
    expect(error).toMatchObject({
      name: 'ForeignProtocolError',
      code: 'HTTP_REQUEST',
      message: `first frame: looks like an HTTP request (${shown}); expected the Kafka protocol`,
      length: Buffer.from(text).readInt32BE(),
      limit,
    });
  });

  test.each(TLS)('%s is a TLS handshake', (_what, hex) => {
    expect(firstError(Buffer.from(hex, 'hex'), limit)).toMatchObject({
      name: 'ForeignProtocolError',
      code: 'TLS_HANDSHAKE',
      message:
        "first frame: looks like a TLS handshake; is the client's security.protocol SSL while this listener is plain?",
    });
  });
});

test('bytes that come one by one are recognized as well', () => {
  const reader = new FrameReader(LIMIT);
  for (const byte of Buffer.from('GET')) {
    reader.push(Buffer.of(byte));
    expect(reader.next()).toBe(false);
  }
  reader.push(Buffer.from(' /'));
  expect(thrownBy(() => reader.next())).toMatchObject({
    code: 'HTTP_REQUEST',
    message: expect.stringContaining('(GET /)'),
  });
});

test.each([
  ['text of another kind', Buffer.from('EHLO mail\r\n')],
  ['a negative length', Buffer.from('ffffffff', 'hex')],
  ['a negative length with a byte of SSLv2', Buffer.from('80000104', 'hex')],
  ['a length that begins as TLS does', Buffer.from('16040000', 'hex')],
])('%s is a length that is not allowed', (_what, bytes) => {
  expect(firstError(bytes)).toMatchObject({ name: 'FrameLengthError', code: 'INVALID_LENGTH' });
});

test('a long first frame that the limit allows is waited for', () => {
  const reader = new FrameReader(MAX_LIMIT);
  reader.push(Buffer.from('7fffffff', 'hex'));
  expect(reader.next()).toBe(false);
});

test('only the first frame is looked at', () => {
  const reader = new FrameReader(LIMIT);
  reader.push(Buffer.concat([Buffer.from('00000001ff', 'hex'), Buffer.from('GET / HTTP/1.1\r\n')]));
  expect(reader.next()).toBe(true);
  expect(thrownBy(() => reader.next())).toMatchObject({
    name: 'FrameLengthError',
    code: 'INVALID_LENGTH',
    message: `a frame of 1195725856 bytes; 1 to ${LIMIT} are allowed`,
  });
});
