import { expect, onTestFinished, test, vi } from 'vitest';
import type { Sender } from '../../../src/listener/small-responses.js';
import { Turn } from '../../../src/listener/turn.js';

const nextLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Notes what was sent, as it is at that moment; `takes` says whether the kernel takes it all. */
function sender(name: string, log: string[], takes = true): Sender & { last: Uint8Array } {
  return {
    last: new Uint8Array(),
    send(bytes) {
      this.last = bytes;
      log.push(`${name}: ${Buffer.from(bytes).toString('latin1')}`);
      return takes;
    },
  };
}

function answer(turn: Turn, to: Sender, text: string): void {
  turn.responses.writer.raw(Buffer.from(text));
  turn.outbox.put(to, turn.responses.take() as Uint8Array);
}

test('answers wait until the event loop has turned, and are sent in the order in which they came', async () => {
  const turn = new Turn();
  const log: string[] = [];
  const [a, b] = [sender('a', log), sender('b', log)];
  answer(turn, a, 'one');
  answer(turn, b, 'two');
  answer(turn, a, 'three');
  await nextLoop();
  expect(log).toEqual(['a: one', 'b: two', 'a: three']);
  await nextLoop();
  expect(log).toHaveLength(3);
});

test('memory serves again once all is written', () => {
  const turn = new Turn();
  const a = sender('a', []);
  answer(turn, a, 'one');
  turn.outbox.send();
  const { byteOffset } = a.last;
  answer(turn, a, 'two');
  turn.outbox.send();
  expect(a.last.byteOffset).toBe(byteOffset);
});

test('what a socket holds on to is never written again', () => {
  const turn = new Turn();
  const [slow, quick] = [sender('slow', [], false), sender('quick', [])];
  answer(turn, slow, 'held');
  turn.outbox.send();
  const held = slow.last;
  for (let count = 0; count < 100_000; count++) {
    answer(turn, quick, 'answer');
    turn.outbox.send();
  }
  expect(Buffer.from(held).toString()).toBe('held');
});

test('what is being written while others are sent stays as it is', () => {
  const turn = new Turn();
  const log: string[] = [];
  answer(turn, sender('a', log), 'one');
  turn.responses.writer.raw(Buffer.from('begun'));
  turn.outbox.send();
  turn.responses.writer.raw(Buffer.from(' and ended'));
  expect(Buffer.from(turn.responses.take() as Uint8Array).toString()).toBe('begun and ended');
});

test('many bytes do not wait', () => {
  const turn = new Turn();
  const log: string[] = [];
  const [a, b] = [sender('a', log), sender('b', log)];
  for (const to of [a, b, a]) answer(turn, to, 'x'.repeat(12_000));
  expect(log).toHaveLength(3);
});

test('what follows for the same connection is sent with what waits for it', () => {
  // On a busy machine the test itself could take longer than answers wait.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const turn = new Turn();
  const log: string[] = [];
  const [a, b] = [sender('a', log), sender('b', log)];
  for (const [to, text] of [
    [a, '1'],
    [a, '2'],
    [b, '3'],
    [a, '4'],
    [a, '5'],
    [a, '6'],
  ] as const)
    answer(turn, to, text);
  turn.outbox.send();
  expect(log).toEqual(['a: 12', 'b: 3', 'a: 456']);
});

test('what waits in other memory is sent by itself', () => {
  const turn = new Turn();
  const log: string[] = [];
  const a = sender('a', log);
  turn.outbox.put(a, Buffer.from('elsewhere'));
  answer(turn, a, 'here');
  turn.outbox.send();
  expect(log).toEqual(['a: elsewhere', 'a: here']);
});
