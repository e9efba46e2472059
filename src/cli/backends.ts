import type { Backend, Endpoint, StubMode } from '../index.js';
import { loadIggySdk } from './iggy-sdk.js';

/** Where Iggy is, and as whom to go there; what is left out is what an Iggy server has by default. */
export interface IggySettings {
  /** The nodes, the first of which is dialled first. */
  readonly addresses?: readonly Endpoint[] | undefined;
  readonly stream?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The most connections. */
  readonly connections?: number | undefined;
  readonly stateTopic?: string | undefined;
  /** What acknowledged records survive in topics that Kafka's clients create. */
  readonly durability?: 'none' | 'process' | 'power' | undefined;
  readonly sessionTimeoutMs?: number | undefined;
  /** Groups whose offsets are taken over from Iggy's Kafka gateway in Rust. */
  readonly importOffsets?: readonly string[] | undefined;
  /** Whether what groups commit is shown to Iggy's tools as well. */
  readonly mirrorOffsets?: boolean | undefined;
}

/** What backends are made from. */
export interface BackendSettings {
  readonly stubMode?: StubMode | undefined;
  /** Configs of the broker by Kafka's names. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** The most memory that records may take, in bytes. */
  readonly memoryMaxBytes?: number | undefined;
  readonly iggy: IggySettings;
}

/** What backends have of the process. */
export interface BackendHost {
  /** The folder that the command was called in. */
  readonly cwd: string;
  /** Tells the operator. */
  readonly warn: (message: string) => void;
}

export type BackendName = 'memory' | 'stub' | 'iggy';

type MakeBackend = (settings: BackendSettings, host: BackendHost) => Promise<Backend>;

/** The backends that `serve` offers; none is loaded before it is chosen. */
export const backends: Readonly<Record<BackendName, MakeBackend>> = {
  memory: async ({ config, memoryMaxBytes }, { warn }): Promise<Backend> => {
    const { createMemoryBackend } = await import('../../adapters/memory/memory-backend.js');
    return createMemoryBackend({ config, maxBytes: memoryMaxBytes, warn });
  },
  stub: async ({ stubMode }): Promise<Backend> => {
    const { createStubBackend } = await import('../../adapters/stub/stub-backend.js');
    return createStubBackend({ mode: stubMode });
  },
  iggy: async ({ config, iggy }, { cwd, warn }): Promise<Backend> => {
    const { Client } = await loadIggySdk(cwd);
    const { createIggyBackend } = await import('../../adapters/iggy/index.js');
    const { addresses = [{ host: '127.0.0.1', port: 8090 }], stream = 'kafka', connections } = iggy;
    const { username = 'iggy', password = 'iggy', stateTopic, durability, sessionTimeoutMs } = iggy;
    const { importOffsets, mirrorOffsets } = iggy;
    const credentials = { username, password };
    // The adapter replaces clients that break at once; the SDK would hold up the next command for 5 s.
    const reconnect = { enabled: false, interval: 0, maxRetries: 0 };
    const connect = ({ host, port }: Endpoint) =>
      new Client({ transport: 'TCP', options: { host, port }, credentials, reconnect });
    const kept = { stateTopic, durability, sessionTimeoutMs, importOffsets, mirrorOffsets };
    return createIggyBackend({ connect, addresses, connections, stream, ...kept, config, warn });
  },
};

export const backendNames = Object.keys(backends) as readonly BackendName[];
