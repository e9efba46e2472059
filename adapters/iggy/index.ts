/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A Kafka broker over a stream of Apache Iggy: records are Iggy's messages, and Iggy's clients and Kafka's read and write
 * the same topics. Iggy's Node SDK is yours: its clients are taken as they are.
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
