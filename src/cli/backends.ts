import type { Backend, StubMode } from '../index.js';

/** What backends are made from. */
export interface BackendSettings {
  readonly stubMode?: StubMode | undefined;
  /** Configs of the broker by Kafka's names. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** The most memory that records may take, in bytes. */
  readonly memoryMaxBytes?: number | undefined;
}

export type BackendName = 'memory' | 'stub';

/** The backends that `serve` offers; none is loaded before it is chosen. */
export const backends: Readonly<Record<BackendName, (settings: BackendSettings) => Promise<Backend>>> = {
  memory: async ({ config, memoryMaxBytes }: BackendSettings): Promise<Backend> => {
    const { createMemoryBackend } = await import('../../adapters/memory/memory-backend.js');
    return createMemoryBackend({ config, maxBytes: memoryMaxBytes });
  },
  stub: async ({ stubMode }: BackendSettings): Promise<Backend> => {
    const { createStubBackend } = await import('../../adapters/stub/stub-backend.js');
    return createStubBackend({ mode: stubMode });
  },
};

export const backendNames = Object.keys(backends) as readonly BackendName[];
