import type { Backend, StubMode } from '../index.js';

/** What backends are made from. */
export interface BackendSettings {
  readonly stubMode?: StubMode | undefined;
}

/** The backends that `serve` offers; none is loaded before it is chosen. */
export const backends = {
  stub: async ({ stubMode }: BackendSettings): Promise<Backend> => {
    const { createStubBackend } = await import('../../adapters/stub/stub-backend.js');
    return createStubBackend({ mode: stubMode });
  },
} as const satisfies Record<string, (settings: BackendSettings) => Promise<Backend>>;

export type BackendName = keyof typeof backends;

export const backendNames = Object.keys(backends) as readonly BackendName[];
