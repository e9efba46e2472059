import type { Backend, StubMode } from '../index.js';

/** What backends are made from. */
export interface BackendSettings {
  readonly stubMode?: StubMode | undefined;
}

export type BackendName = 'stub';

/** The backends that `serve` offers; none is loaded before it is chosen. */
export const backends: Readonly<Record<BackendName, (settings: BackendSettings) => Promise<Backend>>> = {
  stub: async ({ stubMode }: BackendSettings): Promise<Backend> => {
    const { createStubBackend } = await import('../../adapters/stub/stub-backend.js');
    return createStubBackend({ mode: stubMode });
  },
};

export const backendNames = Object.keys(backends) as readonly BackendName[];
