import { expect, test, vi } from 'vitest';
import type { IggyClient } from '../../../../adapters/iggy/sdk/client.js';
import type { ClientPool } from '../../../../adapters/iggy/sdk/client-pool.js';
import { CommandKey } from '../../../../adapters/iggy/sdk/command-key.js';
import { makePool, ping } from '../../../support/iggy-pool.js';
import { createStandIn } from '../../../support/iggy-stand-in.js';
import { refusal } from '../../../support/iggy-store.js';

/** Commands are slow after 20 ms. */
const SLOW = { slowMs: 20 };

/** A command that is answered when it is told to. */
interface Held {
  readonly command: () => Promise<string>;
  /** Settles once the command was sent. */
  readonly sent: Promise<void>;
  answer(): void;
  refuse(error: Error): void;
}

function held(name = 'held'): Held {
  let answer = (): void => undefined;
  let refuse = (_error: Error): void => undefined;
  let send = (): void => undefined;
  const sent = new Promise<void>((resolve) => (send = resolve));
  const answered = new Promise<string>((resolve, reject) => {
    answer = () => resolve(name);
    refuse = reject;
  });
  answered.catch(() => undefined);
  return {
    sent,
    command: () => {
      send();
      return answered;
    },
    answer: () => answer(),
    refuse: (error) => refuse(error),
  };
}

/** Starts a command that is not answered, and waits until it is slow. */
async function hang(pool: ClientPool, key: CommandKey): Promise<Held> {
  const hanging = held(key.name);
  pool.run(hanging.command, key).catch(() => undefined);
  await vi.waitFor(() => expect(key.isSlow).toBe(true));
  return hanging;
}

const keys = (count: number): CommandKey[] =>
  Array.from({ length: count }, (_, index) => new CommandKey(`topic-${String(index)}`));

test('topics that give no answer do not hold up the others', async () => {
  const { pool, open } = makePool({ ...SLOW, connections: 4 });
  const healthy = new CommandKey('healthy');
  await pool.run(ping, healthy);
  for (const key of keys(6)) {
    const hanging = held();
    pool.run(hanging.command, key).catch(() => undefined);
    await hanging.sent;
    await pool.run(ping, healthy);
    await pool.run(ping);
  }
  expect(open.size).toBeLessThanOrEqual(8);
});

