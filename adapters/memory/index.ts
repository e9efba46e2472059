/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A Kafka broker in the memory of the process: the broker kit over a store that forgets everything with it.
 *
 * @packageDocumentation
 * @module iggy-gateway-kafka/adapters/memory
 */
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.js';
export { createMemoryBackend, type MemoryBackendOptions } from './memory-backend.js';
