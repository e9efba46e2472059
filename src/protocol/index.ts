/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The Kafka protocol by itself: bytes to values and back. No sockets, no backend.
 *
 * Each message has two types. What decoding gives (`MetadataRequest`) has every field of every version; a field that the
 * version does not carry holds Kafka's default. What encoding takes (`MetadataRequestInit`) may leave out fields that
 * have a default. A codec such as {@link metadataApi} reads and writes the messages of one API, and {@link apis} lists
 * all APIs with their versions.
 *
 * {@link encodeRequest}, {@link decodeResponse} and their like go by API key and version, and take Kafka's default for
 * whatever is left out:
 *
 * ```ts
 * const body = encodeRequest(3, 12, { topics: [{ name: 'orders' }] });
 * const header = encodeRequestHeader({ apiKey: 3, apiVersion: 12, correlationId: 1, clientId: 'me' });
 * const { topics } = decodeResponse(3, 12, answer);
 * ```
 *
 * This module loads the codecs of all APIs. `iggy-gateway-kafka/protocol/messages/metadata` loads the codec of one API,
 * and `iggy-gateway-kafka/protocol/core` everything except the codecs.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/protocol
 */
export {
  type DecodedHeader,
  type DecodedRequest,
  type DecodedResponse,
  type DecodeOptions,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  decodeResponseHeader,
  encodeRequest,
  encodeRequestHeader,
  encodeResponse,
  encodeResponseHeader,
  fitResponse,
  type Loose,
  type RequestValue,
  type ResponseValue,
} from './by-number.js';
export type { Codecs } from './codecs.js';
export * from './core.js';
export * from './messages/index.js';
