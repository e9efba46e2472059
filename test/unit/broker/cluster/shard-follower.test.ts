// A hand-made shard on purpose: it shows entries of fenced owners, which arrive late, and times are given, not waited for.
import { type BrokerNode, type ShardEntry, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { describe, expect, test } from 'vitest';
import { encodeOwnerRecord, OWNER_KEY, type OwnerRecord } from '../../../../adapters/broker/cluster/owner-record.js';
import { ShardFollower } from '../../../../adapters/broker/cluster/shard-follower.js';

const OWNER: BrokerNode = { nodeId: 2, host: 'kafka-b', port: 9092, rack: null };
const OPEN: OwnerRecord = { node: OWNER, isClosed: false, epoch: null };
const CLOSED: OwnerRecord = { node: OWNER, isClosed: true, epoch: null };
const UNKNOWN: OwnerRecord = { node: null, isClosed: false, epoch: null };
const SESSION_MS = 1000;
const LOOK_MS = 100;

/** A follower of a shard that was lost at 0 to a broker which has said nothing of itself. */
function follow({ closedWaitMs = 0, silentWaitMs = 0 } = {}) {
  const log: ShardEntry[] = [];
  const shard = { isAway: false };
  const follower = new ShardFollower({
    read: (from, visit) => {
      if (shard.isAway) throw new StoreError('UNAVAILABLE', 'away');
      log.slice(from).forEach(visit);
      return log.length;
    },
    sessionTimeoutMs: SESSION_MS,
    lostAt: 0,
    closedWaitMs,
    silentWaitMs,
  });
  const opened = (epoch: number, record = UNKNOWN): void =>
    void log.push({ kind: 'opened', epoch, owner: encodeOwnerRecord(record) });
  const put = (epoch: number, key: string, value: Uint8Array | null): void =>
    void log.push({ kind: 'put', epoch, key, value });
  const says = (epoch: number, record: OwnerRecord): void =>
    put(epoch, OWNER_KEY, encodeOwnerRecord({ ...record, epoch }));
  /** Looks every 100 ms. Returns the first time at which the shard may be opened, or Infinity. */
  const lookUntil = async (from: number, to: number): Promise<number> => {
    for (let now = from; now <= to; now += LOOK_MS) if (await follower.look(now)) return now;
    return Infinity;
  };
  opened(2);
  return { follower, log, shard, opened, put, says, lookUntil };
}

describe('a shard that another broker owns', () => {
  test('is left alone while its owner writes, and opened after a session timeout and the wait without', async () => {
    const { follower, put, says, lookUntil } = follow({ silentWaitMs: 300 });
    for (let now = 0; now < 5000; now += 500) {
      if (now === 2000) put(2, 'any', null);
      else says(2, OPEN);
      expect(await lookUntil(now, now + 400)).toBe(Infinity);
    }
    expect(follower.owner).toEqual(OWNER);
    expect(await lookUntil(5000, 10_000)).toBe(4500 + SESSION_MS + 300);
    expect(follower).toMatchObject({ isClosed: false, epoch: 2 });
  });

  test('is opened after the wait once its owner has closed it, unless a third broker has opened it', async () => {
    const { follower, opened, says, lookUntil } = follow({ closedWaitMs: 200 });
    says(2, OPEN);
    says(2, CLOSED);
    expect(await lookUntil(0, 100)).toBe(Infinity);
    expect(follower).toMatchObject({ owner: OWNER, isClosed: true });
    opened(3);
    expect(await lookUntil(200, 500)).toBe(Infinity);
    expect(follower).toMatchObject({ owner: null, isClosed: false, epoch: 3 });
    // Of the owner before, which was fenced.
    says(2, CLOSED);
    expect(await lookUntil(600, 900)).toBe(Infinity);
    expect(follower).toMatchObject({ owner: null, isClosed: false, epoch: 3 });
    says(3, CLOSED);
    // Of one that opened it with the same number, after the one that counts.
    opened(3);
    expect(await lookUntil(1000, 5000)).toBe(1200);
  });

  test('is opened after a session timeout in which it was empty', async () => {
    const { follower, log, lookUntil } = follow();
    log.length = 0;
    expect(await lookUntil(0, 5000)).toBe(SESSION_MS);
    expect(follower).toMatchObject({ owner: null, isClosed: false, epoch: null });
  });

  test('is not taken for silent while this broker was stopped', async () => {
    const { lookUntil } = follow();
    expect(await lookUntil(0, 500)).toBe(Infinity);
    expect(await lookUntil(60_000, 60_900)).toBe(Infinity);
    expect(await lookUntil(61_000, 70_000)).toBe(61_000);
  });

  test('is not taken for silent while the store was away', async () => {
    const { follower, shard, lookUntil } = follow();
    expect(await lookUntil(0, 500)).toBe(Infinity);
    shard.isAway = true;
    for (let now = 600; now < 5000; now += LOOK_MS) await expect(follower.look(now)).rejects.toThrow('away');
    shard.isAway = false;
    expect(await lookUntil(5000, 5900)).toBe(Infinity);
    expect(await lookUntil(6000, 10_000)).toBe(6000);
  });
});

test('after a reset, what was read before does not count any more', async () => {
  const { follower, log, opened, says } = follow();
  says(2, OPEN);
  await follower.look(0);
  log.push({ kind: 'reset' });
  opened(1, { ...OPEN, node: { ...OWNER, host: 'kafka-c' } });
  await follower.look(LOOK_MS);
  expect(follower).toMatchObject({ epoch: 1, owner: { host: 'kafka-c' } });
});

test('the owner is the same object until it says something else of itself', async () => {
  const { follower, opened, put, says } = follow();
  says(2, OPEN);
  await follower.look(0);
  const { owner } = follower;
  expect(owner).toEqual(OWNER);
  says(2, OPEN);
  says(2, CLOSED);
  opened(3, OPEN);
  await follower.look(LOOK_MS);
  expect(follower.owner).toBe(owner);
  for (const other of [{ nodeId: 3 }, { host: 'kafka-c' }, { port: 9093 }]) {
    says(3, { ...OPEN, node: { ...OWNER, ...other } });
    await follower.look(2 * LOOK_MS);
    expect(follower.owner).toEqual({ ...OWNER, ...other });
  }
  const last = follower.owner;
  for (const value of [null, Buffer.from('?'), Buffer.from('5'), Buffer.from('null')]) put(3, OWNER_KEY, value);
  await follower.look(3 * LOOK_MS);
  expect(follower.owner).toBe(last);
});

test('a record of an earlier owner that a copy has put under a later epoch does not count', async () => {
  const { follower, opened, put, lookUntil } = follow();
  opened(3, OPEN);
  put(3, OWNER_KEY, encodeOwnerRecord({ ...CLOSED, epoch: 2 }));
  expect(await lookUntil(0, SESSION_MS - LOOK_MS)).toBe(Infinity);
  expect(follower).toMatchObject({ owner: OWNER, isClosed: false, epoch: 3 });
});

test.each(['?', '5', 'null', '{}', ''])('an opening that names no owner has an unknown one: "%s"', async (text) => {
  const { follower, log, says } = follow();
  says(2, CLOSED);
  await follower.look(0);
  log.push({ kind: 'opened', epoch: 3, owner: Buffer.from(text) });
  expect(await follower.look(LOOK_MS)).toBe(false);
  expect(follower).toMatchObject({ owner: null, isClosed: false, epoch: 3 });
});
