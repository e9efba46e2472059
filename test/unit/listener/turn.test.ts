import { expect, test, vi } from 'vitest';
import { Turn, type Work } from '../../../src/listener/turn.js';

const failed = (error: unknown): never => {
  throw error;
};

const nextLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('work that becomes ready within other work runs after it, in the order in which it became ready', () => {
  const turn = new Turn();
  const log: string[] = [];
  const work = (name: string, ...then: Work[]): Work => ({
    failed,
    work() {
      log.push(`${name} begins`);
      for (const next of then) turn.run(next);
      log.push(`${name} ends`);
    },
  });
  turn.run(work('a', work('b', work('d')), work('c')));
  const names = ['a', 'b', 'c', 'd'];
  expect(log).toEqual(names.flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test('work runs at once when none is under way', () => {
  const turn = new Turn();
  let ran = 0;
  for (let count = 0; count < 3; count++) turn.run({ work: () => (ran += 1), failed });
  expect(ran).toBe(3);
});

test('what throwing work has written reaches nobody, its memory is given back, and the next runs as if nothing had been', () => {
  const turn = new Turn();
  const boom = new Error('boom');
  const release = vi.fn();
  const failures: unknown[] = [];
  let next = '';
  turn.run({
    work() {
      turn.run({ work: () => (next = `after ${turn.responses.length} bytes`), failed });
      turn.responses.writer.records({ chunks: [Buffer.alloc(10_000)], release }, false);
      throw boom;
    },
    failed: (error) => failures.push(error),
  });
  expect(failures).toEqual([boom]);
  expect(release).toHaveBeenCalledOnce();
  expect(next).toBe('after 0 bytes');
});

test('memory that cannot be released does not stop the work behind it', () => {
  const turn = new Turn();
  const failures: unknown[] = [];
  const log: string[] = [];
  turn.run({
    work() {
      turn.run({ work: () => log.push('next'), failed });
      const release = (): never => {
        throw new Error('no release');
      };
      turn.responses.writer.records({ chunks: [Buffer.of(1)], release }, false);
      throw new Error('boom');
    },
    failed: (error) => failures.push(error),
  });
  expect(failures).toEqual([new Error('boom'), new Error('no release')]);
  expect(log).toEqual(['next']);
});

test('the number of the loop stays within a turn of the event loop, and changes with the next', async () => {
  const turn = new Turn();
  const first = turn.loop;
  expect(turn.loop).toBe(first);
  await Promise.resolve();
  expect(turn.loop).toBe(first);
  await nextLoop();
  const second = turn.loop;
  expect(second).not.toBe(first);
  await nextLoop();
  expect(turn.loop).not.toBe(second);
});
