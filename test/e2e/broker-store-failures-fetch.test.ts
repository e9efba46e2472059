import { ErrorCode } from 'iggy-gateway-kafka';
import { StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { fetchApi, offsetForLeaderEpochApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { defer } from '../support/deferred.js';
import { batchOf, fetchFrom, offsetFor, produce, valuesOf } from '../support/log-requests.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { BROKEN, started } from '../support/troubled-broker.js';
import { FAILING, type Instead, troubledStore } from '../support/troubled-store.js';
import { WireClosedError } from '../support/wire-client.js';

expectQuietProcess();

describe.each(FAILING)('where a store %s,', (_how, fail) => {
  test.each([-1, 5])('ListOffsets of %d says why', async (timestamp) => {
    const { client, next, errors } = await started();
    const method = timestamp === -1 ? 'logOffsets' : 'offsetForTimestamp';
    next(method, fail(new StoreError('UNAVAILABLE', 'no')));
    expect((await offsetFor(client, 't', timestamp)).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next(method, fail(BROKEN));
    expect((await offsetFor(client, 't', timestamp)).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'listOffsets', error: BROKEN }]);
  });

  test('OffsetForLeaderEpoch says why', async () => {
    const { client, next, errors } = await started();
    const ask = async () => {
      const topics = [{ topic: 't', partitions: [{ partition: 0, leaderEpoch: 0 }] }];
      return (await client.send(offsetForLeaderEpochApi, 4, { topics })).response.topics[0]?.partitions[0]?.errorCode;
    };
    next('logOffsets', fail(new StoreError('UNAVAILABLE', 'no')));
    expect(await ask()).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next('logOffsets', fail(BROKEN));
    expect(await ask()).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'offsetForLeaderEpoch', error: BROKEN }]);
  });

  test('a fetch fails, at once or while it waits, and the next one is answered', async () => {
    const { client, connect, next, errors } = await started();
    const failed = { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR };
    next('read', fail(new StoreError('UNAVAILABLE', 'no')));
    expect(await fetchFrom(client, 't')).toMatchObject({ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER });
    next('read', fail(BROKEN));
    expect(await fetchFrom(client, 't')).toMatchObject(failed);
    const looked = defer();
    next('read', (run) => {
      looked.resolve();
      return run();
    });
    const waiting = fetchFrom(client, 't', { maxWaitMs: 15_000 });
    await looked.promise;
    next('read', fail(BROKEN));
    expect((await produce(await connect(), 't', batchOf(['a']))).errorCode).toBe(0);
    expect(await waiting).toMatchObject(failed);
    expect(errors).toMatchObject(Array(2).fill({ api: 'fetch', error: BROKEN }));
    expect(await fetchFrom(client, 't')).toMatchObject({ errorCode: 0, highWatermark: 1n });
  });

  test('what was read of some partitions is released where the others cannot be read', async () => {
    const { client, next } = await started();
    await createTopic(client, 'u');
    await produce(client, 't', batchOf(['a']));
    const release = vi.fn<() => void>();
    next('read', (run) => (run() as readonly object[]).map((result) => ({ ...result, release })));
    next('read', fail(BROKEN));
    const maxBytes = 1_000_000;
    const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: maxBytes }];
    const topics = ['t', 'u'].map((topic) => ({ topic, partitions }));
    const { response } = await client.send(fetchApi, 12, { maxWaitMs: 0, minBytes: 1, maxBytes, topics });
    expect(response.errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(release).toHaveBeenCalledTimes(1);
  });
});

test.each(['first', 'next'])(
  'a fetch whose client goes during its %s look releases what was read for it',
  async (look) => {
    const [looked, reading, gate] = [defer(), defer<AbortSignal>(), defer()];
    const release = vi.fn();
    const { client, connect, next } = await started();
    const hold: Instead = async (run, _entries, signal) => {
      reading.resolve(signal as AbortSignal);
      await gate.promise;
      const [result] = (await run()) as readonly object[];
      return [{ ...result, release }];
    };
    const passOn: Instead = (run) => {
      looked.resolve();
      return run();
    };
    for (const instead of look === 'next' ? [passOn, hold] : [hold]) next('read', instead);
    const other = await connect();
    const lost = fetchFrom(other, 't', { maxWaitMs: 15_000 }).then(
      () => 'answered',
      (error: unknown) => error,
    );
    if (look === 'next') {
      await looked.promise;
      await produce(client, 't', batchOf(['a']));
    }
    const signal = await reading.promise;
    // Without a goodbye: a client that only ends its side may still want its answer.
    other.socket.resetAndDestroy();
    expect(await lost).toBeInstanceOf(WireClosedError);
    await vi.waitFor(() => expect(signal.aborted).toBe(true));
    gate.resolve();
    await vi.waitFor(() => expect(release).toHaveBeenCalledTimes(1));
    expect((await produce(client, 't', batchOf(['a']))).errorCode).toBe(0);
  },
);

test('a fetch that waits is answered by an append from elsewhere, of which the store tells', async () => {
  const wakes = new Set<() => void>();
  const { store, client } = await started(
    troubledStore({
      watch(_partition, wake) {
        wakes.add(wake);
        return () => wakes.delete(wake);
      },
    }),
  );
  const fetched = fetchFrom(client, 't', { maxWaitMs: 15_000 });
  await vi.waitFor(() => expect(wakes.size).toBe(1));
  const [topic] = await store.listTopics(AbortSignal.any([]));
  const partition = { topicId: topic!.id, topic: 't', partition: 0 };
  const batches = batchOf(['elsewhere']);
  await store.append(
    [{ partition, batches, recordCount: 1, maxTimestamp: Date.now(), leaderEpoch: 0, attempt: 0, marker: null }],
    AbortSignal.any([]),
  );
  for (const wake of wakes) wake();
  expect(valuesOf((await fetched).records)).toEqual([[0, 'elsewhere']]);
  expect(wakes.size).toBe(0);
});
