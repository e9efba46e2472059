import { expect, test } from 'vitest';
import { DONE, type PendingFrame } from '../../../src/listener/frame-handler.js';
import { OverdueHandlers } from '../../../src/listener/overdue-handlers.js';

/** A frame that was answered by a time-out; its handler ends with `end`. */
function timedOut(): PendingFrame & { end(): void } {
  let end = (): void => undefined;
  return {
    whenSettled: () => undefined,
    complete: () => DONE,
    goesOn(onEnd) {
      end = onEnd;
      return true;
    },
    end: () => end(),
  };
}

test('handlers that go on count with the bytes of their frames until they settle', () => {
  let settled = 0;
  const overdue = new OverdueHandlers(() => settled++);
  const frames = [10, 20, 30, 40].map((bytes) => {
    const frame = timedOut();
    expect(overdue.isFull).toBe(false);
    overdue.add(frame, bytes);
    return frame;
  });
  expect(overdue).toMatchObject({ bytes: 100, isFull: true });
  frames[1]!.end();
  expect(overdue).toMatchObject({ bytes: 80, isFull: false });
  expect(settled).toBe(1);
});

test('a handler that has settled does not count, nor does a frame without a handler', () => {
  const overdue = new OverdueHandlers(() => undefined);
  overdue.add({ ...timedOut(), goesOn: () => false }, 10);
  overdue.add({ whenSettled: () => undefined, complete: () => DONE }, 10);
  expect(overdue.bytes).toBe(0);
});
