import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** A range of API versions, both ends included. */
export interface VersionRange {
  /** The lowest version, 0 to 32767. */
  readonly min: number;
  /** The highest version, `min` to 32767. */
  readonly max: number;
}

/**
 * Everything that is known of one API: its key and versions, and how its messages are read and written: bodies only,
 * without length prefix and header. One is generated for each API.
 */
export interface ApiCodec<Request = unknown, RequestInit = unknown, Response = unknown, ResponseInit = unknown> {
  /** API key on the wire. */
  readonly key: number;
  /** The name that Kafka gives it, such as `ListOffsets`. */
  readonly name: string;
  /** The versions that Kafka 4.4 defines. */
  readonly versions: VersionRange;
  /** The first version with compact lengths and tagged fields (KIP-482); -1 when no version has them. */
  readonly flexibleFrom: number;
  /**
   * Reads the body of a request.
   *
   * @throws DecodeError when the bytes are not the body of one.
   */
  readRequest(reader: Reader, version: number): Request;
  /**
   * Writes the body of a request.
   *
   * @throws EncodeError when the value does not fit the version.
   */
  writeRequest(writer: Writer, value: RequestInit, version: number): void;
  /**
   * Reads the body of a response.
   *
   * @throws DecodeError when the bytes are not the body of one.
   */
  readResponse(reader: Reader, version: number): Response;
  /**
   * Writes the body of a response.
   *
   * @throws EncodeError when the value does not fit the version.
   */
  writeResponse(writer: Writer, value: ResponseInit, version: number): void;
  /** The first error code other than 0 among those that the version carries, in the order of the fields; 0 without one. */
  findErrorCode(response: ResponseInit, version: number): number;
  /**
   * A response that says one error and nothing else: at the top if there is a place for it, and for every topic,
   * partition or group of the request.
   */
  errorResponse(request: Request, version: number, errorCode: number, errorMessage: string | null): ResponseInit;
  /**
   * A response with an error code at the top and nothing else, for a request that could not be read. Absent if no version
   * has a code at the top.
   */
  rejection?(version: number, errorCode: number, errorMessage: string | null): ResponseInit;
  /**
   * A response without what the version does not carry and would refuse; the response itself if there is nothing to
   * drop. Absent if no version refuses anything.
   */
  fitResponse?(response: ResponseInit, version: number): ResponseInit;
  /**
   * Releases the record memory of a response that is not written; `onError` is told what an owner throws. Absent if the
   * response has no records.
   */
  releaseRecords?(response: ResponseInit, onError: (error: unknown) => void): void;
}

/** How a message that is no API is read and written, such as what a consumer tells the others of its group. */
export interface DataCodec<Value = unknown, Init = unknown> {
  /** The name that Kafka gives it. */
  readonly name: string;
  /** The versions that Kafka 4.4 defines. */
  readonly versions: VersionRange;
  /** The first version with compact lengths and tagged fields (KIP-482); -1 when no version has them. */
  readonly flexibleFrom: number;
  read(reader: Reader, version: number): Value;
  write(writer: Writer, value: Init, version: number): void;
}
