import { onTestFinished } from 'vitest';
import { Addresses } from '../../adapters/iggy/sdk/addresses.js';
import type { IggyClient } from '../../adapters/iggy/sdk/client.js';
import { ClientPool, type PoolOptions } from '../../adapters/iggy/sdk/client-pool.js';
import { createStandIn, type StandIn } from './iggy-stand-in.js';

export interface PoolBench {
  readonly pool: ClientPool;
  readonly iggy: StandIn;
  readonly warnings: string[];
  /** Clients that were made and not closed. */
  readonly open: Set<IggyClient>;
}

/** Makes a pool over a stand-in. It waits long for everything; the test's options go before. */
export function makePool(options: Partial<PoolOptions> = {}, iggy: StandIn = createStandIn()): PoolBench {
  const open = new Set<IggyClient>();
  const warnings: string[] = [];
  const pool = new ClientPool({
    connect: () => tracked(iggy, open),
    addresses: new Addresses([{ host: '127.0.0.1', port: 8090 }], false),
    clients: [],
    connections: 2,
    commandTimeoutMs: 60_000,
    connectTimeoutMs: 60_000,
    check: (client) => client.system.getStats(),
    warn: (message) => warnings.push(message),
    ...options,
  });
  onTestFinished(() => pool.close());
  return { pool, iggy, warnings, open };
}

/** Makes a client that is in a set until it is closed. */
export function tracked(iggy: StandIn, open: Set<IggyClient>): IggyClient {
  const made = iggy.connect();
  const client: IggyClient = {
    ...made,
    async destroy() {
      open.delete(client);
      await made.destroy();
    },
  };
  open.add(client);
  return client;
}

export const ping = (client: IggyClient): Promise<boolean> => client.system.ping();
