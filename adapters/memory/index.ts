/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A Kafka broker in memory: the broker kit over a store whose data is lost when the process ends.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/adapters/memory
 */
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.js';
export { createMemoryBackend, type MemoryBackendOptions } from './memory-backend.js';
