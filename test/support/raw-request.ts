import { framed } from './wire-client.js';

export interface RawRequest {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId?: number;
  /** Whether tagged fields follow the client id, none of them. */
  readonly flexible?: boolean;
  readonly body?: Uint8Array;
}

/** A request of any key and version, whole, with a body that may be anything. */
export function rawRequest({
  apiKey,
  version,
  correlationId = 1,
  flexible = false,
  body = new Uint8Array(),
}: RawRequest): Buffer {
  const header = Buffer.alloc(flexible ? 11 : 10);
  header.writeInt16BE(apiKey, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(correlationId, 4);
  header.writeInt16BE(-1, 8);
  return framed(Buffer.concat([header, body]));
}
