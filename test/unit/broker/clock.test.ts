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
