import {
  type ApiCodec,
  ErrorCode,
  hasFlexibleResponseHeader,
  isFlexible,
  Reader,
  readResponseHeader,
  type RequestHeader,
  writeRequestHeader,
  Writer,
} from '../protocol/core.js';
import { API_VERSIONS_KEY } from '../protocol/header.js';

/** Where the body of a response begins if its header has no tagged fields: behind the correlation id. */
const CORRELATION_ID_BYTES = 4;

/** What reading a response needs of a codec. */
export type ResponseCodec<Response> = Pick<
  ApiCodec<unknown, unknown, Response>,
  'key' | 'flexibleFrom' | 'readResponse'
>;

/** A response as it came: a frame without its length prefix. */
export class WireFrame {
  readonly correlationId: number;

  /** @throws DecodeError if the bytes are too few for a correlation id. */
  constructor(readonly bytes: Buffer) {
    this.correlationId = readResponseHeader(new Reader(bytes), false).correlationId;
  }

  /** What follows the correlation id: the tagged fields of a flexible header, then the message. */
  get body(): Buffer {
    return this.bytes.subarray(CORRELATION_ID_BYTES);
  }
}

/** Encodes a request as it goes over the wire: length prefix, header, and the body that `writeBody` writes. */
export function encodeRequestFrame(
  { key, flexibleFrom }: Pick<ApiCodec, 'key' | 'flexibleFrom'>,
  version: number,
  { correlationId, clientId }: Pick<RequestHeader, 'correlationId' | 'clientId'>,
  writeBody: (writer: Writer) => void,
): Buffer {
  const writer = new Writer();
  writer.int32(0); // the length prefix, set below
  const header = { apiKey: key, apiVersion: version, correlationId, clientId };
  writeRequestHeader(writer, header, isFlexible(flexibleFrom, version));
  writeBody(writer);
  const frame = Buffer.concat([writer.take()].flat());
  frame.writeInt32BE(frame.length - 4);
  return frame;
}

/**
 * Decodes a response to its last byte.
 *
 * @param version - The version of the request.
 * @throws DecodeError if the bytes are not such a response. Its offset counts from the correlation id.
 */
export function decodeResponseFrame<Response>(
  codec: ResponseCodec<Response>,
  version: number,
  frame: WireFrame,
): Response {
  const reader = new Reader(frame.bytes);
  readResponseHeader(reader, hasFlexibleResponseHeader(codec.key, codec.flexibleFrom, version));
  const response = codec.readResponse(reader, answeredVersion(codec, version, frame));
  reader.expectEnd();
  return response;
}

/**
 * Returns the version that a response has: that of the request, except for an ApiVersions request in a version that the
 * server lacks. Its response has version 0, which begins with the error code (KIP-511).
 */
export function answeredVersion({ key }: Pick<ApiCodec, 'key'>, version: number, { bytes }: WireFrame): number {
  if (key !== API_VERSIONS_KEY || bytes.length < CORRELATION_ID_BYTES + 2) return version;
  return bytes.readInt16BE(CORRELATION_ID_BYTES) === ErrorCode.UNSUPPORTED_VERSION ? 0 : version;
}
