/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Encodes and decodes the messages of the Kafka protocol, without sockets and without a backend.
 *
 * Each message has two types. The decoded type (`MetadataRequest`) has the fields of all versions. A field that the
 * version does not carry holds Kafka's default. In the type for encoding (`MetadataRequestInit`), fields with a default
 * are optional. A codec such as {@link metadataApi} reads and writes the messages of one API. {@link apis} lists all
 * APIs with their versions.
 *
 * {@link encodeRequest}, {@link decodeResponse} and related functions select the codec by API key and version. Missing
 * fields get Kafka's default:
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
