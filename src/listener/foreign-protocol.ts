/** A protocol other than Kafka that clients use by mistake. */
export interface ForeignProtocol {
  readonly code: 'HTTP_REQUEST' | 'TLS_HANDSHAKE';
  /** Description for the error message. */
  readonly message: string;
}

/** Number of bytes of the first frame that {@link findForeignProtocol} reads. */
export const FOREIGN_PROTOCOL_BYTES = 256;

/** Smallest positive int32 with which a protocol below begins. No Kafka client begins with a request of this size. */
export const MIN_FOREIGN_LENGTH = 0x1603_0000;

/** First four bytes of an HTTP request line, including the HTTP/2 preface (`PRI * HTTP/2.0`). */
const HTTP_STARTS = new Set(
  ['GET ', 'PUT ', 'POST', 'HEAD', 'OPTIONS', 'PRI ', 'DELETE', 'PATCH', 'CONNECT', 'TRACE'].map((method) =>
    Buffer.from(method).readInt32BE(),
  ),
);
/** Method and path. The query is omitted, because it may contain a secret and the text is logged. */
const REQUEST_LINE = /^[A-Z]+ [\x21-\x3e\x40-\x7e]{0,80}/;

const TLS_MESSAGE =
  "first frame: looks like a TLS handshake; is the client's security.protocol SSL while this listener is plain?";

/**
 * Recognizes HTTP and TLS by the first bytes of a connection.
 *
 * @param start - The first received bytes, at least four.
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
