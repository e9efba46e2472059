// A fake on purpose: a store that takes batches apart and tells who produced them, over the memory store, so that it fails
// to the tick. adapters/iggy is a real one.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ErrorCode } from 'iggy-gateway-kafka';
import { type LogStore, type ReplayedBatch, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { deleteTopicsApi, NIL_UUID, readBatches } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, fetchFrom, produce } from '../support/log-requests.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { BROKEN, started } from '../support/troubled-broker.js';
import { readState } from '../support/stored-state.js';
import { FAILING, type TroubledStore, troubledStore } from '../support/troubled-store.js';
import { TurnedClock } from '../support/turned-clock.js';

expectQuietProcess();

const REFUSED = new StoreError('UNAVAILABLE', 'no');

const at = (baseSequence: number, value = 'a', timestamp = Date.now()): Buffer =>
  batchOf([value], { producerId: 9, producerEpoch: 0, baseSequence }, { timestamp });

interface Telling extends TroubledStore {
  /** From which offset on the store was asked who produced its records, each time. */
  readonly asked: number[];
  /** What is kept of producers. */
  kept(): Promise<{ readonly endOffset: number; readonly open?: boolean }[]>;
}

function tellingStore(own: Partial<LogStore> = {}): Telling {
  const asked: number[] = [];
  const trouble = troubledStore({
    keeps: 'records',
    async replayProducers(partition, offset, visit: (batch: ReplayedBatch) => void, signal) {
      asked.push(offset);
      const { store } = trouble;
      const { logEndOffset: endOffset } = await store.logOffsets(partition, signal);
      for (let next = offset; next < endOffset;) {
        const [result] = await store.read([{ partition, offset: next, maxBytes: 1, atLeastOneBatch: true }], signal);
        if (result?.error !== undefined) throw result.error;
        for (const batch of readBatches(Buffer.from(result!.chunks[0]!))) {
          next = batch.lastOffset + 1;
          if (batch.producerId >= 0) visit(batch);
        }
      }
    },
    ...own,
  });
  return {
    ...trouble,
    asked,
    async kept() {
      return (await readState(trouble.store))
        .filter(([key]) => key.startsWith('log/producers/'))
        .map(([, value]) => JSON.parse(Buffer.from(value).toString()) as { endOffset: number; open?: boolean });
    },
  };
}

