import { expect, test } from 'vitest';
import { TakeBackBackoff } from '../../../../adapters/broker/cluster/take-back-backoff.js';

const SESSION_MS = 1000;

test('the wait doubles as long as the state is lost again soon, and begins anew after ten session timeouts', () => {
  const backoff = new TakeBackBackoff(SESSION_MS, () => 0.5);
  const waits: number[] = [];
  let now = 0;
  for (let round = 0; round < 9; round++) {
    waits.push(backoff.lost(now).silentWaitMs);
    backoff.takenBack(now);
    now += 10 * SESSION_MS;
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000]);
  expect(backoff.lost(now + 1)).toEqual({ silentWaitMs: 500, closedWaitMs: 50 });
});

test('two brokers that are paused in turn stop to take the state from each other', () => {
  // Each is silent for as long as the other waits, and comes back: the waits get so long that one of them stays.
  const backoffs = [new TakeBackBackoff(SESSION_MS), new TakeBackBackoff(SESSION_MS)];
  let handovers = 0;
  for (let now = 0; now < 600 * SESSION_MS; handovers++) {
    const backoff = backoffs[handovers % 2]!;
    now += SESSION_MS + backoff.lost(now).silentWaitMs;
    backoff.takenBack(now);
  }
  expect(handovers).toBeLessThan(120);
});
