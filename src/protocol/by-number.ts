import { type ApiInfo, apis } from './apis.js';
import type { ApiCodec } from './codec.js';
import { type Codecs, codecs } from './codecs.js';
import { encodeValue } from './encode-value.js';
import { DecodeError, EncodeError } from './errors.js';
import {
  hasFlexibleResponseHeader,
  isFlexible,
  readRequestHeader,
  readResponseHeader,
  type RequestHeader,
  type ResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
} from './header.js';
import { Reader } from './reader.js';
import type { RecordChunks } from './records-init.js';

// Encoding and decoding by API key and version, for tools. This module loads all codecs. To load the codec of one API,
// import it from `messages/`.

/** A value in which every field is optional. Missing fields get Kafka's default. */
export type Loose<T> = T extends Uint8Array | RecordChunks
  ? T
  : T extends readonly (infer Element)[]
    ? readonly Loose<Element>[]
    : T extends object
      ? { readonly [Name in keyof T]?: Loose<T[Name]> | undefined }
      : T;

/**
 * The value that {@link encodeRequest} accepts for an API: the type of the API for a known key, otherwise any object.
 */
export type RequestValue<Key extends number> = Key extends keyof Codecs
  ? Loose<Parameters<Codecs[Key]['writeRequest']>[1]>
  : object;

/** The value that {@link decodeRequest} returns for an API. */
export type DecodedRequest<Key extends number> = Key extends keyof Codecs
  ? ReturnType<Codecs[Key]['readRequest']>
  : Record<string, unknown>;

/**
 * The value that {@link encodeResponse} accepts for an API: the type of the API for a known key, otherwise any object.
 */
export type ResponseValue<Key extends number> = Key extends keyof Codecs
  ? Loose<Parameters<Codecs[Key]['writeResponse']>[1]>
  : object;

/** The value that {@link decodeResponse} returns for an API. */
export type DecodedResponse<Key extends number> = Key extends keyof Codecs
  ? ReturnType<Codecs[Key]['readResponse']>
  : Record<string, unknown>;

/** Options for decoding. */
export interface DecodeOptions {
  /** Whether to allow bytes after the message, as Kafka's broker does. Default: false. */
  readonly allowTrailingBytes?: boolean;
  /** Maximum number of array elements in one message. Default: 1000000. */
  readonly maxElements?: number;
}

/** A decoded header and its size. */
export interface DecodedHeader<Header> {
  readonly header: Header;
  /** Size of the header in bytes. The body begins at this offset. */
  readonly length: number;
}

/**
 * Encodes the body of a request, without length and header. Returns a new buffer. Record chunks are copied and
 * released.
 *
 * @param value - The request. Missing fields get Kafka's default.
 * @throws EncodeError if the API or version is unknown, or with the path of the field if the value does not fit.
 */
export function encodeRequest<Key extends number>(apiKey: Key, version: number, value: RequestValue<Key>): Buffer {
  const codec = codecFor(apiKey, version, EncodeError);
  return encodeValue(
    (...args) => codec.writeRequest(...args),
    version,
    value,
    `${codec.name}Request v${String(version)}`,
  );
}

/**
 * Decodes the body of a request, without length and header. Bytes and records in the result are views of the input.
 *
 * @throws DecodeError if the API or version is unknown, or if the bytes are not a valid request.
 */
export function decodeRequest<Key extends number>(
  apiKey: Key,
  version: number,
  bytes: Uint8Array,
  options?: DecodeOptions,
): DecodedRequest<Key> {
  const codec = codecFor(apiKey, version, DecodeError);
  try {
    const reader = readerOf(bytes, options?.maxElements);
    const value = codec.readRequest(reader, version);
    if (options?.allowTrailingBytes !== true) reader.expectEnd();
    return value as DecodedRequest<Key>;
  } catch (error) {
    throw inMessage(error, `${codec.name}Request v${String(version)}`);
  }
}

/**
 * Encodes the body of a response, without length and header. Returns a new buffer. Record chunks are copied and
 * released.
 *
 * @param value - The response. Missing fields get Kafka's default; error codes default to 0.
 * @throws EncodeError if the API or version is unknown, or with the path of the field if the value does not fit.
 */
export function encodeResponse<Key extends number>(apiKey: Key, version: number, value: ResponseValue<Key>): Buffer {
  const codec = codecFor(apiKey, version, EncodeError);
  return encodeValue(
    (...args) => codec.writeResponse(...args),
    version,
    value,
    `${codec.name}Response v${String(version)}`,
  );
}

/**
 * Decodes the body of a response, without length and header. Bytes and records in the result are views of the input.
 *
 * @throws DecodeError if the API or version is unknown, or if the bytes are not a valid response.
 */
export function decodeResponse<Key extends number>(
  apiKey: Key,
  version: number,
  bytes: Uint8Array,
  options?: DecodeOptions,
): DecodedResponse<Key> {
  const codec = codecFor(apiKey, version, DecodeError);
  try {
    const reader = readerOf(bytes, options?.maxElements);
    const value = codec.readResponse(reader, version);
    if (options?.allowTrailingBytes !== true) reader.expectEnd();
    return value as DecodedResponse<Key>;
  } catch (error) {
    throw inMessage(error, `${codec.name}Response v${String(version)}`);
  }
}

