/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The Kafka protocol by itself: bytes to values and back. No sockets, no backend.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/protocol
 */
export { type ApiInfo, type ApiName, apis } from './apis.js';
export type { ApiCodec, DataCodec, VersionRange } from './codec.js';
export { ErrorCode, errorName, type ErrorName } from './error-codes.js';
export { DecodeError, type DecodeErrorCode, EncodeError, type EncodeErrorCode } from './errors.js';
export {
  hasFlexibleResponseHeader,
  isFlexible,
  readRequestHeader,
  readResponseHeader,
  type RequestHeader,
  type ResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
} from './header.js';
export * from './messages/index.js';
export { Reader, type ReadElement } from './reader.js';
export * from './records/index.js';
export { NIL_UUID } from './strings.js';
export { type RecordChunks, type RecordsInit, type WriteElement, Writer } from './writer.js';
