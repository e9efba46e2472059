import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type AwaitingCall, PendingAnswer, type Settlement } from '../../../src/dispatch/pending-answer.js';
import { DONE } from '../../../src/listener/frame-handler.js';
import { defer } from '../../support/deferred.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Logs what happens to a call. */
class Calls implements AwaitingCall {
  readonly log: string[] = [];

  abort(cause: string): Error {
    this.log.push(`abort: ${cause}`);
    return new Error(cause);
  }

  complete(settlement: Settlement): typeof DONE {
    this.log.push(`complete: ${text(settlement)}`);
    return DONE;
  }

  dropLate(settlement: Settlement): void {
    this.log.push(`drop: ${text(settlement)}`);
  }

  settled(): void {
    this.log.push('settled');
  }

  await(answer: PromiseLike<unknown>, timeoutMs = 0): PendingAnswer {
    const pending = new PendingAnswer(this, answer, timeoutMs);
    pending.whenSettled(() => {
      const goesOn = pending.goesOn(() => this.log.push('end'));
      if (goesOn) this.log.push('goes on');
      pending.complete();
    });
    return pending;
  }
}

function text(settlement: Settlement): string {
  return 'value' in settlement ? String(settlement.value) : String(settlement.error);
}

/** Lets promises settle. */
const settle = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => undefined);

test.each<readonly [string, () => PromiseLike<unknown>, string]>([
  ['resolves', () => Promise.resolve('answer'), 'complete: answer'],
  ['rejects', () => Promise.reject(new Error('no')), 'complete: Error: no'],
  [
    'throws in then',
    () => ({
      then() {
        throw new Error('broken');
      },
    }),
    'complete: Error: broken',
  ],
  [
    'calls back twice',
    () => ({
      then(resolve?: ((value: unknown) => unknown) | null) {
        resolve?.('first');
        resolve?.('second');
        return undefined as never;
      },
    }),
    'complete: first',
  ],
])('completes a call once when its promise %s', async (_, answer, completed) => {
  const calls = new Calls();
  calls.await(answer());
  await settle();
  expect(calls.log).toEqual([completed, 'settled']);
});

test('completes a call at its time-out, and drops what its handler still returns', async () => {
  const calls = new Calls();
  const answer = defer<string>();
  calls.await(answer.promise, 100);
  await vi.advanceTimersByTimeAsync(99);
  expect(calls.log).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls.log).toEqual(['abort: timeout', 'goes on', 'complete: Error: timeout']);
  answer.resolve('late');
  await settle();
  expect(calls.log.slice(3)).toEqual(['drop: late', 'end', 'settled']);
});

test('does not time out after its handler has settled', async () => {
  const calls = new Calls();
  calls.await(Promise.resolve('answer'), 100);
  await settle();
  expect(vi.getTimerCount()).toBe(0);
});
