import { expect, test } from 'vitest';
import { Turn } from '../../../src/listener/turn.js';

const nextLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('work that becomes ready within other work runs after it, in the order in which it became ready', () => {
  const turn = new Turn();
  const log: string[] = [];
  const work = (name: string, ...then: { work(): void }[]): { work(): void } => ({
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
  for (let count = 0; count < 3; count++) turn.run({ work: () => (ran += 1) });
  expect(ran).toBe(3);
});

test('after work that throws, the next runs as if nothing had been', () => {
  const turn = new Turn();
  const boom = new Error('boom');
  expect(() => {
    turn.run({
      work() {
        throw boom;
      },
    });
  }).toThrow(boom);
  let ran = false;
  turn.run({ work: () => void (ran = true) });
  expect(ran).toBe(true);
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
