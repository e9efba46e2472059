import { describe, expect, test } from 'vitest';
import type { IggyTopic } from '../../../../adapters/iggy/sdk/client.js';
import { encodeEntry, EntryKind } from '../../../../adapters/iggy/state/state-entry.js';
import { encodeOwner, StateFollower } from '../../../../adapters/iggy/state/take-back-decision.js';
import { TakeBackBackoff } from '../../../../adapters/iggy/state/take-back-backoff.js';
import { StateTopic } from '../../../../adapters/iggy/state/state-topic.js';
import { makePool } from '../../../support/iggy-pool.js';
import { createStandIn, type StandIn } from '../../../support/iggy-stand-in.js';

const EPOCH = 2 ** 32;
const NAME = 'state.1';
const OWNER = { nodeId: 2, host: 'kafka-b', port: 9092, rack: null };

async function makeTopic(iggy: StandIn): Promise<void> {
  await iggy.connect().topic.create({ streamId: 'kafka', name: NAME, partitionCount: 1, compressionAlgorithm: 1 });
}

/** A follower of a log that another gateway opened in epoch 2, over the stand-in; times are given, not waited for. */
async function follow({ closedWaitMs = 0, silentWaitMs = 0 } = {}) {
  const iggy = createStandIn();
  const direct = iggy.connect();
  await direct.stream.create({ name: 'kafka' });
  await makeTopic(iggy);
  const { pool } = makePool({}, iggy);
  const open = (name: string): StateTopic => new StateTopic(pool, 'kafka', name);
  const waits = { closedWaitMs, silentWaitMs };
  const options = { prefix: 'state', sessionTimeoutMs: 1000, refreshMs: 100, epoch: 1, topic: open(NAME), open };
  const follower = new StateFollower({ ...options, ...waits, lostAt: 0 });
  const write = async (kind: EntryKind, epoch: number, value: Uint8Array = Buffer.alloc(0)): Promise<void> => {
    const payload = encodeEntry({ kind, sequence: epoch * EPOCH, key: '', value });
    const partition = { kind: 2, value: 0 } as const;
    await direct.message.send({ streamId: 'kafka', topicId: NAME, partition, messages: [{ payload }] });
  };
  const list = (): Promise<IggyTopic[]> => direct.topic.list({ streamId: 'kafka' });
  /** Looks every 100 ms; the first time at which the log is taken, up to a time. */
  const lookUntil = async (from: number, to: number): Promise<number> => {
    for (let now = from; now <= to; now += 100) if (await follower.look(await list(), now)) return now;
    return Infinity;
  };
  await write(EntryKind.OPENED, 2);
  return { iggy, direct, follower, write, list, lookUntil };
}

describe('a log that another gateway has', () => {
  test('is left alone as long as that writes to it, and taken after a session timeout without', async () => {
    const { follower, write, lookUntil } = await follow({ silentWaitMs: 300 });
    for (let now = 0; now < 5000; now += 500) {
      await write(now === 2000 ? EntryKind.PUT : EntryKind.HEARTBEAT, 2, encodeOwner(OWNER));
      expect(await lookUntil(now, now + 400)).toBe(Infinity);
    }
    expect(follower.owner).toEqual(OWNER);
    expect(await lookUntil(5000, 10_000)).toBe(4500 + 1300);
    expect(follower.isClosed).toBe(false);
  });

  test('is taken after the random wait once that has closed it, unless a third one has opened it', async () => {
    const { follower, write, lookUntil } = await follow({ closedWaitMs: 200 });
    await write(EntryKind.HEARTBEAT, 2, encodeOwner(OWNER));
    await write(EntryKind.CLOSED, 2);
    expect(await lookUntil(0, 100)).toBe(Infinity);
    await write(EntryKind.OPENED, 3);
    expect(await lookUntil(200, 500)).toBe(Infinity);
    expect(follower.owner).toBeNull();
    // Of the gateway before, sent late.
    await write(EntryKind.CLOSED, 2);
    expect(await lookUntil(600, 900)).toBe(Infinity);
    await write(EntryKind.CLOSED, 3);
    expect(await lookUntil(1000, 5000)).toBe(1200);
    expect(follower.isClosed).toBe(true);
  });

  test('is not taken for silent while nobody could look at it', async () => {
    const { lookUntil } = await follow();
    expect(await lookUntil(0, 500)).toBe(Infinity);
    // This gateway was stopped, or the server away.
    expect(await lookUntil(60_000, 60_900)).toBe(Infinity);
    expect(await lookUntil(61_000, 70_000)).toBe(61_000);
  });

  test('is read from its beginning where it was made again, and entries of a later release are passed over', async () => {
    const { iggy, direct, follower, write, lookUntil } = await follow();
    for (let count = 0; count < 5; count++) await write(EntryKind.HEARTBEAT, 2, encodeOwner(OWNER));
    await lookUntil(0, 0);
    await direct.topic.delete({ streamId: 'kafka', topicId: NAME, partitionsCount: 1 });
    await makeTopic(iggy);
    const later = { streamId: 'kafka', topicId: NAME, partition: { kind: 2, value: 0 } } as const;
    await direct.message.send({ ...later, messages: [{ payload: Buffer.alloc(20, 9) }] });
    await write(EntryKind.OPENED, 3);
    await write(EntryKind.HEARTBEAT, 3);
    expect(follower.owner).toEqual(OWNER);
    await lookUntil(100, 100);
    expect(follower.owner).toBeNull();
    await write(EntryKind.HEARTBEAT, 3, encodeOwner({ ...OWNER, host: 'kafka-c' }));
    await lookUntil(200, 200);
    const { owner } = follower;
    expect(owner?.host).toBe('kafka-c');
    await write(EntryKind.HEARTBEAT, 3, encodeOwner({ ...OWNER, host: 'kafka-c' }));
    await lookUntil(300, 300);
    expect(follower.owner).toBe(owner);
  });
});

describe('the wait before a log is taken back', () => {
  test('doubles as long as it is lost again soon, and begins anew after ten session timeouts', () => {
    const backoff = new TakeBackBackoff(1000, () => 0.5);
    const waits: number[] = [];
    let now = 0;
    for (let round = 0; round < 9; round++) {
      waits.push(backoff.lost(now).silentWaitMs);
      backoff.takenBack(now);
      now += 10_000;
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000]);
    expect(backoff.lost(now + 1)).toEqual({ silentWaitMs: 500, closedWaitMs: 50 });
  });

  test('keeps two that are paused in turn from taking the log from each other in step', () => {
    // Each is silent for as long as the other waits, and comes back: the waits get so long that one of them stays.
    const backoffs = [new TakeBackBackoff(1000), new TakeBackBackoff(1000)];
    let handovers = 0;
    for (let now = 0; now < 600_000; handovers++) {
      const backoff = backoffs[handovers % 2]!;
      now += 1000 + backoff.lost(now).silentWaitMs;
      backoff.takenBack(now);
    }
    expect(handovers).toBeLessThan(120);
  });
});
