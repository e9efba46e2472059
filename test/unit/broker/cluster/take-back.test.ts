import { type ShardOpening, type StateShard, StoreError } from 'iggy-gateway-kafka/adapters/broker';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { OWNER_KEY } from '../../../../adapters/broker/cluster/owner-record.js';
import { defer } from '../../../support/deferred.js';
import { type SharedStore, sharedStore } from '../../../support/shared-store.js';
import {
  HEARTBEAT_MS,
  LOOK_MS,
  nodeOf,
  ownerRecord,
  SESSION_MS,
  type StateOwner,
  stateOwner,
} from '../../../support/state-owners.js';
import { FAILING, type Instead } from '../../../support/troubled-store.js';
import { turnUntil } from '../../../support/turned-clock.js';

const AWAY = new StoreError('UNAVAILABLE', 'away');
const LOST = { kind: 'lost', owner: null, epoch: null };
const CLOSED = 'memory: this broker owns the state again: the broker that owned it has closed it';
const SILENT = 'memory: this broker owns the state again: the broker that owned it was silent';

beforeEach(() => {
  // The random waits are half a session timeout, and a twentieth after a close.
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});

/** Two brokers over one store, of which the second has the state of the first. */
async function overtaken(accept?: ShardOpening['accept']) {
  const shared = sharedStore();
  const first = stateOwner(shared.store, accept);
  await first.open();
  await first.ownership.present(nodeOf(1));
  const second = stateOwner(shared.store);
  await second.open();
  await second.ownership.present(nodeOf(2));
  return { ...shared, first, second };
}

/** Turns the clock of a broker, with a look in each step. */
async function look({ clock }: StateOwner, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    clock.turn(LOOK_MS);
    await nextTurn();
  }
}

const lastKind = ({ changes }: StateOwner): string | undefined => changes.at(-1)?.kind;
const untilRegained = (owner: StateOwner): Promise<void> =>
  turnUntil(owner.clock, LOOK_MS, () => lastKind(owner) === 'regained');

/** The next opening of the state has begun, and ends once `go` is called. */
function holdOpening({ next }: SharedStore) {
  const [begun, gate] = [defer(), defer()];
  next('openShard', async (run) => {
    begun.resolve();
    await gate.promise;
    return run();
  });
  return { begun: begun.promise, go: () => gate.resolve() };
}

