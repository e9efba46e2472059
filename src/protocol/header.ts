import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** Header of a request. */
export interface RequestHeader {
  /** API key, an int16. */
  apiKey: number;
  /** Version of the API, an int16. */
  apiVersion: number;
  /** Correlation id, an int32. The response carries the same value. */
  correlationId: number;
  /** Client id, or null. */
  clientId: string | null;
}

/** Header of a response. */
export interface ResponseHeader {
  /** Correlation id of the request, an int32. */
  correlationId: number;
}

/**
 * API key of ApiVersions. Its response header never has tagged fields, because the client may not know the version yet.
 */
export const API_VERSIONS_KEY = 18;

/**
 * Reads a request header.
 *
 * @param flexible - Whether the header has version 2, with tagged fields. See {@link isFlexible}.
 * @throws DecodeError if the bytes are not a valid header.
 */
export function readRequestHeader(reader: Reader, flexible: boolean): RequestHeader {
  const header: RequestHeader = {
    apiKey: reader.int16(),
    apiVersion: reader.int16(),
    correlationId: reader.int32(),
    // Not a compact string, even in version 2: a broker reads it before it knows the version.
    clientId: reader.nullableString(false),
  };
  if (flexible) reader.skipTaggedFields();
  return header;
}

/**
 * Writes a request header.
 *
 * @param flexible - Whether the header has version 2, with tagged fields. See {@link isFlexible}.
 * @throws EncodeError if a field is out of range.
 */
export function writeRequestHeader(writer: Writer, header: RequestHeader, flexible: boolean): void {
  writer.int16(header.apiKey);
  writer.int16(header.apiVersion);
  writer.int32(header.correlationId);
  writer.nullableString(header.clientId, false);
  if (flexible) writer.noTaggedFields();
}

/**
 * Reads a response header.
 *
 * @param flexible - Whether the header has version 1, with tagged fields. See {@link hasFlexibleResponseHeader}.
 * @throws DecodeError if the bytes are not a valid header.
 */
export function readResponseHeader(reader: Reader, flexible: boolean): ResponseHeader {
  const header: ResponseHeader = { correlationId: reader.int32() };
  if (flexible) reader.skipTaggedFields();
  return header;
}

/**
 * Writes a response header.
 *
 * @param flexible - Whether the header has version 1, with tagged fields. See {@link hasFlexibleResponseHeader}.
 */
export function writeResponseHeader(writer: Writer, header: ResponseHeader, flexible: boolean): void {
  writer.int32(header.correlationId);
  if (flexible) writer.noTaggedFields();
}

/** Whether a version of an API has compact lengths and tagged fields, and therefore request header version 2. */
export function isFlexible(flexibleFrom: number, version: number): boolean {
  return flexibleFrom >= 0 && version >= flexibleFrom;
}

/** Whether a version of an API has response header version 1, with tagged fields. */
export function hasFlexibleResponseHeader(apiKey: number, flexibleFrom: number, version: number): boolean {
  return apiKey !== API_VERSIONS_KEY && isFlexible(flexibleFrom, version);
}
