import { type Awaitable, ErrorCode } from '../../../src/contract.js';
import type {
  DescribeLogDirsRequest,
  DescribeLogDirsResponseInit,
  DescribeLogDirsResponseDescribeLogDirsPartitionInit,
} from '../../../src/protocol/index.js';
import { all, andThen } from '../awaitable.js';
import type { CoreKit } from '../core-kit.js';
import type { Partition, Topic } from '../topics/topic-registry.js';

/** Answers DescribeLogDirs: one directory, which is the store. */
export function createDescribeLogDirs(
  kit: CoreKit,
): (request: DescribeLogDirsRequest) => Awaitable<DescribeLogDirsResponseInit> {
  const describe = (partition: Partition): Awaitable<DescribeLogDirsResponseDescribeLogDirsPartitionInit> =>
    andThen(kit.store.bounds(partition.id), ({ bytes }) => ({
      partitionIndex: partition.index,
      partitionSize: BigInt(bytes),
      offsetLag: 0n,
      isFutureKey: false,
    }));
  return ({ topics }) => {
    const wanted =
      topics === null
        ? Array.from(kit.topics.all(), (topic) => ({ topic, partitions: topic.partitions }))
        : topics.flatMap(({ topic: name, partitions }) => {
            const topic = kit.topics.byName(name);
            return topic === undefined ? [] : [{ topic, partitions: pick(topic, partitions) }];
          });
    const described = wanted
      .filter(({ partitions }) => partitions.length > 0)
      .map(({ topic, partitions }) =>
        andThen(all(partitions.map(describe)), (answered) => ({ name: topic.name, partitions: answered })),
      );
    return andThen(all(described), (answered) => ({
      errorCode: ErrorCode.NONE,
      results: [{ errorCode: ErrorCode.NONE, logDir: logDir(kit), topics: answered }],
    }));
  };
}

/** The name of the store, as the absolute path that tools expect. */
export function logDir({ store }: Pick<CoreKit, 'store'>): string {
  return `/${store.name}`;
}

function pick(topic: Topic, indexes: readonly number[]): Partition[] {
  return Array.from(new Set(indexes)).flatMap((index) => topic.partitions[index] ?? []);
}
