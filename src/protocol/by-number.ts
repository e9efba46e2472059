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

// Encoding and decoding by API key and version, for tools: all codecs are loaded for it. Who needs one API imports it
// from `messages/`, where its codec stands alone.

/** A value any field of which may be left out: Kafka's default stands in for it. */
export type Loose<T> = T extends Uint8Array | RecordChunks
  ? T
  : T extends readonly (infer Element)[]
    ? readonly Loose<Element>[]
    : T extends object
      ? { readonly [Name in keyof T]?: Loose<T[Name]> | undefined }
      : T;

/** What {@link encodeRequest} takes for an API: its own type for a key that is known, any object otherwise. */
export type RequestValue<Key extends number> = Key extends keyof Codecs
  ? Loose<Parameters<Codecs[Key]['writeRequest']>[1]>
  : object;

/** What {@link decodeRequest} gives for an API. */
export type DecodedRequest<Key extends number> = Key extends keyof Codecs
  ? ReturnType<Codecs[Key]['readRequest']>
  : Record<string, unknown>;

/** What {@link encodeResponse} takes for an API: its own type for a key that is known, any object otherwise. */
export type ResponseValue<Key extends number> = Key extends keyof Codecs
  ? Loose<Parameters<Codecs[Key]['writeResponse']>[1]>
  : object;

/** What {@link decodeResponse} gives for an API. */
export type DecodedResponse<Key extends number> = Key extends keyof Codecs
  ? ReturnType<Codecs[Key]['readResponse']>
  : Record<string, unknown>;

/** How to decode. */
export interface DecodeOptions {
  /** Whether bytes may follow the message, as Kafka's own broker has it. Default: false. */
  readonly allowTrailingBytes?: boolean;
  /** Most array elements in one message. Default: 1000000. */
  readonly maxElements?: number;
}

/** A header, and where it ended. */
export interface DecodedHeader<Header> {
  readonly header: Header;
  /** Bytes that the header took: the body begins there. */
  readonly length: number;
}

/**
 * Encodes the body of a request, without length and header. The bytes are the caller's: all is copied, and record
 * chunks are released.
 *
 * @param value - Fields that are left out get Kafka's default.
 * @throws EncodeError for an API or version that is not known, and for a value that does not fit: then with its path.
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
 * Decodes the body of a request, without length and header. Bytes and records in it are views of the input.
 *
 * @throws DecodeError for an API or version that is not known, and for bytes that are not such a request.
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
 * Encodes the body of a response, without length and header. The bytes are the caller's: all is copied, and record
 * chunks are released.
 *
 * @param value - Fields that are left out get Kafka's default, error codes 0.
 * @throws EncodeError for an API or version that is not known, and for a value that does not fit: then with its path.
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
 * Decodes the body of a response, without length and header. Bytes and records in it are views of the input.
 *
 * @throws DecodeError for an API or version that is not known, and for bytes that are not such a response.
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
 * Fits a response that was made for the latest version to another: a copy without the fields that the version does not
 * carry and that an encoder would refuse, or the response itself where there is nothing to drop. What is said in other
 * fields in another version, such as a topic by its name or its id, stays the caller's to say.
 *
 * @throws EncodeError for an API or version that is not known, and for a value that is no such response.
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
 * Encodes a request header, in the form that the API and version in it call for.
 *
 * @throws EncodeError for an API that is not known, and for a value that does not fit.
 */
export function encodeRequestHeader(header: RequestHeader): Buffer {
  const flexible = isFlexible(infoOf(header.apiKey, EncodeError).flexibleFrom, header.apiVersion);
  return encodeValue((writer, value) => writeRequestHeader(writer, value, flexible), 0, header, 'RequestHeader');
}

/**
 * Decodes the header at the beginning of a request.
 *
 * @throws DecodeError for an API that is not known, and for bytes that are no header.
 */
export function decodeRequestHeader(bytes: Uint8Array): DecodedHeader<RequestHeader> {
  return decodeHeader(bytes, 'RequestHeader', (reader) => {
    const header = readRequestHeader(reader, false);
    if (isFlexible(infoOf(header.apiKey, DecodeError).flexibleFrom, header.apiVersion)) reader.skipTaggedFields();
    return header;
  });
}

/**
 * Encodes a response header, in the form that an API and version call for.
 *
 * @throws EncodeError for an API that is not known, and for a value that does not fit.
 */
export function encodeResponseHeader(apiKey: number, version: number, header: ResponseHeader): Buffer {
  const flexible = hasFlexibleResponseHeader(apiKey, infoOf(apiKey, EncodeError).flexibleFrom, version);
  return encodeValue((writer, value) => writeResponseHeader(writer, value, flexible), 0, header, 'ResponseHeader');
}

/**
 * Decodes the header at the beginning of a response.
 *
 * @param apiKey - API key of the request: a response does not say.
 * @param version - Version of the request.
 * @throws DecodeError for an API that is not known, and for bytes that are no header.
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
