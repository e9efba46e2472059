/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A gateway that lets unmodified Kafka clients talk to your own backend from inside your Node.js process.
 *
 * {@link createKafkaGateway} creates a gateway. A {@link Backend} answers the requests.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka
 */
export { createStubBackend, type StubBackend, type StubMode, type StubOptions } from '../adapters/stub/stub-backend.js';
export {
  type AbortCause,
  type ApiHandler,
  type ApiName,
  type Awaitable,
  type Backend,
  type BackendMethods,
  type BackendState,
  type BackendStatus,
  type BrokerIdentity,
  CodedError,
  type ConnectionInfo,
  defineBackend,
  type Endpoint,
  ErrorCode,
  errorName,
  type ErrorName,
  type Features,
  type GatewayHandle,
  KafkaError,
  type Principal,
  RequestAbortedError,
  type RequestContext,
  type VersionRange,
} from './contract/index.js';
export { GatewayError, type GatewayErrorCode, OptionError } from './errors.js';
export type {
  ConnectionErrorEvent,
  GatewayEvents,
  ListeningEvent,
  ProtocolErrorEvent,
  RequestErrorEvent,
  RequestEvent,
  ResponseEvent,
  UnsupportedVersionEvent,
} from './events.js';
export { ConnectionTimeoutError } from './listener/connection-limits.js';
export { ForeignProtocolError, FrameLengthError } from './listener/frame-reader.js';
export { TooManyConnectionsError } from './listener/listener.js';
export { type CloseOptions, createKafkaGateway, type GatewayStats, type KafkaGateway } from './gateway.js';
export type { GatewayOptions, ListenerOptions } from './options.js';
