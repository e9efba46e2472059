import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { describe, expect, test, vi } from 'vitest';
import { alter, BROKER, createTopic, SET, TOPIC } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { defer } from '../support/deferred.js';
import { batchOf, fetchFrom, produce, valuesOf } from '../support/log-requests.js';
import { TurnedClock } from '../support/turned-clock.js';

const BACKOFF_MS = 15_000;

/** A broker with Kafka's defaults, and topic `t` with these configs. */
async function started(configs: Readonly<Record<string, string>>, config: Readonly<Record<string, string>> = {}) {
  const clock = new TurnedClock();
  const store = createMemoryStore();
  const compact = vi.spyOn(store, 'compact');
  const warnings: string[] = [];
  const options = { store, clock, config, warn: (text: string) => void warnings.push(text) };
  const broker = await startBroker(options);
  const client = await broker.connect();
  const idleTimers = clock.timers;
  await createTopic(client, 't', { configs });
  return {
    broker,
    clock,
    client,
    compact,
    idleTimers,
    options,
    store,
    warnings,
    /** Appends one record of each key. */
    fill: async (...keys: string[]): Promise<void> => {
      for (const key of keys) await produce(client, 't', batchOf(['x'], {}, { key, timestamp: clock.now() }));
    },
    /** One look of the cleaner that compacts: these offsets are left. */
    compacts: async (...offsets: number[]): Promise<void> => {
      clock.turn(BACKOFF_MS);
      await vi.waitFor(async () => {
        expect(valuesOf((await fetchFrom(client, 't')).records).map(([offset]) => offset)).toEqual(offsets);
      });
      await vi.waitFor(() => expect(clock.timers).toBe(idleTimers));
    },
    /** One look of the cleaner that leaves something to compact: it sets its timer again. */
    leaves: async (...offsets: number[]): Promise<void> => {
      clock.turn(BACKOFF_MS);
      await vi.waitFor(() => expect(clock.timers).toBe(idleTimers + 1));
      expect(valuesOf((await fetchFrom(client, 't')).records).map(([offset]) => offset)).toEqual(offsets);
    },
  };
}

const COMPACTED = { 'cleanup.policy': 'compact' };