describe('a state that another broker owns', () => {
  test('is taken back once that broker has closed it', async () => {
    const { store, first, second } = await overtaken();
    await look(first, 1);
    await second.close();
    await look(first, 1);
    expect(lastKind(first)).toBe('lost');
    await look(first, 1);
    const owner = nodeOf(2);
    expect(first.changes).toEqual([LOST, { kind: 'lost', owner, epoch: 1 }, { kind: 'regained' }]);
    expect(first.epochs).toEqual([0, 2]);
    expect(first.warnings.at(-1)).toBe(CLOSED);
    // It shows that it is alive again.
    first.clock.turn(HEARTBEAT_MS);
    expect(await ownerRecord(store)).toEqual({ node: nodeOf(1), isClosed: false, epoch: 2 });
  });

  test('is taken back once that broker was silent for a session timeout and the random wait', async () => {
    const { first, second } = await overtaken();
    first.clock.turn(0);
    await nextTurn();
    const deadline = (1.5 * SESSION_MS) / LOOK_MS;
    await look(first, deadline - 1);
    expect(lastKind(first)).toBe('lost');
    await look(first, 1);
    expect(lastKind(first)).toBe('regained');
    expect(first.warnings.at(-1)).toBe(SILENT);
    // The other one follows in its turn.
    second.clock.turn(0);
    await nextTurn();
    expect(second.changes.at(-1)).toEqual({ kind: 'lost', owner: nodeOf(1), epoch: 2 });
  });

  test('is left alone while that broker writes that it is alive', async () => {
    const { first, second } = await overtaken();
    for (let count = 0; count < 100; count++) {
      await look(first, 1);
      await look(second, 1);
    }
    expect(lastKind(first)).toBe('lost');
    expect(second.changes).toEqual([]);
  });

  test('is reported again when its owner is another one, or says another address', async () => {
    const { store, first, second } = await overtaken();
    await look(first, 1);
    await second.ownership.present(nodeOf(5));
    await look(first, 2);
    const third = stateOwner(store);
    await third.open();
    await look(first, 1);
    expect(first.changes.slice(1)).toEqual([
      { kind: 'lost', owner: nodeOf(2), epoch: 1 },
      { kind: 'lost', owner: nodeOf(5), epoch: 1 },
      { kind: 'lost', owner: null, epoch: 2 },
    ]);
  });

  test('is left to a third broker that has opened it meanwhile', async () => {
    const shared = await overtaken();
    const { store, first, second } = shared;
    await second.close();
    const { begun, go } = holdOpening(shared);
    await Promise.all([begun, look(first, 3)]);
    const third = stateOwner(store);
    await third.open();
    await third.ownership.present(nodeOf(3));
    go();
    await nextTurn();
    await look(first, 2);
    expect(first.changes.at(-1)).toEqual({ kind: 'lost', owner: nodeOf(3), epoch: 2 });
    expect(first.epochs).toEqual([0]);
    expect(third.changes).toEqual([]);
    await third.close();
    await untilRegained(first);
    expect(first.epochs).toEqual([0, 3]);
  });

  test('is taken back from an owner whose record this release cannot read, once that is silent', async () => {
    const { put, first } = await overtaken();
    await look(first, 1);
    put(OWNER_KEY, Buffer.from('?'));
    await look(first, 10);
    // The record shows that it is alive, and leaves what is known of it.
    expect(first.changes).toEqual([LOST, { kind: 'lost', owner: nodeOf(2), epoch: 1 }]);
    await untilRegained(first);
    expect(first.warnings.slice(1)).toEqual([SILENT]);
  });

  test.each(FAILING)('is taken back once the store can be reached: %s', async (_how, fail) => {
    const { next, first, second } = await overtaken();
    await second.close();
    next('followShard', fail(AWAY));
    next('openShard', fail(AWAY));
    await untilRegained(first);
    expect(first.warnings).toHaveLength(2);
  });
});

describe('a state that cannot be taken back', () => {
  const AGAIN = 'memory: the state cannot be taken back: ';

  test('is left alone, and the operator is told once of each reason', async () => {
    let refusal: Error | null = null;
    const { first, second } = await overtaken(() => {
      if (refusal !== null) throw refusal;
    });
    await second.close();
    const refused = () =>
      first.warnings.filter((text) => text.startsWith(AGAIN)).map((text) => text.slice(AGAIN.length));
    refusal = new StoreError('INVALID', 'format 2');
    await look(first, 20);
    expect(refused()).toEqual(['format 2']);
    refusal = new StoreError('UNAVAILABLE', 'away');
    await look(first, 20);
    refusal = new TypeError('broken');
    await look(first, 20);
    expect(refused()).toEqual(['format 2', 'broken']);
    expect(lastKind(first)).toBe('lost');
    expect(first.epochs).toEqual([0]);
    refusal = null;
    await untilRegained(first);
  });

  test('may be refused with something else than an error', async () => {
    const { next, first, second } = await overtaken();
    await second.close();
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    next('openShard', () => Promise.reject('no'));
    await untilRegained(first);
    expect(first.warnings).toContain(`${AGAIN}no`);
  });
});

test('a state that is lost again while it is taken back is not reported as regained', async () => {
  const { store, next, first, second } = await overtaken();
  await second.close();
  const third = stateOwner(store);
  next('openShard', async (run) => {
    const shard = run();
    await third.open();
    await third.ownership.present(nodeOf(3));
    return shard;
  });
  await turnUntil(first.clock, LOOK_MS, () => first.epochs.length === 2);
  await look(first, 1);
  expect(first.changes.at(-1)).toEqual({ kind: 'lost', owner: nodeOf(3), epoch: 3 });
  expect(first.changes).not.toContainEqual({ kind: 'regained' });
  expect(first.warnings).not.toContain(CLOSED);
  await third.close();
  await untilRegained(first);
  expect(first.epochs).toEqual([0, 2, 4]);
});

