import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** A range of API versions, both ends included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/**
 * Everything that is known of one API: its key and versions, and how its messages are read and written. Generated, one
 * for each API; bodies only, without length prefix and header.
 */
export interface ApiCodec<Request = unknown, RequestInit = unknown, Response = unknown, ResponseInit = unknown> {
  /** API key on the wire. */
  readonly key: number;
  /** The name that Kafka gives it, such as `ListOffsets`. */
  readonly name: string;
  /** The versions that Kafka 4.3 defines. */
  readonly versions: VersionRange;
  /** The first version with compact lengths and tagged fields (KIP-482); -1 when no version has them. */
  readonly flexibleFrom: number;
  readRequest(reader: Reader, version: number): Request;
  writeRequest(writer: Writer, value: RequestInit, version: number): void;
  readResponse(reader: Reader, version: number): Response;
  writeResponse(writer: Writer, value: ResponseInit, version: number): void;
  /** The first error code in a response that is not 0, in the order of the fields, of those that the version carries. */
  findErrorCode(response: ResponseInit, version: number): number;
  /**
   * A response that says nothing but one error: at the top where there is a place for it, and for every topic,
   * partition or group of the request.
   */
  errorResponse(request: Request, version: number, errorCode: number, errorMessage: string | null): ResponseInit;
  /**
   * A response with an error code at the top and nothing else, for a request that could not be read. Absent where no
   * version has a code at the top.
   */
  rejection?(version: number, errorCode: number, errorMessage: string | null): ResponseInit;
  /** Gives record memory back to its owners: what was never written, is released here. Absent where no records are. */
  releaseRecords?(response: ResponseInit, onError: (error: unknown) => void): void;
}

/** How a message that is no API is read and written, such as what a consumer tells the others of its group. */
export interface DataCodec<Value = unknown, Init = unknown> {
  /** The name that Kafka gives it. */
  readonly name: string;
  /** The versions that Kafka 4.3 defines. */
  readonly versions: VersionRange;
  /** The first version with compact lengths and tagged fields (KIP-482); -1 when no version has them. */
  readonly flexibleFrom: number;
  read(reader: Reader, version: number): Value;
  write(writer: Writer, value: Init, version: number): void;
}
