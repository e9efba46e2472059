import { deleteRecordsApi, listOffsetsApi, offsetForLeaderEpochApi } from 'iggy-gateway-kafka/protocol';
import { append, batch, THEN } from '../records.js';
import type { Scenario } from '../side.js';
import { setUpTopic } from '../topic-setup.js';

export const listOffsetsScenario: Scenario = {
  area: 'ListOffsets',
  async run(side) {
    await setUpTopic(side, 'times', { numPartitions: 3 });
    const at = (timestamp: number, values: readonly string[]) =>
      append(side, 'times', batch(values, {}, { timestamp: THEN + timestamp }));
    await at(1000, ['a', 'b', 'c']);
    await at(3000, ['d']);
    await at(2000, ['e', 'f']);
    await at(3000, ['g']);
    await append(side, 'times', batch(['x', 'y'], { compression: 'gzip' }), 1);
    const list = (
      what: string,
      partitions: readonly { partitionIndex: number; timestamp: bigint; currentLeaderEpoch?: number }[],
      version = 10,
      rest: object = {},
    ) => side.ask(what, listOffsetsApi, version, { replicaId: -1, topics: [{ name: 'times', partitions }], ...rest });
    const one = (timestamp: number, partitionIndex = 0) => [{ partitionIndex, timestamp: BigInt(timestamp) }];
    for (let version = 1; version <= 10; version++) {
      for (const special of [-1, -2, -3, -4, -5, -6, -7]) {
        await list(
          `timestamp ${special}`,
          [0, 1, 2].flatMap((partition) => one(special, partition)),
          version,
        );
      }
      await list('the second batch', one(THEN + 1500), version);
    }
    for (const after of [0, 999, 1000, 1001, 1002, 1003, 2000, 2001, 2002, 3000, 3001]) {
      await list(`then and ${after} ms`, one(THEN + after));
    }
    await list('timestamp 0', one(0));
    await list('a time within a compressed batch', one(THEN + 1, 1));
    await list('a time in an empty partition', one(THEN, 2));
    for (const version of [1, 10]) {
      await list('a partition that is not there', one(-1, 3), version);
      await list('partition -1', one(-1, -1), version);
      await list('a partition twice', [...one(-1), ...one(-2)], version);
      for (const name of ['none', 'a b', '']) {
        await side.ask(`topic '${name}'`, listOffsetsApi, version, {
          replicaId: -1,
          topics: [{ name, partitions: one(-1) }],
        });
      }
    }
    for (const currentLeaderEpoch of [-1, 0, 1, -2]) {
      for (const version of [4, 10]) {
        await list(
          `leader epoch ${currentLeaderEpoch}`,
          [{ partitionIndex: 0, timestamp: -1n, currentLeaderEpoch }],
          version,
        );
      }
    }
    await list('isolation level 1', one(-1), 10, { isolationLevel: 1 });
    await list('isolation level 2', one(-1), 10, { isolationLevel: 2 });
    await list('as a replica that there is not', one(-1), 10, { replicaId: 5 });
    await list('as a debugging replica', one(-1), 10, { replicaId: -2 });
    await side.ask('nothing', listOffsetsApi, 10, { replicaId: -1, topics: [] });
    const partitions = [{ partitionIndex: 0, offset: 4n }];
    await side.send(deleteRecordsApi, 2, { topics: [{ name: 'times', partitions }], timeoutMs: 2000 });
    for (const timestamp of [-1, -2, -3, -4, THEN + 1000])
      await list(`${timestamp < 0 ? timestamp : 'a time'}, the first ones deleted`, one(timestamp));

    const epochs = (
      what: string,
      topic: string,
      partition: number,
      leaderEpoch: number,
      version = 4,
      rest: object = {},
    ) =>
      side.ask(what, offsetForLeaderEpochApi, version, {
        replicaId: -2,
        topics: [{ topic, partitions: [{ partition, leaderEpoch, ...rest }] }],
      });
    for (const version of [2, 3, 4]) {
      for (const epoch of [-2, -1, 0, 1, 7]) await epochs(`epoch ${epoch}`, 'times', 0, epoch, version);
    }
    for (const currentLeaderEpoch of [-1, 0, 1])
      await epochs(`current epoch ${currentLeaderEpoch}`, 'times', 0, 0, 4, { currentLeaderEpoch });
    await epochs('an empty partition', 'times', 2, 0);
    await epochs('a partition that is not there', 'times', 9, 0);
    await epochs('a topic that is not there', 'none', 0, 0);
    await side.ask('a topic without a name', offsetForLeaderEpochApi, 4, {
      replicaId: -2,
      topics: [{ topic: '', partitions: [{ partition: 0, leaderEpoch: 0 }] }],
    });
  },
};
