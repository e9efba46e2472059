/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The Kafka protocol without the messages of its APIs: record batches, error codes, headers, reader and writer. It
 * loads much faster than `iggy-gateway-kafka/protocol`, which exports the same symbols and all codecs.
 *
 * Stores use this module to read record batches:
 *
 * ```ts
 * import { RecordBatch, RecordReader } from 'iggy-gateway-kafka/protocol/core';
 * ```
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/protocol/core
 */
export { type ApiInfo, type ApiName, apis } from './apis.js';
export type { ApiCodec, DataCodec, VersionRange } from './codec.js';
export { decodeConsumerProtocol, encodeConsumerProtocol } from './consumer-protocol.js';
export { ErrorCode, errorName, type ErrorName } from './error-codes.js';
export { CodedError, DecodeError, type DecodeErrorCode, EncodeError, type EncodeErrorCode } from './errors.js';
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
export * from './messages/consumer-protocol.js';
export { Reader, type ReadElement } from './reader.js';
export * from './records/index.js';
export type { RecordChunks, RecordsInit } from './records-init.js';
export { NIL_UUID } from './strings.js';
export { type WriteElement, Writer } from './writer.js';
