import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochRequestOffsetForLeaderPartition,
  OffsetForLeaderEpochResponseEpochEndOffsetInit,
  OffsetForLeaderEpochResponseInit,
} from '../../../src/protocol/index.js';
import { all, attempt, andThen } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { StoreError } from '../log-store.js';
import type { Partition } from '../topics/topic-registry.js';
import { checkLeaderEpoch } from './fetch-read.js';
import type { LeaderEpochs } from './leader-epochs.js';
import { storeErrorCode } from './store-error-code.js';

type Wanted = OffsetForLeaderEpochRequestOffsetForLeaderPartition;
type Answer = OffsetForLeaderEpochResponseEpochEndOffsetInit;

/** Answers OffsetForLeaderEpoch. */
export function offsetForLeaderEpoch(
  kit: Kit,
  epochs: LeaderEpochs,
  request: OffsetForLeaderEpochRequest,
): Awaitable<OffsetForLeaderEpochResponseInit> {
  const topics = request.topics.map(({ topic: name, partitions }) => {
    const topic = kit.topics.byName(name);
    const answers = partitions.map((wanted) => answer(kit, epochs, topic?.partitions[wanted.partition], wanted));
    return andThen(all(answers), (settled) => ({ topic: name, partitions: settled }));
  });
  return andThen(all(topics), (settled) => ({ throttleTimeMs: 0, topics: settled }));
}

function answer(kit: Kit, epochs: LeaderEpochs, partition: Partition | undefined, wanted: Wanted): Awaitable<Answer> {
  if (partition === undefined) return failure(wanted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const { placement, store } = kit;
  if (!placement.leads(partition.topic.id, partition.index)) {
    return failure(wanted, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }
  const errorCode = checkLeaderEpoch(wanted.currentLeaderEpoch, partition);
  if (errorCode !== 0) return failure(wanted, errorCode);
  return attempt(
    () => store.bounds(partition.id),
    ({ endOffset }): Answer => {
      const end = epochs.end(partition, wanted.leaderEpoch, endOffset);
      return { partition: partition.index, errorCode: 0, leaderEpoch: end.epoch, endOffset: BigInt(end.endOffset) };
    },
    (error) => {
      if (error instanceof StoreError) return failure(wanted, storeErrorCode(error));
      throw error;
    },
  );
}

function failure({ partition }: Wanted, errorCode: number): Answer {
  return { partition, errorCode };
}
