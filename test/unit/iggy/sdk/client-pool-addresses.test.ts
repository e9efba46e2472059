import { expect, test, vi } from 'vitest';
import { Addresses, type IggyAddress } from '../../../../adapters/iggy/sdk/addresses.js';
import type { IggyClient } from '../../../../adapters/iggy/sdk/client.js';
import type { ClientPool } from '../../../../adapters/iggy/sdk/client-pool.js';
import { type PoolOptions } from '../../../../adapters/iggy/sdk/client-pool.js';
import { makePool, ping } from '../../../support/iggy-pool.js';
import { createStandIn } from '../../../support/iggy-stand-in.js';

interface Cluster {
  readonly pool: ClientPool;
  readonly warnings: string[];
  /** Ports that were dialled. */
  readonly dialled: number[];
  /** Ports of nodes that are not there. */
  readonly away: Set<number>;
  /** Ports of nodes that take connections and answer nothing. */
  readonly silent: Set<number>;
}

/** A pool over nodes that are all the same stand-in. */
function makeCluster(ports: readonly number[], options: Partial<PoolOptions> = {}): Cluster {
  const iggy = createStandIn();
  const dialled: number[] = [];
  const away = new Set<number>();
  const silent = new Set<number>();
  const connect = ({ host, port }: IggyAddress): IggyClient => {
    dialled.push(port);
    if (away.has(port)) throw Object.assign(new Error(`connect ECONNREFUSED ${host}`), { code: 'ECONNREFUSED' });
    const client = iggy.connect();
    const answer = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
      if (silent.has(port)) await new Promise(() => undefined);
      if (away.has(port)) throw new Error('connection closed while waiting for response');
      return ask();
    };
    const { ping, getStats } = client.system;
    return { ...client, system: { ping: () => answer(ping), getStats: () => answer(getStats) } };
  };
  const addresses = new Addresses(
    ports.map((port) => ({ host: port === 3 ? '::1' : 'iggy', port })),
    true,
  );
  const { pool, warnings } = makePool({ connect, addresses, connections: 1, slowMs: 20, ...options });
  return { pool, warnings, dialled, away, silent };
}

const GONE = 'Iggy: a connection has failed at iggy:1: connect ECONNREFUSED iggy';

test('a first address that is dead is passed over at once, and recovery is told once', async () => {
  const { pool, warnings, dialled, away } = makeCluster([1, 2]);
  away.add(1);
  await pool.open();
  await pool.run(ping);
  expect(dialled).toEqual([1, 2]);
  expect(warnings).toEqual([GONE, 'Iggy: commands are answered again, by iggy:2']);
});

test('a node that goes is left for the next one', async () => {
  const { pool, warnings, dialled, away } = makeCluster([1, 3]);
  await pool.run(ping);
  away.add(1);
  expect(await pool.query(ping)).toBe(true);
  expect(dialled).toEqual([1, 1, 3]);
  expect(warnings).toEqual([
    'Iggy: a connection has failed at iggy:1: connection closed while waiting for response',
    'Iggy: commands are answered again, by [::1]:3',
  ]);
});

test('all dead, then one back: what waits goes on there', async () => {
  const { pool, warnings, dialled, away } = makeCluster([1, 2, 3]);
  for (const port of [1, 2, 3]) away.add(port);
  const running = pool.run(ping);
  await vi.waitFor(() => expect(dialled.length).toBeGreaterThan(4));
  away.delete(2);
  expect(await running).toBe(true);
  expect([...new Set(dialled)]).toEqual([1, 2, 3]);
  expect(dialled.at(-1)).toBe(2);
  expect(warnings).toEqual([GONE, 'Iggy: commands are answered again, by iggy:2']);
});

test('the address that worked last is dialled first', async () => {
  const { pool, dialled, away } = makeCluster([1, 2]);
  away.add(1);
  await pool.run(ping);
  away.clear();
  await expect(pool.run(() => Promise.reject(new Error('connection closed')))).rejects.toMatchObject({
    code: 'BROKEN',
  });
  await pool.run(ping);
  expect(dialled).toEqual([1, 2, 2]);
});

test('a node that takes connections and answers nothing gets its share of the time for connecting', async () => {
  const { pool, dialled, silent } = makeCluster([1, 2], { connectTimeoutMs: 200 });
  silent.add(1);
  await expect(pool.run(ping)).rejects.toMatchObject({ code: 'UNSENT' });
  expect(await pool.run(ping)).toBe(true);
  expect(dialled).toEqual([1, 2]);
});

test('an address whose login was given up is dialled again once the SDK has let go of it', async () => {
  let letGo = (): void => undefined;
  const login = new Promise<void>((resolve) => (letGo = resolve));
  let logins = 0;
  const check = (): Promise<void> => (++logins === 1 ? login : Promise.resolve());
  const { pool, dialled } = makeCluster([1], { connectTimeoutMs: 200, check });
  await expect(pool.run(ping)).rejects.toMatchObject({ code: 'UNSENT' });
  letGo();
  expect(await pool.run(ping)).toBe(true);
  expect(dialled).toEqual([1, 1]);
});

