import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** What comes before the body of every request. */
export interface RequestHeader {
  /** API key, an int16. */
  apiKey: number;
  /** Version of the API, an int16. */
  apiVersion: number;
  /** An int32 that comes back in the response. */
  correlationId: number;
  /** What the client calls itself, or null. */
  clientId: string | null;
}

/** What comes before the body of every response. */
export interface ResponseHeader {
  /** The int32 of the request that is answered. */
  correlationId: number;
}

/** API key of ApiVersions, whose response header never has tagged fields: its reader may not know the version yet. */
export const API_VERSIONS_KEY = 18;

/**
 * Reads a request header.
 *
 * @param flexible - Whether it is header version 2, which has tagged fields: see {@link isFlexible}.
 * @throws DecodeError when the bytes are no header.
 */
export function readRequestHeader(reader: Reader, flexible: boolean): RequestHeader {
  const header: RequestHeader = {
    apiKey: reader.int16(),
    apiVersion: reader.int16(),
    correlationId: reader.int32(),
    // The old form of a string even in version 2: a broker reads it before it knows the version.
    clientId: reader.nullableString(false),
  };
  if (flexible) reader.skipTaggedFields();
  return header;
}

/**
 * Writes a request header.
 *
 * @param flexible - Whether it is header version 2, which has tagged fields: see {@link isFlexible}.
 * @throws EncodeError when a field is out of range.
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
 * @param flexible - Whether it is header version 1, which has tagged fields: see {@link hasFlexibleResponseHeader}.
 * @throws DecodeError when the bytes are no header.
 */
export function readResponseHeader(reader: Reader, flexible: boolean): ResponseHeader {
  const header: ResponseHeader = { correlationId: reader.int32() };
  if (flexible) reader.skipTaggedFields();
  return header;
}

/**
 * Writes a response header.
 *
 * @param flexible - Whether it is header version 1, which has tagged fields: see {@link hasFlexibleResponseHeader}.
 */
export function writeResponseHeader(writer: Writer, header: ResponseHeader, flexible: boolean): void {
  writer.int32(header.correlationId);
  if (flexible) writer.noTaggedFields();
}

/** Whether a version of an API has compact lengths and tagged fields, and so request header 2. */
export function isFlexible(flexibleFrom: number, version: number): boolean {
  return flexibleFrom >= 0 && version >= flexibleFrom;
}

/** Whether the response header has tagged fields (version 1). */
export function hasFlexibleResponseHeader(apiKey: number, flexibleFrom: number, version: number): boolean {
  return apiKey !== API_VERSIONS_KEY && isFlexible(flexibleFrom, version);
}