/**
 * Fits a response for the latest version to another version. Returns a copy without the fields that the version does
 * not carry and that the encoder would reject, or the response itself if there is nothing to drop. Does not fill in
 * fields that only the other version has: for example, the caller must set both the name and the id of a topic.
 *
 * @throws EncodeError if the API or version is unknown, or if the value is not a response of the API.
 */
export function fitResponse<Key extends number, Value extends ResponseValue<Key>>(
  apiKey: Key,
  version: number,
  value: Value,
): Value {
  const codec = codecFor(apiKey, version, EncodeError);
  try {
    return (codec.fitResponse?.(value, version) ?? value) as Value;
  } catch (error) {
    throw new EncodeError('INVALID_VALUE', `not a ${codec.name}Response: ${(error as Error).message}`);
  }
}

/**
 * Encodes a request header. Its API key and version select the header version.
 *
 * @throws EncodeError if the API is unknown or the value does not fit.
 */
export function encodeRequestHeader(header: RequestHeader): Buffer {
  const flexible = isFlexible(infoOf(header.apiKey, EncodeError).flexibleFrom, header.apiVersion);
  return encodeValue((writer, value) => writeRequestHeader(writer, value, flexible), 0, header, 'RequestHeader');
}

/**
 * Decodes the header at the start of a request.
 *
 * @throws DecodeError if the API is unknown or the bytes are not a valid header.
 */
export function decodeRequestHeader(bytes: Uint8Array): DecodedHeader<RequestHeader> {
  return decodeHeader(bytes, 'RequestHeader', (reader) => {
    const header = readRequestHeader(reader, false);
    if (isFlexible(infoOf(header.apiKey, DecodeError).flexibleFrom, header.apiVersion)) reader.skipTaggedFields();
    return header;
  });
}

/**
 * Encodes a response header. The API key and version select the header version.
 *
 * @throws EncodeError if the API is unknown or the value does not fit.
 */
export function encodeResponseHeader(apiKey: number, version: number, header: ResponseHeader): Buffer {
  const flexible = hasFlexibleResponseHeader(apiKey, infoOf(apiKey, EncodeError).flexibleFrom, version);
  return encodeValue((writer, value) => writeResponseHeader(writer, value, flexible), 0, header, 'ResponseHeader');
}

/**
 * Decodes the header at the start of a response.
 *
 * @param apiKey - API key of the request, which a response does not carry.
 * @param version - Version of the request.
 * @throws DecodeError if the API is unknown or the bytes are not a valid header.
 */
export function decodeResponseHeader(
  apiKey: number,
  version: number,
  bytes: Uint8Array,
): DecodedHeader<ResponseHeader> {
  const flexible = hasFlexibleResponseHeader(apiKey, infoOf(apiKey, DecodeError).flexibleFrom, version);
  return decodeHeader(bytes, 'ResponseHeader', (reader) => readResponseHeader(reader, flexible));
}

type ErrorClass = typeof EncodeError | typeof DecodeError;

function codecFor(apiKey: number, version: number, errors: ErrorClass): ApiCodec {
  const codec = codecs.get(apiKey);
  if (codec === undefined) {
    const { name } = infoOf(apiKey, errors);
    throw failure(errors, 'UNKNOWN_API', `${name} (API key ${String(apiKey)}) is not for clients and has no codec`);
  }
  const { min, max } = codec.versions;
  if (Number.isInteger(version) && version >= min && version <= max) return codec;
  throw failure(
    errors,
    'UNKNOWN_VERSION',
    `${codec.name} has versions ${String(min)} to ${String(max)}, not ${String(version)}`,
  );
}

function infoOf(apiKey: number, errors: ErrorClass): ApiInfo {
  const info = apis.find(({ key }) => key === apiKey);
  if (info !== undefined) return info;
  throw failure(errors, 'UNKNOWN_API', `there is no API with key ${String(apiKey)}`);
}

function failure(errors: ErrorClass, code: 'UNKNOWN_API' | 'UNKNOWN_VERSION', detail: string): Error {
  return errors === EncodeError ? new EncodeError(code, detail) : new DecodeError(code, 0, detail);
}

function decodeHeader<Header>(
  bytes: Uint8Array,
  message: string,
  read: (reader: Reader) => Header,
): DecodedHeader<Header> {
  try {
    const reader = readerOf(bytes);
    const header = read(reader);
    return { header, length: reader.position };
  } catch (error) {
    throw inMessage(error, message);
  }
}

function readerOf(bytes: Uint8Array, maxElements?: number): Reader {
  const buffer = toBuffer(bytes);
  return new Reader(buffer, 0, buffer.length, maxElements);
}

function inMessage(error: unknown, message: string): unknown {
  return error instanceof DecodeError ? error.in(message) : error;
}

function toBuffer(bytes: Uint8Array): Buffer {
  if (bytes instanceof Buffer) return bytes;
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  throw new DecodeError('INVALID_VALUE', 0, `the input is no Uint8Array but of type ${typeof bytes}`);
}
