/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A whole Kafka broker over a store of yours: give it a `LogStore`, and it answers topics, produce, fetch, groups.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/adapters/broker
 */
export { type BrokerBackend, type BrokerOptions, createBrokerBackend } from './broker.js';
export { type Clock, systemClock } from './clock.js';
export type { BrokerConfigInit, BrokerConfigValues, ConfigInit } from './configs/broker-config.js';
export { defaultGroupLimits, type GroupLimits } from './groups/limits.js';
export {
  type AppendEntry,
  type AppendResult,
  type BrokerRegistration,
  type Compaction,
  type FoundOffset,
  type LogBounds,
  type LogStore,
  type PartitionId,
  type ProducedBatch,
  type ReadEntry,
  type ReadResult,
  type Retention,
  type StateChange,
  type StoreCapabilities,
  type StoredTopic,
  StoreError,
  type StoreErrorKind,
} from './log-store.js';
export { type BrokerNode, type CoordinatorType, type Placement, singleNode } from './placement.js';
export { stampBatches } from './batch-fields.js';
