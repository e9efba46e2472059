export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.js';
export { createMemoryBackend, type MemoryBackendOptions } from './memory-backend.js';
