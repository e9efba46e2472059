import { ErrorCode } from 'iggy-gateway-kafka';
import { StoreError, type StoreErrorCode } from 'iggy-gateway-kafka/adapters/broker';
import { initProducerIdApi, produceApi } from 'iggy-gateway-kafka/protocol';
import { describe, expect, test, vi } from 'vitest';
import { createTopic } from '../support/admin-requests.js';
import { startBroker } from '../support/broker.js';
import { batchOf, fetchFrom, produce } from '../support/log-requests.js';
import { expectQuietProcess } from '../support/quiet-process.js';
import { BROKEN, sequence, started } from '../support/troubled-broker.js';
import { FAILING, type Instead, troubledStore } from '../support/troubled-store.js';
import { TurnedClock } from '../support/turned-clock.js';

expectQuietProcess();

describe.each(FAILING)('where a store %s,', (_how, fail) => {
  test('Produce is refused with a code for it, and the next one is taken', async () => {
    const { client, next, errors } = await started();
    const refusals: readonly (readonly [StoreErrorCode, number])[] = [
      ['NOT_FOUND', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ['UNAVAILABLE', ErrorCode.NOT_LEADER_OR_FOLLOWER],
      ['UNWRITABLE', ErrorCode.UNKNOWN_SERVER_ERROR],
      ['OUTCOME_UNKNOWN', ErrorCode.REQUEST_TIMED_OUT],
      ['FULL', ErrorCode.KAFKA_STORAGE_ERROR],
      ['INVALID', ErrorCode.INVALID_RECORD],
    ];
    for (const [kind, errorCode] of refusals) {
      next('append', fail(new StoreError(kind, 'no')));
      expect(await produce(client, 't', batchOf(['a'])), kind).toMatchObject({ errorCode, errorMessage: 'no' });
    }
    expect(errors).toEqual([]);
    next('append', fail(BROKEN));
    expect((await produce(client, 't', batchOf(['a']))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'produce', error: BROKEN }]);
    expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  });

  test('a producer whose partition cannot be looked through is refused, and goes on with the same sequence', async () => {
    const { client, next, errors } = await started();
    next('logOffsets', fail(new StoreError('UNAVAILABLE', 'no')));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next('read', fail(new StoreError('UNAVAILABLE', 'no')));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(errors).toEqual([]);
    next('logOffsets', fail(BROKEN));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(errors).toMatchObject([{ api: 'produce', error: BROKEN }]);
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
    expect(await produce(client, 't', sequence(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  });

  test('a producer that cannot be looked up holds nobody up, in the same request or later', async () => {
    const { client, next } = await started();
    await createTopic(client, 'u');
    next('logOffsets', fail(BROKEN));
    const { response } = await client.send(produceApi, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        { name: 'u', partitionData: [{ index: 0, records: batchOf(['a']) }] },
        { name: 't', partitionData: [{ index: 0, records: sequence(0) }] },
      ],
    });
    expect(response.responses[1]?.partitionResponses[0]?.errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(await produce(client, 'u', batchOf(['b']))).toMatchObject({ errorCode: 0 });
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  });

  test('a partition that one request names twice fails twice, and harms nobody else', async () => {
    const { client, next } = await started();
    for (let times = 0; times < 2; times++) next('append', fail(BROKEN));
    const both = [batchOf(['a']), batchOf(['b'])].map((records) => ({ index: 0, records }));
    const topicData = [{ name: 't', partitionData: both }];
    const { response } = await client.send(produceApi, 9, { acks: -1, timeoutMs: 1000, topicData });
    const codes = response.responses[0]!.partitionResponses.map(({ errorCode }) => errorCode);
    expect(codes).toEqual([ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.UNKNOWN_SERVER_ERROR]);
    expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  });

  test('a batch whose producer cannot be saved is refused, and stored once when it comes again', async () => {
    const { client, next, store } = await started(troubledStore({ keeps: 'records' }));
    next('put', fail(new StoreError('UNAVAILABLE', 'no')));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    next('put', fail(new StoreError('FULL', 'no')));
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 0n });
    next('put', fail(BROKEN));
    expect((await produce(client, 't', sequence(1))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(await produce(client, 't', sequence(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
    expect((await fetchFrom(client, 't')).highWatermark).toBe(2n);
    const restarted = await (await startBroker({ store })).connect();
    expect(await produce(restarted, 't', sequence(1))).toMatchObject({ errorCode: 0, baseOffset: 1n });
  });

  test('producer ids come again later, and each of them once', async () => {
    const { client, next, warn } = await started();
    const ask = async () =>
      (await client.send(initProducerIdApi, 4, { transactionalId: null, transactionTimeoutMs: 1 })).response;
    next('put', fail(new StoreError('UNAVAILABLE', 'no')));
    expect((await ask()).errorCode).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    expect(warn).toHaveBeenCalledWith('there are no producer ids to give: no');
    next('put', fail(BROKEN));
    expect((await ask()).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    const given = [await ask(), await ask()];
    expect(given).toMatchObject([{ errorCode: 0 }, { errorCode: 0 }]);
    expect(given[0]!.producerId).not.toBe(given[1]!.producerId);
  });

  test('retention goes on with the next partition, and the operator is told', async () => {
    const clock = new TurnedClock(Date.now());
    const config = { 'log.retention.check.interval.ms': 1000 };
    const { client, next, warn } = await started(troubledStore(), { clock, config });
    await createTopic(client, 'u');
    next('applyRetention', fail(new StoreError('UNAVAILABLE', 'not now')));
    clock.turn(1000);
    await vi.waitFor(() => expect(warn).toHaveBeenCalledWith('retention of t-0: not now'));
    await produce(client, 't', sequence(0));
    next('put', fail(BROKEN));
    await vi.waitFor(() => {
      clock.turn(1000);
      expect(warn).toHaveBeenCalledWith('retention of producers: broken');
    });
  });
});

test('a store that answers for fewer partitions than it was asked holds nobody up', async () => {
  const { client, next, errors } = await started();
  next('append', () => []);
  expect((await produce(client, 't', batchOf(['a']))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
  expect(errors).toMatchObject([{ error: { message: 'memory answers 0 of 1 appends' } }]);
  expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
});

test.each([{}, { baseOffset: 1n, startOffset: 0 }, { baseOffset: 0 }])(
  'a store that answers an append with %o has not said where the records are: no success is told',
  async (result) => {
    const { client, next, errors } = await started();
    next('append', () => [result]);
    expect((await produce(client, 't', batchOf(['a']))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    const message = 'memory answers an append without baseOffset or logStartOffset';
    expect(errors).toMatchObject([{ error: { message } }]);
    expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
  },
);

test('a full store that takes its time is relieved, and then takes the batch', async () => {
  const { client, next } = await started();
  next('append', () => [{ error: new StoreError('FULL', 'no room') }]);
  next('applyRetention', (run) => Promise.resolve(run()));
  expect(await produce(client, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 0n });
});

test('a producer that has been idle for producer.id.expiration.ms is forgotten', async () => {
  const clock = new TurnedClock(Date.now());
  const config = { 'log.retention.check.interval.ms': 1000, 'producer.id.expiration.ms': 5000 };
  const { client } = await started(troubledStore(), { clock, config });
  await produce(client, 't', sequence(0));
  expect((await produce(client, 't', sequence(7))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  await vi.waitFor(async () => {
    clock.turn(1000);
    // Once nothing is known of it, any sequence is taken.
    expect((await produce(client, 't', sequence(7))).errorCode).toBe(0);
  });
});

describe('the producers of a partition', () => {
  const unknown: Instead = async (run) => {
    await run();
    throw new StoreError('OUTCOME_UNKNOWN', 'no answer');
  };

  test('are not looked for in a log that this broker has seen from its beginning', async () => {
    const { client, next } = await started();
    await produce(client, 't', batchOf(['a']));
    next('logOffsets', () => Promise.reject(BROKEN));
    next('read', () => Promise.reject(BROKEN));
    expect(await produce(client, 't', sequence(0))).toMatchObject({ errorCode: 0, baseOffset: 1n });
    // The store is asked for the end of the log only for a repeated batch.
    expect((await produce(client, 't', sequence(0))).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
  });

  test('are looked for in a long log in turns, so that others have theirs', async () => {
    const { client, next, store } = await started();
    await produce(client, 't', sequence(0));
    for (let count = 0; count < 4; count++) await produce(client, 't', batchOf(['x'.repeat(200_000)]));
    await produce(client, 't', sequence(1));

    const restarted = await (await startBroker({ store })).connect();
    let turn = 0;
    const turns: number[] = [];
    for (let count = 0; count < 10; count++) {
      next('read', (run) => {
        turns.push(turn);
        setImmediate(() => turn++);
        return run();
      });
    }
    expect(await produce(restarted, 't', sequence(1))).toMatchObject({ errorCode: 0, baseOffset: 5n });
    expect(turns.length).toBeGreaterThan(2);
    expect(turns).toEqual(turns.map((_, index) => index));
  });

  test('are looked for after an append without an answer in what came since, and not before', async () => {
    const { client, gateway, next, store } = await started();
    for (let count = 0; count < 3; count++) await produce(client, 't', sequence(count));
    await gateway.close();

    const restarted = await (await startBroker({ store })).connect();
    const offsets: number[] = [];
    const look: Instead = (run, entries) => {
      offsets.push((entries as readonly { offset: number }[])[0]!.offset);
      return run();
    };
    for (let count = 0; count < 10; count++) next('read', look);
    expect(await produce(restarted, 't', sequence(3))).toMatchObject({ errorCode: 0, baseOffset: 3n });
    next('append', unknown);
    const unanswered = await produce(restarted, 't', sequence(4));
    expect(unanswered.errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
    // Which comes after what nobody knows of yet, and does not hide it.
    expect(await produce(restarted, 't', batchOf(['a']))).toMatchObject({ errorCode: 0, baseOffset: 5n });
    expect(await produce(restarted, 't', sequence(4))).toMatchObject({ errorCode: 0, baseOffset: 4n });
    expect(await produce(restarted, 't', sequence(5))).toMatchObject({ errorCode: 0, baseOffset: 6n });
    expect(offsets).toEqual([3, 4]);
  });
});
