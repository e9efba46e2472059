// Versions 1 to 5.
// Supported: one log directory, which stands for the store.
// Ignored: nothing. Total and usable bytes are unknown.
import { all, type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  DescribeLogDirsRequest,
  DescribeLogDirsResponseInit,
  DescribeLogDirsResponseDescribeLogDirsPartitionInit,
} from '../../../src/protocol/index.js';
import { andThen, attempt } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { StoreError } from '../store/store-error.js';
import type { Partition, Topic } from '../topic-registry.js';
import type { Handler } from './handler.js';

type Described = DescribeLogDirsResponseDescribeLogDirsPartitionInit;

export const describeLogDirs: Handler<DescribeLogDirsRequest, DescribeLogDirsResponseInit> = ({ kit }, { topics }) => {
  const wanted =
    topics === null
      ? Array.from(kit.topics.all(), (topic) => ({ topic, partitions: topic.partitions }))
      : topics.flatMap(({ topic: name, partitions }) => {
          const topic = kit.topics.byName(name);
          return topic === undefined ? [] : [{ topic, partitions: pick(topic, partitions) }];
        });
  let errorCode: number = ErrorCode.NONE;
  /** Partitions have no error of their own: one that is gone is left out, as any that never was. */
  const failed = (error: unknown): null => {
    if (!(error instanceof StoreError)) throw error;
    if (error.code !== 'NOT_FOUND') errorCode = ErrorCode.KAFKA_STORAGE_ERROR;
    return null;
  };
  const describe = ({ id, index }: Partition): Awaitable<Described | null> =>
    attempt(
      () => kit.store.logOffsets(id, kit.signal),
      ({ bytes }) => describedAs(index, bytes),
      failed,
    );
  const described = wanted.map(({ topic, partitions }) =>
    andThen(all(partitions.map(describe)), (answered) => ({
      name: topic.name,
      partitions: answered.filter((partition) => partition !== null),
    })),
  );
  return andThen(all(described), (answered) => ({
    errorCode: ErrorCode.NONE,
    results: [{ errorCode, logDir: logDir(kit), topics: answered.filter(({ partitions }) => partitions.length > 0) }],
  }));
};

function describedAs(partitionIndex: number, bytes: number): Described {
  return { partitionIndex, partitionSize: BigInt(bytes), offsetLag: 0n, isFutureKey: false };
}

/** The name of the store, as the absolute path that tools expect. */
export function logDir({ store }: Pick<Kit, 'store'>): string {
  return `/${store.name}`;
}

function pick(topic: Topic, indexes: readonly number[]): Partition[] {
  return Array.from(new Set(indexes)).flatMap((index) => topic.partitions[index] ?? []);
}