describe('compaction', () => {
  test('comes 15 seconds after an append, and has no timer while all is compacted', async () => {
    const { clock, fill, compacts, idleTimers, compact } = await started(COMPACTED);
    expect(clock.timers).toBe(idleTimers);
    await fill('a', 'a', 'b');
    expect(clock.timers).toBe(idleTimers + 1);
    clock.turn(BACKOFF_MS - 1);
    expect(compact).not.toHaveBeenCalled();
    await compacts(1, 2);
    expect(compact).toHaveBeenCalledTimes(1);
    await fill('a', 'a', 'a');
    await compacts(2, 5);
  });

  test('sets no timer for topics that are not compacted, nor with log.cleaner.enable=false', async () => {
    const deleted = await started({});
    await deleted.fill('a', 'a');
    expect(deleted.clock.timers).toBe(deleted.idleTimers);
    const disabled = await started(COMPACTED, { 'log.cleaner.enable': 'false' });
    await disabled.fill('a', 'a');
    expect(disabled.clock.timers).toBe(disabled.idleTimers);
  });

  test('waits until more than min.cleanable.dirty.ratio of the log is new', async () => {
    const { fill, compacts, leaves } = await started({ ...COMPACTED, 'min.cleanable.dirty.ratio': '0.5' });
    await fill('a', 'b');
    await compacts(0, 1);
    await fill('a', 'b');
    await leaves(0, 1, 2, 3);
    await fill('a');
    await compacts(3, 4);
  });

  test('comes with max.compaction.lag.ms, however little is new', async () => {
    const lag = String(2 * BACKOFF_MS);
    const { fill, compacts, leaves } = await started({ ...COMPACTED, 'max.compaction.lag.ms': lag });
    await fill('a', 'b', 'c', 'd');
    await compacts(0, 1, 2, 3);
    await fill('a');
    await leaves(0, 1, 2, 3, 4);
    await leaves(0, 1, 2, 3, 4);
    await compacts(1, 2, 3, 4);
  });

  test('takes log.cleaner.backoff.ms and a new cleanup.policy while the broker runs', async () => {
    const { client, clock, compact, fill } = await started({});
    await alter(client, BROKER, '', [['log.cleaner.backoff.ms', SET, '50']]);
    await fill('a', 'a');
    await alter(client, TOPIC, 't', [['cleanup.policy', SET, 'compact']]);
    clock.turn(50);
    await vi.waitFor(() => expect(compact).toHaveBeenCalledTimes(1));
  });

  test('takes a new default of cleanup.policy while the broker runs', async () => {
    const { client, fill, compacts } = await started({});
    await fill('a', 'a');
    await alter(client, BROKER, '', [['log.cleanup.policy', SET, 'compact']]);
    await compacts(1);
  });

  test('goes on after a restart with what was not compacted', async () => {
    const { broker, clock, compact, fill, options } = await started(COMPACTED);
    await fill('a', 'a');
    await broker.gateway.close();
    clock.turn(BACKOFF_MS);
    expect(compact).not.toHaveBeenCalled();
    await startBroker(options);
    clock.turn(BACKOFF_MS);
    await vi.waitFor(() => expect(compact).toHaveBeenCalledTimes(1));
  });

  test('leaves what is appended during a long round to the next one', async () => {
    const { clock, fill, compact, idleTimers, store } = await started(COMPACTED);
    const held = defer();
    const run = store.compact.bind(store);
    compact.mockImplementationOnce((...args) => held.promise.then(() => run(...args)));
    await fill('a', 'a');
    clock.turn(BACKOFF_MS);
    await vi.waitFor(() => expect(compact).toHaveBeenCalledTimes(1));
    await fill('a', 'a', 'a');
    clock.turn(BACKOFF_MS);
    expect(compact).toHaveBeenCalledTimes(1);
    held.resolve();
    await vi.waitFor(() => {
      clock.turn(BACKOFF_MS);
      expect(compact).toHaveBeenCalledTimes(2);
    });
    await vi.waitFor(() => expect(clock.timers).toBe(idleTimers));
  });

  test('warns once of a store that fails, and tries again', async () => {
    const { fill, compacts, leaves, store, warnings } = await started(COMPACTED);
    const bounds = vi.spyOn(store, 'logOffsets');
    await fill('a', 'a');
    for (let time = 0; time < 2; time++) {
      bounds.mockImplementationOnce(() => {
        throw new StoreError('UNAVAILABLE', `gone fishing, time ${time}`);
      });
      await leaves(0, 1);
    }
    expect(warnings).toEqual(['compaction of t-0: gone fishing, time 0']);
    await compacts(1);
  });

  test('warns of a partition that cannot be read when its first new record is looked up', async () => {
    const { clock, fill, compacts, idleTimers, store, warnings } = await started({
      ...COMPACTED,
      'max.compaction.lag.ms': '1',
    });
    await fill('a', 'b', 'c', 'd');
    await compacts(0, 1, 2, 3);
    await fill('a');
    const read = vi.spyOn(store, 'read');
    read.mockReturnValueOnce([{ error: new StoreError('UNAVAILABLE', 'gone fishing') }]);
    read.mockReturnValueOnce([{ bytes: 0, chunks: [], logStartOffset: 0, logEndOffset: 5 }]);
    for (let time = 1; time <= 2; time++) {
      clock.turn(BACKOFF_MS);
      await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(time));
      await vi.waitFor(() => expect(clock.timers).toBe(idleTimers + 1));
    }
    expect(warnings).toEqual(['compaction of t-0: gone fishing']);
    await compacts(1, 2, 3, 4);
  });

  test('ends after the partition that is being compacted when the broker closes', async () => {
    const { broker, client, clock, fill, compact, warnings } = await started(COMPACTED);
    await createTopic(client, 'u', { configs: COMPACTED });
    await produce(client, 'u', batchOf(['x'], {}, { timestamp: clock.now() }));
    await fill('a', 'a');
    const held = defer();
    compact.mockImplementationOnce(() => held.promise.then(() => 0));
    clock.turn(BACKOFF_MS);
    await vi.waitFor(() => expect(compact).toHaveBeenCalledTimes(1));
    const closed = broker.gateway.close();
    await vi.waitFor(() => expect(clock.timers).toBe(0));
    held.reject(new StoreError('UNAVAILABLE', 'closing'));
    await closed;
    expect(compact).toHaveBeenCalledTimes(1);
    expect(warnings).toEqual([]);
  });

  test('looks at every partition of a topic', async () => {
    const { client, clock, compact, idleTimers } = await started({});
    await createTopic(client, 'many', { numPartitions: 60, configs: COMPACTED });
    for (let partition = 0; partition < 60; partition++) {
      await produce(client, 'many', batchOf(['x'], {}, { timestamp: clock.now() }), { partition });
    }
    clock.turn(BACKOFF_MS);
    await vi.waitFor(() => expect(compact).toHaveBeenCalledTimes(60));
    await vi.waitFor(() => expect(clock.timers).toBe(idleTimers));
  });
});