test('producers are not saved after each append, and known all the same after a crash', async () => {
  const telling = tellingStore();
  const { kept, store } = telling;
  const { client } = await started(telling);
  for (let sequence = 0; sequence < 10; sequence++) await produce(client, 't', at(sequence));
  expect(await kept()).toMatchObject([{ endOffset: 0, open: true }]);
  // The first one is not closed: it has crashed.
  const restarted = await (await startBroker({ store })).connect();
  expect(await produce(restarted, 't', at(9))).toMatchObject({ errorCode: 0, baseOffset: 9n });
  expect((await produce(restarted, 't', at(11))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  expect(await produce(restarted, 't', at(10))).toMatchObject({ errorCode: 0, baseOffset: 10n });
  expect(telling.asked).toEqual([0]);
  expect(await kept()).toMatchObject([{ endOffset: 10, open: true }]);
});

test('after a clean end, and in a log that nobody produced to with a sequence, nothing is looked through', async () => {
  const telling = tellingStore();
  const { kept, store } = telling;
  const { client, gateway } = await started(telling);
  await produce(client, 't', batchOf(['plain']));
  await produce(client, 't', at(0));
  await gateway.close();
  expect(await kept()).toEqual([expect.not.objectContaining({ open: true })]);
  const restarted = await (await startBroker({ store })).connect();
  await produce(restarted, 't', batchOf(['plain']));
  expect(await produce(restarted, 't', at(0))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  expect(await produce(restarted, 't', at(1))).toMatchObject({ errorCode: 0, baseOffset: 3n });
  expect(telling.asked).toEqual([]);
});

test('once nothing is produced any more, a crash leaves nothing to look through', async () => {
  const telling = tellingStore();
  const clock = new TurnedClock();
  const { kept, store } = telling;
  const { client } = await started(telling, { clock });
  // The second append says again that there will be more.
  for (const sequence of [0, 1]) {
    await produce(client, 't', at(sequence, 'a', clock.now()));
    expect(await kept()).toMatchObject([{ open: true }]);
    clock.turn(300_000);
    await vi.waitFor(async () => expect(await kept()).toEqual([expect.not.objectContaining({ open: true })]));
  }
  clock.turn(300_000);
  const restarted = await (await startBroker({ store })).connect();
  expect(await produce(restarted, 't', at(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  expect(telling.asked).toEqual([]);
});

test('what there is to look through is bounded: after so much, producers are saved on the way', async () => {
  const { kept, next, ...telling } = tellingStore();
  const { client } = await started({ ...telling, next });
  const big = 'x'.repeat(900_000);
  await produce(client, 't', at(0, big));
  // One that fails leaves more to look through.
  next('put', () => Promise.reject(REFUSED));
  for (let sequence = 1; sequence < 40; sequence++) {
    expect((await produce(client, 't', at(sequence, big))).errorCode).toBe(0);
  }
  const [saved] = await kept();
  expect(saved?.open).toBe(true);
  expect(saved?.endOffset).toBeGreaterThan(20);
});

test('a batch of which it is not known whether it was stored is stored once, also where producers could not be saved meanwhile', async () => {
  const { next, ...telling } = tellingStore();
  const { client } = await started({ ...telling, next });
  const big = 'x'.repeat(900_000);
  await produce(client, 't', at(0, big));
  const saving: ((error: Error) => void)[] = [];
  next('put', () => new Promise((_, reject) => saving.push(reject)));
  let sequence = 1;
  for (; saving.length === 0; sequence++) await produce(client, 't', at(sequence, big));
  next('append', async (run) => {
    await run();
    saving[0]?.(REFUSED);
    await nextTurn();
    throw new StoreError('OUTCOME_UNKNOWN', 'who knows');
  });
  expect((await produce(client, 't', at(sequence))).errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
  expect(await produce(client, 't', at(sequence))).toMatchObject({ errorCode: 0, baseOffset: BigInt(sequence) });
  expect((await fetchFrom(client, 't')).highWatermark).toBe(BigInt(sequence + 1));
});

test('where the producers of one partition cannot be saved, those of others wait as well until they can', async () => {
  const { next, ...telling } = tellingStore();
  const clock = new TurnedClock();
  const { client } = await started({ ...telling, next }, { clock });
  await createTopic(client, 'u');
  for (const topic of ['t', 'u']) await produce(client, topic, at(0, 'a', clock.now()));
  const failed = new Promise<void>((resolve) => {
    next('put', () => {
      resolve();
      return Promise.reject(REFUSED);
    });
  });
  clock.turn(300_000);
  await failed;
  await nextTurn();
  for (const topic of ['t', 'u']) {
    next('put', () => Promise.reject(REFUSED));
    const { errorCode } = await produce(client, topic, at(1, 'a', clock.now()));
    expect(errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(await produce(client, topic, at(1, 'a', clock.now()))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  }
});

describe.each(FAILING)('where a store %s,', (_how, fail) => {
  test('nothing is appended before it is known that the log will tell of more', async () => {
    const { client, next } = await started(tellingStore());
    next('put', fail(REFUSED));
    expect((await produce(client, 't', at(0))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next('put', fail(BROKEN));
    expect((await produce(client, 't', at(0))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect((await fetchFrom(client, 't')).highWatermark).toBe(0n);
    expect(await produce(client, 't', at(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  });

  test('a log that cannot be looked through now is so later, and a saved state does not forget it meanwhile', async () => {
    const telling = tellingStore();
    const first = await started(telling);
    for (let sequence = 0; sequence < 3; sequence++) await produce(first.client, 't', at(sequence));
    const { gateway, connect } = await startBroker({ store: telling.store });
    const second = await connect();
    telling.next('replayProducers', fail(REFUSED));
    expect((await produce(second, 't', at(3))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    await gateway.close();
    expect(await telling.kept()).toMatchObject([{ endOffset: 0, open: true }]);
    const third = await (await startBroker({ store: telling.store })).connect();
    telling.next('logOffsets', fail(REFUSED));
    expect((await produce(third, 't', at(3))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect((await produce(third, 't', at(4))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(await produce(third, 't', at(3))).toMatchObject({ errorCode: 0, baseOffset: 3n });
  });
});

test('where a log was cut, what others have in its place is found after a crash as well', async () => {
  const telling = tellingStore();
  const { client, gateway } = await started(telling);
  for (let sequence = 0; sequence < 10; sequence++) await produce(client, 't', at(sequence));
  await gateway.close();
  const second = await (await startBroker({ store: telling.store })).connect();
  // Saved with an end of 10. Then the server loses what it had not written, and offsets are given again from 4 on.
  expect(await produce(second, 't', at(10))).toMatchObject({ errorCode: 0, baseOffset: 10n });
  const again = () => [{ baseOffset: 4, logStartOffset: 0 }];
  telling.next('append', again);
  telling.next('put', () => Promise.reject(REFUSED));
  expect((await produce(second, 't', at(11))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
  expect(await telling.kept()).toMatchObject([{ endOffset: 10 }]);
  // It is stored, and now saved.
  expect(await produce(second, 't', at(11))).toMatchObject({ errorCode: 0, baseOffset: 4n });
  expect(await telling.kept()).toMatchObject([{ endOffset: 5, open: true }]);
});

test('what is kept of producers goes with the topic', async () => {
  const { kept, ...telling } = tellingStore();
  const { client } = await started(telling);
  await produce(client, 't', at(0));
  expect(await kept()).toHaveLength(1);
  await client.send(deleteTopicsApi, 6, { topics: [{ name: 't', topicId: NIL_UUID }], timeoutMs: 1 });
  await vi.waitFor(async () => expect(await kept()).toEqual([]));
});