test('keys that were never answered leave one connection to those that were, however many they are', async () => {
  const { pool } = makePool({ ...SLOW, connections: 2 });
  const healthy = new CommandKey('healthy');
  await pool.run(ping, healthy);
  const waiting = keys(5).map((key) => pool.run(held().command, key).catch((error: unknown) => error));
  for (let round = 0; round < 5; round++) {
    await pool.run(ping, healthy);
    await pool.run(ping);
    expect(pool.isBusy).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await pool.close();
  expect(await Promise.race(waiting)).toMatchObject({ code: 'UNSENT' });
});

test('with one connection the others get one besides, which is closed after the slow command is answered', async () => {
  const { pool, open } = makePool({ ...SLOW, connections: 1 });
  const slow = new CommandKey('slow');
  const hanging = await hang(pool, slow);
  await pool.run(ping, new CommandKey('other'));
  expect(open.size).toBe(2);
  hanging.answer();
  await vi.waitFor(() => expect(open.size).toBe(1));
  expect(slow.isSlow).toBe(false);
  await pool.run(ping, slow);
});

test('a key whose command is slow has one connection, and its commands go on in their order', async () => {
  const { pool } = makePool({ ...SLOW, connections: 4 });
  const slow = new CommandKey('slow');
  const hanging = await hang(pool, slow);
  const done: number[] = [];
  const next = [1, 2, 3].map((number) =>
    pool.run(async (client) => {
      await client.system.ping();
      done.push(number);
    }, slow),
  );
  await pool.run(ping, new CommandKey('other'));
  expect([slow.running, slow.waiting, done]).toEqual([1, 3, []]);
  hanging.answer();
  await Promise.all(next);
  expect(done).toEqual([1, 2, 3]);
});

test('what waits for a key without an answer is told so', async () => {
  const { pool } = makePool({ ...SLOW, connectTimeoutMs: 50 });
  const slow = new CommandKey('orders-0');
  await hang(pool, slow);
  await expect(pool.run(ping, slow)).rejects.toThrow(
    'no connection for 50 ms: Iggy has not answered the last command for orders-0',
  );
});

test('a key whose command was given up has a connection of its own for the next, and is as any once that is answered', async () => {
  const { pool } = makePool({ ...SLOW, connections: 1, commandTimeoutMs: 50 });
  const slow = new CommandKey('slow');
  await expect(pool.run(held().command, slow)).rejects.toMatchObject({ code: 'LATE' });
  expect(slow.isSlow).toBe(true);
  const again = held();
  const running = pool.run(again.command, slow);
  await again.sent;
  await pool.run(ping);
  again.answer();
  await running;
  expect(slow.isSlow).toBe(false);
});

test('more slow commands than have connections of their own stay among the others until one is answered', async () => {
  const { pool } = makePool({ ...SLOW, connections: 1, connectTimeoutMs: 100 });
  const [first, second] = keys(2) as [CommandKey, CommandKey];
  const one = await hang(pool, first);
  const two = await hang(pool, second);
  await expect(pool.run(ping)).rejects.toThrow('no connection for 100 ms: all 1 are busy');
  one.answer();
  await pool.run(ping);
  two.answer();
});

test('what the server refuses for now is no broken connection, and confines its key', async () => {
  const { pool, warnings, open } = makePool(SLOW);
  const key = new CommandKey('orders-0');
  await expect(pool.run(() => Promise.reject(refusal(58, 101)), key)).rejects.toMatchObject({ code: 'REFUSED' });
  expect([key.isSlow, key.isProven, open.size, warnings]).toEqual([true, false, 1, []]);
  await expect(pool.run(() => Promise.reject(refusal(58, 101)))).rejects.toMatchObject({ code: 'REFUSED' });
  await expect(pool.run(() => Promise.reject(refusal(20, 101)), key)).rejects.toMatchObject({ code: 'REFUSED' });
  expect([key.isSlow, key.isProven]).toEqual([false, true]);
});

test('a refused command whose last repetition the SDK got no answer for is told from a dead node', async () => {
  const { pool, warnings } = makePool(SLOW);
  const timeout = (ms: number): Error =>
    Object.assign(new Error(`timed out after ${String(ms)} ms waiting for VSR response`), {
      name: 'VsrResponseTimeoutError',
    });
  const key = new CommandKey('orders-0');
  await expect(pool.run(() => Promise.reject(timeout(39)), key)).rejects.toMatchObject({ code: 'LATE', errorCode: 58 });
  expect([key.isSlow, warnings]).toEqual([true, []]);
  await expect(pool.run(() => Promise.reject(timeout(30_000)), key)).rejects.toMatchObject({ code: 'BROKEN' });
  expect(warnings).toHaveLength(1);
});

test('a login that the server refuses for now was not sent, and is tried again', async () => {
  const { pool, iggy } = makePool(SLOW);
  let refused = 0;
  const check = async (client: IggyClient): Promise<unknown> => {
    if (refused++ === 0) throw refusal(58, 44);
    return client.system.getStats();
  };
  const { pool: trying } = makePool({ ...SLOW, check, connect: () => iggy.connect() });
  expect(await trying.run(ping)).toBe(true);
  expect(refused).toBe(2);
  await pool.close();
});

test('clients of the user: slow topics hold half of them at most', async () => {
  const iggy = createStandIn();
  const clients = Array.from({ length: 4 }, () => iggy.connect());
  const { pool } = makePool({ ...SLOW, connect: undefined, clients, connectTimeoutMs: 60_000 });
  const [first, second, third] = keys(3) as [CommandKey, CommandKey, CommandKey];
  for (const key of [first, second, third]) key.isSlow = true;
  const one = held();
  const two = held();
  const running = [pool.run(one.command, first), pool.run(two.command, second)];
  await Promise.all([one.sent, two.sent]);
  const last = pool.run(ping, third);
  await Promise.all([pool.run(ping), pool.run(ping)]);
  expect(third.waiting).toBe(1);
  one.answer();
  two.answer();
  await Promise.all([...running, last]);
});

test('a client of the user that never answers does not keep its topic from the others', async () => {
  const iggy = createStandIn();
  const clients = [iggy.connect(), iggy.connect()];
  const { pool } = makePool({ ...SLOW, connect: undefined, clients, commandTimeoutMs: 50 });
  const key = new CommandKey('orders-0');
  await expect(pool.run(held().command, key)).rejects.toMatchObject({ code: 'LATE' });
  expect(await pool.run(ping, key)).toBe(true);
});
