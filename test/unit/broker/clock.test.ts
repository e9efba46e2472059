import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from 'iggy-gateway-kafka/adapters/broker';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a time that is longer than a timer can wait is waited for as long as it can', () => {
  const callback = vi.fn<() => void>();
  const stop = systemClock.after(Number.MAX_SAFE_INTEGER, callback);
  vi.advanceTimersByTime(24 * 86_400_000);
  expect(callback).not.toHaveBeenCalled();
  stop();
  expect(vi.getTimerCount()).toBe(0);
});

test("time goes on after a test's fake timers are gone", async () => {
  vi.setSystemTime(1_000);
  await nextTurn();
  expect(systemClock.now()).toBe(1_000);
  vi.useRealTimers();
  await nextTurn();
  expect(systemClock.now()).toBeGreaterThan(1_000_000);
});
