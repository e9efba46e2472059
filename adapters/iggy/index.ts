/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A Kafka broker over a stream of Apache Iggy. Records are Iggy messages. Iggy clients and Kafka clients read and write the
 * same topics. You pass clients of Iggy's Node SDK, which this package does not depend on.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/adapters/iggy
 */
export type { IggyAddress } from './sdk/addresses.js';
export type {
  IggyClient,
  IggyClusterMetadata,
  IggyConsumer,
  IggyHeaderField,
  IggyHeaderInit,
  IggyId,
  IggyMessage,
  IggyMessageInit,
  IggyPartition,
  IggyPolled,
  IggyPollingStrategy,
  IggySendResult,
  IggyStream,
  IggyTopic,
  IggyTopicInit,
  IggyTopicRef,
  IggyTopicSettings,
} from './sdk/client.js';
export { createIggyBackend, type IggyBackendOptions } from './iggy-backend.js';
export { createIggyStore, type IggyStore } from './iggy-store.js';
export type { IggyStoreOptions } from './options.js';
export type { IggyDurability } from './sdk/durability.js';