describe('a shard whose close fails once it is lost', () => {
  const CLOSES: readonly (readonly [how: string, close: StateShard['close']])[] = [
    [
      'throws',
      () => {
        throw AWAY;
      },
    ],
    ['rejects', () => Promise.reject(AWAY)],
    ['hangs', () => new Promise(() => undefined)],
  ];

  test.each(CLOSES)('keeps its broker neither from the next one nor from heartbeats: %s', async (_how, close) => {
    const { store, next } = sharedStore();
    const first = stateOwner(store);
    next('openShard', (run) => ({ ...(run() as StateShard), close }));
    await first.open();
    const second = stateOwner(store);
    await second.open();
    await second.close();
    await untilRegained(first);
    expect(first.warnings.at(-1)).toBe(CLOSED);
    expect(first.ownership.put([['key', Buffer.from('value')]])).toBeUndefined();
    first.clock.turn(HEARTBEAT_MS);
    expect(await ownerRecord(store)).toEqual({ node: null, isClosed: false, epoch: 2 });
  });
});

describe('closing', () => {
  test('does not wait for a shard that does not close once closing should be over', async () => {
    const { store, next } = sharedStore();
    const { ownership, clock, open } = stateOwner(store);
    next('openShard', (run) => ({ ...(run() as StateShard), close: () => new Promise(() => undefined) }));
    await open();
    await ownership.close(AbortSignal.abort());
    expect(await ownerRecord(store)).toMatchObject({ isClosed: true });
    expect(clock.timers).toBe(0);
  });

  test('waits for a state that is being taken back, and gives it back', async () => {
    const shared = await overtaken();
    const { store, first, second } = shared;
    await second.close();
    const { begun, go } = holdOpening(shared);
    await Promise.all([begun, look(first, 3)]);
    const isClosed = vi.fn<() => void>();
    const closing = first.close().then(isClosed);
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    expect(isClosed).not.toHaveBeenCalled();
    go();
    await closing;
    expect(first.epochs).toEqual([0, 2]);
    expect(await ownerRecord(store)).toEqual({ node: nodeOf(1), isClosed: true, epoch: 2 });
    expect(first.changes).not.toContainEqual({ kind: 'regained' });
    expect(first.warnings).not.toContain(CLOSED);
    expect(first.clock.timers).toBe(0);
  });

  test('waits for a look that is under way, and for an opening that fails', async () => {
    for (const method of ['followShard', 'openShard'] as const) {
      const { next, first, second } = await overtaken();
      await second.close();
      const [begun, gate] = [defer(), defer()];
      next(method, async (run) => {
        begun.resolve();
        await gate.promise;
        if (method === 'openShard') throw AWAY;
        return run();
      });
      await Promise.all([begun.promise, look(first, 3)]);
      const closing = first.close();
      gate.resolve();
      await closing;
      expect(first.epochs).toEqual([0]);
      expect(first.clock.timers).toBe(0);
    }
  });

  test('waits for a look that began before the last one had ended', async () => {
    const { store, next } = sharedStore();
    const [first, second] = [stateOwner(store), stateOwner(store)];
    const closed = defer();
    next('openShard', (run) => ({ ...(run() as StateShard), close: () => closed.promise }));
    await first.open();
    await second.open();
    await second.close();
    await turnUntil(first.clock, LOOK_MS, () => first.epochs.length === 2);
    // The state is lost again while the first opening is being closed.
    await second.open();
    const [begun, gate] = [defer(), defer()];
    const follow: Instead = async (run) => {
      begun.resolve();
      await gate.promise;
      return run();
    };
    next('followShard', follow);
    await look(first, 1);
    await begun.promise;
    closed.resolve();
    await nextTurn();
    const isClosed = vi.fn<() => void>();
    const closing = first.close().then(isClosed);
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    expect(isClosed).not.toHaveBeenCalled();
    gate.resolve();
    await closing;
    expect(first.clock.timers).toBe(0);
  });

  test('does not keep a broker from opening and following the state again', async () => {
    const { first, second } = await overtaken();
    await first.close();
    await first.open();
    expect(first.epochs).toEqual([0, 2]);
    await second.close();
    await second.open();
    await second.close();
    await untilRegained(first);
    expect(first.epochs).toEqual([0, 2, 4]);
  });
});
