import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { expect, test, vi } from 'vitest';
import { defer } from '../../support/deferred.js';
import { LOOK_MS, startSharedBroker } from '../../support/shared-broker.js';
import { sharedStore } from '../../support/shared-store.js';
import { turnUntil } from '../../support/turned-clock.js';

/** How long a broker waits before it tries to load its state again. */
const RETRY_MS = 1000;
const AWAY = new Error('the engine is away');
const NOT_LOADED = 'the state that was regained cannot be loaded yet: Error: the engine is away';

/** A broker that has lost the state to one that has given it back. */
async function overtaken() {
  const shared = sharedStore();
  const first = await startSharedBroker(shared.store);
  const second = await startSharedBroker(shared.store);
  await first.untilOvertakenBy(second);
  await second.close();
  const untilFailed = () => turnUntil(first.clock, LOOK_MS, () => first.warnings.includes(NOT_LOADED));
  return { ...shared, first, untilFailed };
}

test('a state that is lost again before it could be loaded stays lost', async () => {
  const { store, next, first, untilFailed } = await overtaken();
  next('load', () => Promise.reject(AWAY));
  await untilFailed();
  const third = await startSharedBroker(store);
  const again = vi.fn<(run: () => unknown) => unknown>((run) => run());
  next('load', again);
  first.clock.turn(RETRY_MS);
  await first.untilOvertakenBy(third);
  first.clock.turn(RETRY_MS);
  await new Promise((resolve) => setImmediate(resolve));
  expect(again).not.toHaveBeenCalled();
  expect(first.states).not.toContain('active');
});

test('a state that is lost again while it is loaded is not loaded again before it is regained', async () => {
  const { next, fence, first, untilFailed } = await overtaken();
  next('load', () => {
    fence(new StoreError('FENCED', 'the shard is gone'));
    return Promise.reject(AWAY);
  });
  const again = vi.fn<(run: () => unknown) => unknown>((run) => run());
  next('load', again);
  await untilFailed();
  first.clock.turn(RETRY_MS);
  await new Promise((resolve) => setImmediate(resolve));
  expect(again).not.toHaveBeenCalled();
  expect(first.states).not.toContain('active');
  // Nobody else has opened it.
  await first.untilActive();
  expect(again).toHaveBeenCalledOnce();
});

test('a state that cannot be loaded while the gateway closes is not tried again', async () => {
  const shared = sharedStore();
  const loading = defer<never>();
  const first = await startSharedBroker(shared.store, {}, (backend) => ({
    ...backend,
    close(options) {
      const closed = backend.close(options);
      loading.reject(AWAY);
      return closed;
    },
  }));
  const second = await startSharedBroker(shared.store);
  await first.untilOvertakenBy(second);
  await second.close();
  let isLoading = false;
  shared.next('load', () => {
    isLoading = true;
    return loading.promise;
  });
  await turnUntil(first.clock, LOOK_MS, () => isLoading);
  await first.close();
  expect(first.warnings).toContain(NOT_LOADED);
  expect(first.clock.timers).toBe(0);
});
