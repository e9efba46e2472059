import { describe, expect, test, vi } from 'vitest';
import { createStandIn } from '../../../support/iggy-stand-in.js';
import { append, batchOf, createOrders, door, openStore, read, sendingThrough } from '../../../support/iggy-store.js';

// The end of a partition goes back: its server has lost what it had confirmed, or the topic was purged.

const ORDERS = { streamId: 'kafka', topicId: 'orders' };

const warning = (from: number, to: number, partition = 0): string =>
  `Iggy: topic 'orders', partition ${String(partition)}: the end went back from offset ${String(from)} to ` +
  `${String(to)}: ${String(from - to)} offsets are gone, because the server lost its tail, or the topic was purged`;

async function withOrders(partitionCount = 1) {
  const opened = await openStore({ durability: 'none' });
  const partition = await createOrders(opened.store, partitionCount);
  await append(opened.store, partition, batchOf('a', 'b', 'c', 'd', 'e'));
  return { ...opened, partition };
}

describe('a tail that the server has lost', () => {
  test('is reported by the next append, and counted', async () => {
    const { iggy, store, warnings, partition } = await withOrders();
    expect(store.lostOffsets).toBe(0);
    iggy.loseFrom('kafka', 'orders', 0, 2);
    expect(await append(store, partition, batchOf('f'))).toMatchObject({ baseOffset: 2 });
    expect(warnings).toEqual([warning(5, 2)]);
    expect(store.lostOffsets).toBe(3);
    await append(store, partition, batchOf('g'));
    expect(await read(store, partition, 4)).toMatchObject({ bytes: 0, logEndOffset: 4 });
    expect(warnings).toHaveLength(1);
  });

  test('is reported once it has been read for long enough, and not again by the next append', async () => {
    const { iggy, store, warnings, partition } = await withOrders();
    iggy.loseFrom('kafka', 'orders', 0, 2);
    await vi.waitFor(async () => {
      expect((await read(store, partition, 5)).error).toMatchObject({ code: 'OUT_OF_RANGE' });
    }, 5000);
    expect(warnings).toEqual([warning(5, 2)]);
    expect(await append(store, partition, batchOf('f'))).toMatchObject({ baseOffset: 2 });
    expect(warnings).toHaveLength(1);
    expect(store.lostOffsets).toBe(3);
  });

  test('is reported once where an append is confirmed after it was read', async () => {
    const iggy = createStandIn();
    const late = door();
    let isLate = false;
    const connect = sendingThrough(iggy, async (topic, go) => {
      const answer = await go();
      if (topic === 'orders' && isLate) await late.opened;
      return answer;
    });
    const { store, warnings } = await openStore({ connect, commandTimeoutMs: 10_000 }, iggy);
    const partition = await createOrders(store);
    await append(store, partition, batchOf('a', 'b', 'c', 'd', 'e'));
    iggy.loseFrom('kafka', 'orders', 0, 2);
    isLate = true;
    const appending = append(store, partition, batchOf('f'));
    await vi.waitFor(async () => expect(await store.logOffsets(partition)).toMatchObject({ logEndOffset: 3 }), 5000);
    late.open();
    expect(await appending).toMatchObject({ baseOffset: 2 });
    expect(warnings).toEqual([warning(5, 3)]);
    expect(store.lostOffsets).toBe(2);
    expect(await store.logOffsets(partition)).toMatchObject({ logEndOffset: 3 });
  });

  test('is reported each time', async () => {
    const { iggy, store, warnings, partition } = await withOrders();
    for (const from of [4, 3]) {
      iggy.loseFrom('kafka', 'orders', 0, from);
      await append(store, partition, batchOf('f'));
    }
    expect(warnings).toEqual([warning(5, 4), warning(5, 3)]);
    expect(store.lostOffsets).toBe(3);
  });
});

test('a purge is reported for each partition that had records', async () => {
  const { iggy, store, warnings, partition } = await withOrders(3);
  const second = { ...partition, partition: 1 };
  const third = { ...partition, partition: 2 };
  await append(store, second, batchOf('a'));
  await read(store, third);
  await iggy.connect().topic.purge(ORDERS);
  await vi.waitFor(async () => {
    for (const each of [partition, second]) {
      expect((await read(store, each, 1)).error).toMatchObject({ code: 'OUT_OF_RANGE' });
    }
  }, 5000);
  expect([...warnings].sort()).toEqual([warning(5, 0), warning(1, 0, 1)]);
  expect(store.lostOffsets).toBe(6);
});

test('segments that expire, and a topic that is created anew, are not reported', async () => {
  const { iggy, store, warnings, partition } = await withOrders();
  iggy.dropBefore('kafka', 'orders', 0, 5);
  expect((await read(store, partition, 1)).error).toMatchObject({ code: 'OUT_OF_RANGE' });
  await store.deleteTopic(partition.topicId);
  const again = await createOrders(store);
  await append(store, again, batchOf('a'));
  expect(warnings).toEqual([]);
  expect(store.lostOffsets).toBe(0);
});
