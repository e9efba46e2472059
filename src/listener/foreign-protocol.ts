/** A protocol that clients speak by mistake. */
export interface ForeignProtocol {
  readonly code: 'HTTP_REQUEST' | 'TLS_HANDSHAKE';
  /** What an error says of it. */
  readonly message: string;
}

/** Bytes of a first frame that {@link findForeignProtocol} looks at. */
export const FOREIGN_PROTOCOL_BYTES = 256;

/** No protocol below begins with a smaller positive int32; no Kafka client begins with a request of so many bytes. */
export const MIN_FOREIGN_LENGTH = 0x1603_0000;

/** The first four bytes of an HTTP request line, those of the HTTP/2 preface (`PRI * HTTP/2.0`) among them. */
const HTTP_STARTS = new Set(
  ['GET ', 'PUT ', 'POST', 'HEAD', 'OPTIONS', 'PRI ', 'DELETE', 'PATCH', 'CONNECT', 'TRACE'].map((method) =>
    Buffer.from(method).readInt32BE(),
  ),
);
/** Method and path. The query is left out: it may hold a secret, and the text goes to logs. */
const REQUEST_LINE = /^[A-Z]+ [\x21-\x3e\x40-\x7e]{0,80}/;

const TLS_MESSAGE =
  "first frame: looks like a TLS handshake; is the client's security.protocol SSL while this listener is plain?";

/**
 * Recognizes HTTP and TLS by the first bytes of a connection.
 *
 * @param start - What has come, at least four bytes.
 */
export function findForeignProtocol(start: Buffer): ForeignProtocol | null {
  if (HTTP_STARTS.has(start.readInt32BE())) {
    const text = start.toString('latin1');
    const [line = text.slice(0, 4)] = REQUEST_LINE.exec(text) ?? [];
    const message = `first frame: looks like an HTTP request (${line.trim()}); expected the Kafka protocol`;
    return { code: 'HTTP_REQUEST', message };
  }
  return isTls(start) ? { code: 'TLS_HANDSHAKE', message: TLS_MESSAGE } : null;
}

/** A ClientHello in a TLS record (16 03), or in a record of SSLv2: 80 length 01, then version 3.x or 0.2. */
function isTls(start: Buffer): boolean {
  if (start[0] === 0x16) return start[1] === 0x03;
  return start[0]! >= 0x80 && start[2] === 0x01 && (start[3] === 0x03 || start[3] === 0x00);
}
