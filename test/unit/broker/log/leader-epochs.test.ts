import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import { expect, test } from 'vitest';
import { OwnedPlacement } from '../../../../adapters/broker/cluster/owned-placement.js';
import type { Kit } from '../../../../adapters/broker/kit.js';
import { LeaderEpochs } from '../../../../adapters/broker/log/epoch-history.js';
import { PartitionLog } from '../../../../adapters/broker/log/partition-logs.js';
import type { Partition, Topic } from '../../../../adapters/broker/topic-registry.js';
import { openState, readState } from '../../../support/stored-state.js';

async function epochsOver(store = createMemoryStore()) {
  const { state } = await openState(store);
  const deleted: ((topic: Topic) => void)[] = [];
  const warnings: string[] = [];
  const topics = { onDeleted: (listener: (topic: Topic) => void) => (deleted.push(listener), () => undefined) };
  const placement = new OwnedPlacement(null, 1, null);
  const kit = { state, topics, placement, warn: (text: string) => warnings.push(text) } as unknown as Kit;
  const epochs = new LeaderEpochs(kit);
  epochs.open();
  return {
    epochs,
    warnings,
    state,
    placement,
    remove: (topic: Topic) => deleted.forEach((listener) => listener(topic)),
  };
}

function partitionAt(leaderEpoch: number): Partition {
  const id = { topicId: 'id', topic: 't', partition: 0 };
  return { id, leaderEpoch, index: 0 } as unknown as Partition;
}

test('a log of epoch 0 has nothing to keep', async () => {
  const store = createMemoryStore();
  const { epochs } = await epochsOver(store);
  const partition = partitionAt(0);
  epochs.appended(new PartitionLog(partition), 0, 0);
  expect(await readState(store)).toEqual([]);
  expect(epochs.at(partition, 5)).toBe(0);
  expect(epochs.end(partition, 0, 9)).toEqual({ epoch: 0, endOffset: 9 });
  expect(epochs.end(partition, 1, 9)).toEqual({ epoch: -1, endOffset: -1 });
});

test('knows which epoch wrote what, after a restart as well', async () => {
  const store = createMemoryStore();
  const { epochs } = await epochsOver(store);
  for (const [epoch, offset] of [
    [2, 10],
    [5, 20],
    [5, 30],
  ] as const) {
    epochs.appended(new PartitionLog(partitionAt(epoch)), epoch, offset);
  }
  const { epochs: later, remove } = await epochsOver(store);
  const partition = partitionAt(6);
  expect([0, 9, 10, 19, 20, 99].map((offset) => later.at(partition, offset))).toEqual([0, 0, 2, 2, 5, 5]);
  expect([0, 2, 3, 5, 6, 7].map((epoch) => later.end(partition, epoch, 40))).toEqual([
    { epoch: 0, endOffset: 10 },
    { epoch: 2, endOffset: 20 },
    { epoch: 2, endOffset: 20 },
    { epoch: 5, endOffset: 40 },
    { epoch: 6, endOffset: 40 },
    { epoch: -1, endOffset: -1 },
  ]);
  remove({ partitions: [partition] } as unknown as Topic);
  expect(await readState(store)).toEqual([]);
});

test('the operator is told when they cannot be saved', async () => {
  const store = createMemoryStore();
  const { epochs, warnings, state } = await epochsOver(store);
  const failing = new Error('no');
  state.put = () => {
    throw failing;
  };
  epochs.appended(new PartitionLog(partitionAt(1)), 1, 0);
  state.put = () => Promise.reject(failing);
  epochs.appended(new PartitionLog(partitionAt(2)), 2, 1);
  await Promise.resolve();
  await Promise.resolve();
  expect(warnings).toHaveLength(2);
});

test('an epoch whose records the log has lost ends where the next one begins', async () => {
  const { epochs } = await epochsOver();
  for (const [epoch, offset] of [
    [2, 10],
    [5, 20],
    [6, 15],
  ] as const) {
    epochs.appended(new PartitionLog(partitionAt(epoch)), epoch, offset);
  }
  const partition = partitionAt(6);
  expect([2, 5, 6].map((epoch) => epochs.end(partition, epoch, 40))).toEqual([
    { epoch: 2, endOffset: 15 },
    { epoch: 2, endOffset: 15 },
    { epoch: 6, endOffset: 40 },
  ]);
  expect([10, 14, 15, 20].map((offset) => epochs.at(partition, offset))).toEqual([2, 2, 6, 6]);
});

test('records of epoch 0 stay so when the leader has changed, though nothing was appended since', async () => {
  const { epochs } = await epochsOver();
  expect(epochs.at(partitionAt(3), 5)).toBe(0);
  expect(epochs.end(partitionAt(3), 0, 9)).toEqual({ epoch: 0, endOffset: 9 });
});

test('an epoch whose records are gone is forgotten with the next one', async () => {
  const store = createMemoryStore();
  const { epochs } = await epochsOver(store);
  const log = new PartitionLog(partitionAt(0));
  for (const [epoch, offset, startOffset] of [
    [2, 10, 0],
    [3, 20, 0],
    [4, 30, 20],
  ] as const) {
    log.startOffset = startOffset;
    epochs.appended(log, epoch, offset);
  }
  expect((await readState(store)).map(([, value]) => JSON.parse(Buffer.from(value).toString()) as unknown)).toEqual([
    [
      [3, 20],
      [4, 30],
    ],
  ]);
});

test('of very many epochs the latest 64 are kept, and one before them ends where these begin', async () => {
  const store = createMemoryStore();
  const { epochs } = await epochsOver(store);
  for (let epoch = 1; epoch <= 100; epoch++) {
    epochs.appended(new PartitionLog(partitionAt(epoch)), epoch, 10 * epoch);
  }
  const [[, value]] = (await readState(store)) as [[string, Uint8Array]];
  const kept = JSON.parse(Buffer.from(value).toString()) as [epoch: number, offset: number][];
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([64, [37, 370], [100, 1000]]);
  const partition = partitionAt(100);
  expect([5, 36, 37, 100].map((epoch) => epochs.end(partition, epoch, 2000))).toEqual([
    { epoch: 5, endOffset: 370 },
    { epoch: 36, endOffset: 370 },
    { epoch: 37, endOffset: 380 },
    { epoch: 100, endOffset: 2000 },
  ]);
});

test('while another broker has the history, no epoch is known and none is kept', async () => {
  const store = createMemoryStore();
  const { epochs, placement } = await epochsOver(store);
  const partition = partitionAt(3);
  const log = new PartitionLog(partition);
  expect([epochs.current(partition), epochs.at(partition, 5)]).toEqual([3, 0]);
  placement.lose(null, null);
  expect([epochs.current(partition), epochs.at(partition, 5)]).toEqual([-1, -1]);
  epochs.appended(log, 3, 10);
  expect(await readState(store)).toEqual([]);
  placement.regain();
  epochs.appended(log, 3, 12);
  expect(epochs.at(partition, 12)).toBe(3);
  expect(epochs.at(partition, 11)).toBe(0);
});
