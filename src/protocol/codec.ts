import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** An inclusive range of API versions. */
export interface VersionRange {
  /** The lowest version, 0 to 32767. */
  readonly min: number;
  /** The highest version, `min` to 32767. */
  readonly max: number;
}

/**
 * Codec of one API: its key, its versions, and functions to read and write its messages. The functions handle the body
 * only, without length prefix and header. The generator creates one codec for each API.
 */
export interface ApiCodec<Request = unknown, RequestInit = unknown, Response = unknown, ResponseInit = unknown> {
  /** API key on the wire. */
  readonly key: number;
  /** Kafka's name of the API, such as `ListOffsets`. */
  readonly name: string;
  /** Versions that Kafka 4.4 defines. */
  readonly versions: VersionRange;
  /** First version with compact lengths and tagged fields (KIP-482); -1 if no version has them. */
  readonly flexibleFrom: number;
  /**
   * Reads the body of a request.
   *
   * @throws DecodeError if the bytes are not a valid request body.
   */
  readRequest(reader: Reader, version: number): Request;
  /**
   * Writes the body of a request.
   *
   * @throws EncodeError if the value does not fit the version.
   */
  writeRequest(writer: Writer, value: RequestInit, version: number): void;
  /**
   * Reads the body of a response.
   *
   * @throws DecodeError if the bytes are not a valid response body.
   */
  readResponse(reader: Reader, version: number): Response;
  /**
   * Writes the body of a response.
   *
   * @throws EncodeError if the value does not fit the version.
   */
  writeResponse(writer: Writer, value: ResponseInit, version: number): void;
  /**
   * Returns the first error code other than 0 in field order, of those that the version carries; 0 if there is none.
   */
  findErrorCode(response: ResponseInit, version: number): number;
  /**
   * Returns a response that contains only one error: at the top level if the response has a field for it, and for every
   * topic, partition or group of the request.
   */
  errorResponse(request: Request, version: number, errorCode: number, errorMessage: string | null): ResponseInit;
  /**
   * Returns a response that contains only a top-level error code, for a request that could not be decoded. Absent if no
   * version has a top-level error code.
   */
  rejection?(version: number, errorCode: number, errorMessage: string | null): ResponseInit;
  /**
   * Returns a copy of a response without the fields that the version does not carry and would reject. Returns the
   * response itself if there is nothing to drop. Absent if no version rejects a field.
   */
  fitResponse?(response: ResponseInit, version: number): ResponseInit;
  /**
   * Releases the record memory of a response that is not written. Calls `onError` with anything that a `release`
   * throws. Absent if the response has no records.
   */
  releaseRecords?(response: ResponseInit, onError: (error: unknown) => void): void;
}

/** Codec of a message that is not part of an API, such as the subscription of a group member. */
export interface DataCodec<Value = unknown, Init = unknown> {
  /** Kafka's name of the message. */
  readonly name: string;
  /** Versions that Kafka 4.4 defines. */
  readonly versions: VersionRange;
  /** First version with compact lengths and tagged fields (KIP-482); -1 if no version has them. */
  readonly flexibleFrom: number;
  read(reader: Reader, version: number): Value;
  write(writer: Writer, value: Init, version: number): void;
}
