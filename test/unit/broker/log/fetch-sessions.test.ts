import { fetchApi, type FetchRequest, Reader, Writer } from 'iggy-gateway-kafka/protocol';
import { expect, test } from 'vitest';
import { FetchSessions } from '../../../../adapters/broker/log/fetch-sessions.js';
import { TurnedClock } from '../../../support/turned-clock.js';

const MINUTE = 60_000;

/** A full fetch of so many partitions, or one that goes on. */
function request(partitions: number, sessionId = 0, sessionEpoch = 0): FetchRequest {
  const writer = new Writer();
  const wanted = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    fetchOffset: 0n,
    partitionMaxBytes: 1,
  }));
  const topics = [{ topic: 't', partitions: wanted }];
  fetchApi.writeRequest(writer, { maxWaitMs: 0, minBytes: 0, sessionId, sessionEpoch, topics }, 12);
  const bytes = writer.take();
  return fetchApi.readRequest(new Reader(Array.isArray(bytes) ? Buffer.concat(bytes) : Buffer.from(bytes)), 12);
}

test('the session that was not used for two minutes makes room', () => {
  const clock = new TurnedClock();
  const sessions = new FetchSessions(clock, () => 2);
  const [a, b] = [sessions.scope(request(5), 12).session!, sessions.scope(request(5), 12).session!];
  clock.turn(2 * MINUTE);
  expect(sessions.scope(request(0, a.id, 1), 12).session).toBe(a);
  expect(sessions.scope(request(1), 12).session).toBeNull();
  clock.turn(1);
  const c = sessions.scope(request(1), 12).session;
  expect(c).not.toBeNull();
  expect(sessions.scope(request(0, b.id, 1), 12).errorCode).toBe(70);
  expect(sessions.scope(request(0, a.id, 2), 12).session).toBe(a);
  expect(sessions.size).toBe(2);
});

test('a smaller session that has had its time makes room for a larger one', () => {
  const clock = new TurnedClock();
  const sessions = new FetchSessions(clock, () => 2);
  const [small, large] = [sessions.scope(request(2), 12).session!, sessions.scope(request(5), 12).session!];
  const touch = (epoch: number): void => {
    for (const { id } of [small, large]) expect(sessions.scope(request(0, id, epoch), 12).errorCode).toBe(0);
  };
  clock.turn(MINUTE);
  touch(1);
  expect(sessions.scope(request(9), 12).session).toBeNull();
  clock.turn(MINUTE + 1);
  touch(2);
  expect(sessions.scope(request(2), 12).session).toBeNull();
  expect(sessions.scope(request(3), 12).session).not.toBeNull();
  expect(sessions.scope(request(0, small.id, 3), 12).errorCode).toBe(70);
  expect(sessions.scope(request(0, large.id, 3), 12).errorCode).toBe(0);
});

test('without slots there are no sessions', () => {
  const sessions = new FetchSessions(new TurnedClock(), () => 0);
  expect(sessions.scope(request(1), 12)).toMatchObject({ session: null, errorCode: 0 });
});

test('after the highest epoch comes 1', () => {
  const sessions = new FetchSessions(new TurnedClock(), () => 1);
  const session = sessions.scope(request(1), 12).session!;
  session.epoch = 0x7fff_ffff;
  expect(sessions.scope(request(0, session.id, 0x7fff_ffff), 12).errorCode).toBe(0);
  expect(session.epoch).toBe(1);
});
