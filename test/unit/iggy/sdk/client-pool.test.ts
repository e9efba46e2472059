import { expect, test, vi } from 'vitest';
import type { IggyClient } from '../../../../adapters/iggy/sdk/client.js';
import { makePool, ping, tracked } from '../../../support/iggy-pool.js';
import { createStandIn } from '../../../support/iggy-stand-in.js';

const QUICK = { commandTimeoutMs: 200, connectTimeoutMs: 200 };

test('a client that is made too late is closed', async () => {
  const iggy = createStandIn();
  const open = new Set<IggyClient>();
  let make = (): void => undefined;
  const connect = (): Promise<IggyClient> =>
    new Promise((resolve) => {
      make = () => resolve(tracked(iggy, open));
    });
  const { pool } = makePool({ ...QUICK, connect, connections: 1, connectTimeoutMs: 50 });
  await expect(pool.run(ping)).rejects.toMatchObject({ code: 'UNSENT' });
  make();
  await vi.waitFor(() => expect(open.size).toBe(0));
});

test('a pool that is closed while it connects keeps no client, and asks nothing more', async () => {
  const { pool, iggy, open } = makePool(QUICK);
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
  expect(await running).toMatchObject({ code: 'UNSENT', message: 'the adapter is closed' });
  await vi.waitFor(() => expect(open.size).toBe(0));
  expect(iggy.counts.get('system.ping')).toBeUndefined();
});

test('a command that finds all connections busy for too long says so', async () => {
  const { pool, iggy } = makePool({ ...QUICK, commandTimeoutMs: 2000, connectTimeoutMs: 50 });
  iggy.fault = (name) => (name === 'system.ping' ? 'hang' : undefined);
  for (let busy = 0; busy < 2; busy++) pool.run(ping).catch(() => undefined);
  await expect(pool.run(ping)).rejects.toThrow('no connection for 50 ms: all 2 are busy');
});

test('a client of the user that gives no answer is told of at once: it may never give one', async () => {
  const iggy = createStandIn();
  const { pool, warnings } = makePool({
    ...QUICK,
    connect: undefined,
    clients: [iggy.connect()],
    commandTimeoutMs: 50,
  });
  iggy.fault = () => 'hang';
  await expect(pool.run(ping)).rejects.toMatchObject({ code: 'LATE' });
  expect(warnings).toEqual(['Iggy: a connection has failed: no answer within 50 ms to a command']);
});

test('a client of the user that answers late, after others have, is no new failure', async () => {
  const iggy = createStandIn();
  const clients = [iggy.connect(), iggy.connect()];
  const { pool, warnings } = makePool({ ...QUICK, connect: undefined, clients, commandTimeoutMs: 50 });
  let answer = (): void => undefined;
  const late = new Promise<void>((resolve) => (answer = resolve));
  await expect(pool.run(() => late)).rejects.toMatchObject({ code: 'LATE' });
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
  const { pool, warnings } = makePool({ ...QUICK, connect, connectTimeoutMs: 50 });
  await expect(pool.run(ping)).rejects.toThrow('no such host');
  expect(warnings).toEqual(['Iggy: a connection has failed: no such host']);
});
