import { expect, onTestFinished, test, vi } from 'vitest';
import { Addresses } from '../../../../adapters/iggy/sdk/addresses.js';
import type { IggyClient } from '../../../../adapters/iggy/sdk/client.js';
import { ClientPool, type PoolOptions } from '../../../../adapters/iggy/sdk/client-pool.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';

interface Bench {
  readonly pool: ClientPool;
  readonly iggy: StandIn;
  readonly warnings: string[];
  /** Clients that were made and not closed. */
  readonly open: Set<IggyClient>;
}

function makePool(options: Partial<PoolOptions> = {}): Bench {
  const iggy = createStandIn();
  const open = new Set<IggyClient>();
  const warnings: string[] = [];
  const connect = (): IggyClient => tracked(iggy, open);
  const timeouts = { commandTimeoutMs: 200, connectTimeoutMs: 200 };
  const addresses = new Addresses([{ host: '127.0.0.1', port: 8090 }], false);
  const check = (client: IggyClient): Promise<unknown> => client.system.getStats();
  const warn = (message: string): unknown => warnings.push(message);
  const pool = new ClientPool({
    connect,
    addresses,
    clients: [],
    connections: 2,
    check,
    warn,
    ...timeouts,
    ...options,
  });
  onTestFinished(() => pool.close());
  return { pool, iggy, warnings, open };
}

function tracked(iggy: StandIn, open: Set<IggyClient>): IggyClient {
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

const ping = (client: IggyClient): Promise<boolean> => client.system.ping();

test('a client that is made too late is closed', async () => {
  const iggy = createStandIn();
  const open = new Set<IggyClient>();
  let make = (): void => undefined;
  const connect = (): Promise<IggyClient> =>
    new Promise((resolve) => {
      make = () => resolve(tracked(iggy, open));
    });
  const { pool } = makePool({ connect, connections: 1, connectTimeoutMs: 50 });
  await expect(pool.run(ping)).rejects.toMatchObject({ kind: 'unsent' });
  make();
  await vi.waitFor(() => expect(open.size).toBe(0));
});

test('a pool that is closed while it connects keeps no client, and asks nothing more', async () => {
  const { pool, iggy, open } = makePool();
  let checked = (): void => undefined;
  iggy.fault = (name) => {
    if (name === 'system.getStats') checked();
    return undefined;
  };
  const checking = new Promise<void>((resolve) => {
    checked = resolve;
  });
  const running = pool.run(ping).catch((error: unknown) => error);
  await checking;
  await pool.close();
  expect(await running).toMatchObject({ kind: 'unsent', message: 'the adapter is closed' });
  await vi.waitFor(() => expect(open.size).toBe(0));
  expect(iggy.counts.get('system.ping')).toBeUndefined();
});

test('a command that finds all connections busy for too long says so', async () => {
  const { pool, iggy } = makePool({ commandTimeoutMs: 2000, connectTimeoutMs: 50 });
  iggy.fault = (name) => (name === 'system.ping' ? 'hang' : undefined);
  for (let busy = 0; busy < 2; busy++) pool.run(ping).catch(() => undefined);
  await expect(pool.run(ping)).rejects.toThrow('no connection for 50 ms: all 2 are busy');
});

test('a client of the user that gives no answer is told of at once: it may never give one', async () => {
  const iggy = createStandIn();
  const { pool, warnings } = makePool({ connect: undefined, clients: [iggy.connect()], commandTimeoutMs: 50 });
  iggy.fault = () => 'hang';
  await expect(pool.run(ping)).rejects.toMatchObject({ kind: 'late' });
  expect(warnings).toEqual(['Iggy: a connection has failed: no answer within 50 ms to a command']);
});

test('a client of the user that answers late, after others have, is no new failure', async () => {
  const iggy = createStandIn();
  const clients = [iggy.connect(), iggy.connect()];
  const { pool, warnings } = makePool({ connect: undefined, clients, commandTimeoutMs: 50 });
  let answer = (): void => undefined;
  const late = new Promise<void>((resolve) => (answer = resolve));
  await expect(pool.run(() => late)).rejects.toMatchObject({ kind: 'late' });
  await pool.run(ping);
  answer();
  await late;
  await pool.run(ping);
  expect(warnings).toEqual([
    'Iggy: a connection has failed: no answer within 50 ms to a command',
    'Iggy: commands are answered again',
  ]);
});

test('why a client cannot be made is said', async () => {
  const connect = (): Promise<IggyClient> => Promise.reject(new Error('no such host'));
  const { pool, warnings } = makePool({ connect, connectTimeoutMs: 50 });
  await expect(pool.run(ping)).rejects.toThrow('no such host');
  expect(warnings).toEqual(['Iggy: a connection has failed: no such host']);
});
