// Against the stand-in of Iggy: test/iggy/mirror-offsets.test.ts has the real one.
import { expect, test, vi } from 'vitest';
import { expectMirrored, startMirror } from '../../../iggy/support/mirror-checks.js';
import { createStandIn } from '../../../support/iggy-stand-in.js';

test("what groups commit is shown to Iggy's tools: the offset of the message that was read last", () => {
  const iggy = createStandIn();
  return expectMirrored(() => iggy.connect(), 'kafka');
});

test('a commit does not wait for it; of many for one partition the last is told, also when the gateway ends', async () => {
  const iggy = createStandIn();
  const { broker, commit, stored, direct } = await startMirror(() => iggy.connect(), 'kafka');
  for (let times = 0; times < 20; times++) for (const offset of [5n, 4n, 3n, 2n]) await commit(offset);
  await commit(4n);
  await broker.close();
  expect(await stored()).toBe(3n);
  expect(iggy.counts.get('offset.store')).toBeLessThan(81);
  await direct.topic.delete({ streamId: 'kafka', topicId: 'orders', partitionsCount: 2 });
});

test('a group whose name is too long for Iggy commits all the same', async () => {
  const iggy = createStandIn();
  const { commit, warnings } = await startMirror(() => iggy.connect(), 'kafka');
  await commit(1n, 'x'.repeat(247));
  await vi.waitFor(() => expect(warnings.join('\n')).toMatch(/is not shown: Iggy: its name is too long/));
  expect(iggy.counts.get('offset.store')).toBeUndefined();
  await commit(1n, 'x'.repeat(246));
  await vi.waitFor(() => expect(iggy.counts.get('offset.store')).toBe(1));
});

test('where it is not asked for, nothing is stored', async () => {
  const iggy = createStandIn();
  const { commit, broker } = await startMirror(() => iggy.connect(), 'kafka', { mirrorOffsets: false });
  await commit(3n);
  await broker.close();
  expect(iggy.counts.get('offset.store')).toBeUndefined();
});
