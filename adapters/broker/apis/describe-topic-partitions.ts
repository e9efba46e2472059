// Version 0.
// Supported: all topics or some, in pages ordered by topic name.
// Ignored: nothing. Eligible leader replicas are empty.
import { ErrorCode, KafkaError } from '../../../src/contract/index.js';
import { NIL_UUID } from '../../../src/protocol/core.js';
import type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponseTopicInit,
  DescribeTopicPartitionsResponseInit,
} from '../../../src/protocol/index.js';
import { isInternal } from '../topics/store-topic.js';
import { topicNameProblem } from '../topics/topic-name.js';
import { TOPIC_OPERATIONS } from './authorized-operations.js';
import { describePartition } from './describe-partition.js';
import type { Handler } from './handler.js';

type DescribedTopic = DescribeTopicPartitionsResponseTopicInit;

export const describeTopicPartitions: Handler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponseInit> = (
  { kit },
  { topics, responsePartitionLimit, cursor },
) => {
  const everything = topics.length === 0;
  const from = cursor?.topicName ?? '';
  const names = new Set(everything ? Array.from(kit.topics.all(), ({ name }) => name) : topics.map(({ name }) => name));
  if (cursor !== null && !everything && !names.has(from)) {
    const why = `DescribeTopicPartitionsRequest topic list should contain the cursor topic: ${from}`;
    throw new KafkaError(ErrorCode.INVALID_REQUEST, why);
  }
  if (cursor !== null && cursor.partitionIndex < 0) {
    const why = `DescribeTopicPartitionsRequest cursor partition must be valid: ${String(cursor.partitionIndex)}`;
    throw new KafkaError(ErrorCode.INVALID_REQUEST, why);
  }
  const sorted = [...names].filter((name) => name >= from).sort(compare);
  let left = Math.max(1, Math.min(kit.config.get('max.request.partition.size.limit'), responsePartitionLimit));

  const described: DescribedTopic[] = [];
  for (const name of sorted) {
    if (left === 0) return { topics: described, nextCursor: { topicName: name, partitionIndex: 0 } };
    const topic = kit.topics.byName(name);
    if (topic === undefined) {
      described.push(unknown(name));
      continue;
    }
    const first = name === from ? (cursor?.partitionIndex ?? 0) : 0;
    const page = topic.partitions.slice(first, first + left);
    left -= page.length;
    described.push({
      errorCode: ErrorCode.NONE,
      name,
      topicId: topic.id,
      isInternal: topic.isInternal,
      partitions: page.map((partition) => ({
        ...describePartition(kit.placement, partition),
        offlineReplicas: [],
        eligibleLeaderReplicas: [],
        lastKnownElr: [],
      })),
      topicAuthorizedOperations: TOPIC_OPERATIONS,
    });
    const next = first + page.length;
    if (next < topic.partitions.length) {
      return { topics: described, nextCursor: { topicName: name, partitionIndex: next } };
    }
  }
  return { topics: described, nextCursor: null };
};

function unknown(name: string): DescribedTopic {
  const named = topicNameProblem(name) === null;
  return {
    errorCode: named ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION,
    name,
    topicId: NIL_UUID,
    isInternal: isInternal(name),
    partitions: [],
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  };
}

/** The order of Java's strings, which is that of JavaScript's. */
function compare(a: string, b: string): number {
  return a < b ? -1 : 1;
}
