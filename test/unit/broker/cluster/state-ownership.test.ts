import { type ShardChange, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { sharedStore } from '../../../support/shared-store.js';
import { HEARTBEAT_MS, nodeOf, ownerRecord, SESSION_MS, stateOwner } from '../../../support/state-owners.js';
import { readState } from '../../../support/stored-state.js';
import { FAILING, type Instead } from '../../../support/troubled-store.js';

const CHANGES: readonly ShardChange[] = [['key', Buffer.from('value')]];
const AWAY = new StoreError('UNAVAILABLE', 'away');
const FENCED = new StoreError('FENCED', 'another broker owns the state');
const LOST = { kind: 'lost', owner: null, epoch: null };

describe('the owner of a state that others may open', () => {
  test('writes three times in a session timeout that it is alive, and what it advertises once that is known', async () => {
    const { store, next } = sharedStore();
    const { ownership, clock, open } = stateOwner(store);
    await open();
    expect(await ownerRecord(store)).toBeNull();
    clock.turn(HEARTBEAT_MS - 1);
    expect(await ownerRecord(store)).toBeNull();
    clock.turn(1);
    expect(await ownerRecord(store)).toEqual({ node: null, isClosed: false, epoch: 0 });
    await ownership.present(nodeOf(1));
    expect(await ownerRecord(store)).toEqual({ node: nodeOf(1), isClosed: false, epoch: 0 });
    const beat = vi.fn<Instead>((run) => run());
    for (let times = 0; times < 5; times++) {
      next('put', beat);
      await nextTurn();
      clock.turn(HEARTBEAT_MS);
      expect(beat).toHaveBeenCalledTimes(times + 1);
    }
  });

  test.each(FAILING)('goes on to write that it is alive after a failure: %s', async (_how, fail) => {
    const { store, next } = sharedStore();
    const { ownership, clock, changes, open } = stateOwner(store);
    await open();
    next('put', fail(AWAY));
    await expect(ownership.present(nodeOf(1))).rejects.toBe(AWAY);
    next('put', fail(AWAY));
    clock.turn(HEARTBEAT_MS);
    await nextTurn();
    expect(await ownerRecord(store)).toBeNull();
    clock.turn(HEARTBEAT_MS);
    await nextTurn();
    expect(await ownerRecord(store)).toEqual({ node: nodeOf(1), isClosed: false, epoch: 0 });
    expect(changes).toEqual([]);
  });

  test('gives the state back when it closes, and writes no more', async () => {
    const { store } = sharedStore();
    const { ownership, clock, open, close } = stateOwner(store);
    await open();
    await ownership.present(nodeOf(1));
    await close();
    expect(await ownerRecord(store)).toEqual({ node: nodeOf(1), isClosed: true, epoch: 0 });
    expect(clock.timers).toBe(0);
  });

  test('writes no more after a heartbeat that ends while it closes', async () => {
    const { store, next } = sharedStore();
    const { clock, open, close } = stateOwner(store);
    await open();
    next('put', async (run) => {
      await nextTurn();
      return run();
    });
    clock.turn(HEARTBEAT_MS);
    await close();
    await nextTurn();
    expect(clock.timers).toBe(0);
  });

  test.each(FAILING)('closes even if it cannot give the state back: %s', async (_how, fail) => {
    const { store, next } = sharedStore();
    const { clock, open, close } = stateOwner(store);
    await open();
    next('put', fail(AWAY));
    await close();
    expect(clock.timers).toBe(0);
  });

  test('does not show an earlier address when it opens the state again', async () => {
    const { store } = sharedStore();
    const { ownership, clock, open, close, epochs } = stateOwner(store);
    await open();
    await ownership.present(nodeOf(1));
    await close();
    await open();
    clock.turn(HEARTBEAT_MS);
    expect(await ownerRecord(store)).toEqual({ node: null, isClosed: false, epoch: 1 });
    expect(epochs).toEqual([0, 1]);
  });
});

describe('an owner that was overtaken', () => {
  test('reports it once, follows the state, and writes no more', async () => {
    const { store } = sharedStore();
    const { ownership, clock, changes, warnings, open, close } = stateOwner(store);
    await open();
    await stateOwner(store).open();
    expect(changes).toEqual([LOST]);
    expect(() => ownership.put(CHANGES)).toThrow(StoreError);
    await ownership.present(nodeOf(1));
    expect(await readState(store)).toEqual([]);
    expect(changes).toEqual([LOST]);
    expect(warnings).toEqual([
      'another broker has opened shard 0 of this memory store; this broker refuses what depends on it until it owns the state again',
    ]);
    await close();
    expect(await ownerRecord(store)).toBeNull();
    expect(clock.timers).toBe(0);
  });

  test.each(FAILING)('learns it by a put: %s', async (_how, fail) => {
    const { store, next } = sharedStore();
    const { ownership, changes, open } = stateOwner(store);
    await open();
    next('put', fail(AWAY));
    await expect((async () => ownership.put(CHANGES))()).rejects.toBe(AWAY);
    expect(changes).toEqual([]);
    for (let times = 0; times < 2; times++) {
      next('put', fail(FENCED));
      await expect((async () => ownership.put(CHANGES))()).rejects.toBe(FENCED);
    }
    expect(changes).toEqual([LOST]);
  });

  test('learns it by a heartbeat, also while it presents itself', async () => {
    const { store, next } = sharedStore();
    const { ownership, changes, open } = stateOwner(store);
    await open();
    next('put', () => Promise.reject(FENCED));
    await ownership.present(nodeOf(1));
    expect(changes).toEqual([LOST]);
  });

  test('says nothing of it while it closes', async () => {
    const { store, next } = sharedStore();
    const { clock, changes, warnings, open, close } = stateOwner(store);
    await open();
    next('put', () => Promise.reject(FENCED));
    await close();
    expect({ changes, warnings, timers: clock.timers }).toEqual({ changes: [], warnings: [], timers: 0 });
  });

  test('stays without the state where the store cannot be followed', async () => {
    const store = createMemoryStore();
    const { clock, changes, open } = stateOwner(store);
    await open();
    const other = stateOwner(store);
    await other.open();
    await other.close();
    clock.turn(10 * SESSION_MS);
    expect(changes).toEqual([LOST]);
    expect(clock.timers).toBe(0);
  });
});

test('a state that no other broker can open has no heartbeats', async () => {
  const store = createMemoryStore();
  const { ownership, clock, open, close } = stateOwner(store);
  await open();
  await ownership.present(nodeOf(1));
  expect(clock.timers).toBe(0);
  await close();
  expect(await readState(store)).toEqual([]);
});

test('a state that is not open fails', async () => {
  const { ownership, open, close } = stateOwner(createMemoryStore());
  const expected = new StoreError('UNAVAILABLE', 'memory: the state is not open');
  expect(() => ownership.put(CHANGES)).toThrow(expected);
  await open();
  ownership.put(CHANGES);
  expect([...(await ownership.load())]).toEqual([['key', new Uint8Array(Buffer.from('value'))]]);
  await close();
  expect(() => ownership.put(CHANGES)).toThrow(expected);
  expect(() => ownership.load()).toThrow(expected);
});

test('an owner that is fenced before its opening has returned has lost the state', async () => {
  const { store, next } = sharedStore();
  const { changes, clock, epochs, open } = stateOwner(store);
  const second = stateOwner(store);
  next('openShard', async (run) => {
    const shard = run();
    await second.open();
    return shard;
  });
  await open();
  expect(epochs).toEqual([0]);
  expect(changes).toEqual([LOST]);
  clock.turn(0);
  await nextTurn();
  expect(changes.at(-1)).toEqual({ kind: 'lost', owner: null, epoch: 1 });
});
