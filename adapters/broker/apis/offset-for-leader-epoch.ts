// Versions 2 to 4.
// Supported: the end offset of an epoch, and fencing by the current leader epoch (KIP-320).
// Ignored: replicaId, since no broker follows another.
import { all, type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochRequestOffsetForLeaderPartition,
  OffsetForLeaderEpochResponseEpochEndOffsetInit,
  OffsetForLeaderEpochResponseInit,
} from '../../../src/protocol/index.js';
import { attempt, andThen } from '../awaitable.js';
import { checkLeaderEpoch } from '../log/epoch-history.js';
import { storeErrorCode } from '../store/kafka-errors.js';
import { StoreError } from '../store/store-error.js';
import type { Partition } from '../topic-registry.js';
import type { Broker, Handler } from './handler.js';

type Wanted = OffsetForLeaderEpochRequestOffsetForLeaderPartition;
type Answer = OffsetForLeaderEpochResponseEpochEndOffsetInit;

export const offsetForLeaderEpoch: Handler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponseInit> = (
  broker,
  request,
) => {
  const topics = request.topics.map(({ topic: name, partitions }) => {
    const topic = broker.kit.topics.byName(name);
    const answers = partitions.map((wanted) => answer(broker, topic?.partitions[wanted.partition], wanted));
    return andThen(all(answers), (settled) => ({ topic: name, partitions: settled }));
  });
  return andThen(all(topics), (settled) => ({ throttleTimeMs: 0, topics: settled }));
};

function answer({ kit, log }: Broker, partition: Partition | undefined, wanted: Wanted): Awaitable<Answer> {
  if (partition === undefined) return failure(wanted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const { placement, store } = kit;
  if (!placement.leads(partition.topic.id, partition.index)) {
    return failure(wanted, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  }
  const errorCode = checkLeaderEpoch(wanted.currentLeaderEpoch, partition);
  if (errorCode !== 0) return failure(wanted, errorCode);
  return attempt(
    () => store.logOffsets(partition.id, kit.signal),
    ({ logEndOffset: endOffset }): Answer => {
      const end = log.epochs.end(partition, wanted.leaderEpoch, endOffset);
      return { partition: partition.index, errorCode: 0, leaderEpoch: end.epoch, endOffset: BigInt(end.endOffset) };
    },
    (error) => {
      if (error instanceof StoreError) return failure(wanted, storeErrorCode(error, 'records'));
      throw error;
    },
  );
}

function failure({ partition }: Wanted, errorCode: number): Answer {
  return { partition, errorCode };
}