test('a pool that is closed at any moment of a dial closes the client that was made', async () => {
  const iggy = createStandIn();
  for (let turns = 0; turns < 12; turns++) {
    const destroy = vi.fn(async () => undefined);
    const connect = (): IggyClient => ({ ...iggy.connect(), destroy });
    let closing: Promise<void> | undefined;
    const check = async (): Promise<void> => {
      void (async () => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        closing = pool.close();
      })();
    };
    const { pool } = makeCluster([1], { connect, check });
    await pool.run(ping).catch(() => undefined);
    await closing;
    await vi.waitFor(() => expect(destroy).toHaveBeenCalled());
  }
});

test('several dials that fail together are one failure', () => {
  const addresses = new Addresses([{ host: 'iggy', port: 1 }], true);
  const target = addresses.next(1000);
  for (let dial = 0; dial < 8; dial++) addresses.failed(target, 1000, 1001);
  expect(target.failures).toBe(1);
  expect(addresses.readyAt).toBeGreaterThanOrEqual(1026);
  expect(addresses.readyAt).toBeLessThanOrEqual(1051);
});

test('where all addresses rest, the one that is ready first is next', () => {
  const addresses = new Addresses(
    [1, 2].map((port) => ({ host: 'iggy', port })),
    true,
  );
  const first = addresses.next(100);
  addresses.failed(first, 0, 100);
  const second = addresses.next(100);
  expect([first.label, second.label]).toEqual(['iggy:1', 'iggy:2']);
  addresses.failed(second, 0, 100);
  expect(addresses.next(100).notBefore).toBe(Math.min(first.notBefore, second.notBefore));
  addresses.worked(second);
  expect(addresses.next(100)).toBe(second);
});

/** A command that is never answered, and what becomes of it. */
function unanswered(pool: ClientPool): { readonly sent: Promise<void>; readonly failure: Promise<unknown> } {
  let send = (): void => undefined;
  const sent = new Promise<void>((resolve) => (send = resolve));
  const failure = pool
    .run(() => {
      send();
      return new Promise<never>(() => undefined);
    })
    .catch((error: unknown) => error);
  return { sent, failure };
}

const DEAD = { code: 'LATE', message: expect.stringMatching(/^no answer for \d+ ms, and none to another connection$/) };

test('a node that answers no new connection either is given up early, and left for the next one', async () => {
  const { pool, silent, dialled } = makeCluster([1, 2], { silenceMs: 40, connectTimeoutMs: 200 });
  const { sent, failure } = unanswered(pool);
  await sent;
  silent.add(1);
  expect(await failure).toMatchObject(DEAD);
  expect(await pool.run(ping)).toBe(true);
  expect(dialled).toEqual([1, 1, 2]);
});

test('a node whose older connection does not answer a ping is given up early', async () => {
  const { pool, silent, dialled } = makeCluster([1, 2], { connections: 2, silenceMs: 40, connectTimeoutMs: 200 });
  await Promise.all([pool.run(ping), pool.run(ping)]);
  const { sent, failure } = unanswered(pool);
  await sent;
  silent.add(1);
  expect(await failure).toMatchObject(DEAD);
  expect(dialled).toEqual([1, 1]);
});

test('a node that answers others is waited for: by what they get, by a ping, or by a new connection', async () => {
  const { pool, dialled } = makeCluster([1], { connections: 2, silenceMs: 40 });
  await Promise.all([pool.run(ping), pool.run(ping)]);
  const first = unanswered(pool);
  await first.sent;
  const settled = vi.fn();
  void first.failure.then(settled);
  for (let until = performance.now() + 100; performance.now() < until;) await pool.run(ping);
  // Idle from here on: it is pinged.
  const pinged = vi.fn(() => false);
  await vi.waitFor(() => expect(pinged.mock.calls.length).toBeGreaterThan(4), { interval: 20 }).catch(() => undefined);
  expect(settled).not.toHaveBeenCalled();
  // Both are taken: a new one is made.
  const second = unanswered(pool);
  await second.sent;
  await vi.waitFor(() => expect(dialled.length).toBeGreaterThan(2), { timeout: 5000 });
  expect(settled).not.toHaveBeenCalled();
});

test('clients of the user that cannot be asked are waited for', async () => {
  const iggy = createStandIn();
  const clients = [iggy.connect()];
  const { pool } = makeCluster([1], { connect: undefined, clients, silenceMs: 20, commandTimeoutMs: 200 });
  expect(await unanswered(pool).failure).toMatchObject({ message: 'no answer within 200 ms to a command' });
});
