/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A complete Kafka broker over your own store. You implement a `LogStore`; the broker handles topics, produce, fetch and
 * groups.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/adapters/broker
 */
export { BROKER_OPTION_NAMES, type BrokerBackend, type BrokerOptions, createBrokerBackend } from './broker.js';
export { type Clock, systemClock } from './clock.js';
export type { BrokerConfigInit, BrokerConfigValues, ConfigInit } from './broker-config.js';
export { defaultGroupLimits, type GroupLimits } from './groups/limits.js';
export {
  type CommittedPartition,
  encodeStoredOffset,
  readStoredOffset,
  type StoredOffset,
  storedOffsetKey,
} from './groups/stored-offset.js';
export {
  type AppendEntry,
  type AppendResult,
  type Claim,
  type ClaimResult,
  type Compaction,
  type Durability,
  type FoundOffset,
  type LogOffsets,
  type LogStore,
  type PartitionId,
  type ReplayedBatch,
  type ReadEntry,
  type ReadResult,
  type Retention,
  type StoredTopic,
  type TransactionMarker,
} from './store/log-store.js';
export type { ShardChange, ShardEntry, ShardOpening, ShardValue, StateShard } from './store/state-shard.js';
export { firstRecordSince, latestRecord } from './store/find-by-timestamp.js';
export { LogCompactor } from './store/log-compactor.js';
export { CodedError } from '../../src/contract/index.js';
export { StoreError, type StoreErrorCode } from './store/store-error.js';
export type { BrokerNode } from './broker-node.js';
export { type CoordinatorType, type Placement, singleNode } from './cluster/placement.js';
export { stampBatches } from '../../src/protocol/core.js';
