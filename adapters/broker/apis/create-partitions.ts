// Versions 0 to 3.
// Supported: more partitions, manual assignments to known brokers, validateOnly.
// Ignored: timeoutMs, and replicas beyond the leader: the store replicates.
import { all, type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  CreatePartitionsRequest,
  CreatePartitionsRequestCreatePartitionsTopic,
  CreatePartitionsResponseCreatePartitionsTopicResultInit,
  CreatePartitionsResponseInit,
} from '../../../src/protocol/index.js';
import { attempt, andThen } from '../awaitable.js';
import { type ApiFailure, storeFailure } from './admin-failure.js';
import type { Topic } from '../topic-registry.js';
import { assignmentProblem, MAX_PARTS_PER_REQUEST } from '../topics/assignments.js';
import type { Handler } from './handler.js';

type Result = CreatePartitionsResponseCreatePartitionsTopicResultInit;

export const createPartitions: Handler<CreatePartitionsRequest, CreatePartitionsResponseInit> = (
  { kit },
  { topics, validateOnly },
  { advertised },
) => {
  const nodeIds = kit.placement.nodes(advertised).map(({ nodeId }) => nodeId);
  const names = new Map<string, number>();
  for (const { name } of topics) names.set(name, (names.get(name) ?? 0) + 1);
  const byName = new Map(topics.map((topic) => [topic.name, topic]));
  const results = Array.from(byName.values(), (wanted): Awaitable<Result> => {
    const { name, count } = wanted;
    if ((names.get(name) ?? 0) > 1) {
      return { name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' };
    }
    const topic = kit.topics.byName(name);
    if (topic === undefined) return { name, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
    const problem = growthProblem(topic, wanted, nodeIds);
    if (problem !== null) return { name, ...problem };
    if (validateOnly) return { name, errorCode: ErrorCode.NONE };
    return attempt(
      () => kit.topics.grow(topic, count),
      (): Result => ({ name, errorCode: ErrorCode.NONE }),
      (error) => ({ name, ...storeFailure(kit, error) }),
    );
  });
  return andThen(all(results), (answered) => ({ results: answered }));
};

function growthProblem(
  { name, partitions }: Topic,
  { count, assignments }: CreatePartitionsRequestCreatePartitionsTopic,
  nodeIds: readonly number[],
): ApiFailure | null {
  const refuse = (errorCode: number, errorMessage: string): ApiFailure => ({ errorCode, errorMessage });
  const existing = partitions.length;
  const has = `${String(existing)} partition(s)`;
  if (count === existing) return refuse(ErrorCode.INVALID_PARTITIONS, `Topic already has ${has}.`);
  if (count < existing) {
    const why = `The topic ${name} currently has ${has}; ${String(count)} would not be an increase.`;
    return refuse(ErrorCode.INVALID_PARTITIONS, why);
  }
  const additional = count - existing;
  if (assignments !== null && assignments.length !== additional) {
    const why =
      `Attempted to add ${String(additional)} additional partition(s), but only ${String(assignments.length)} ` +
      'assignment(s) were specified.';
    return refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why);
  }
  if (additional > MAX_PARTS_PER_REQUEST) {
    const why = `A request may create at most ${String(MAX_PARTS_PER_REQUEST)} partitions.`;
    return refuse(ErrorCode.POLICY_VIOLATION, why);
  }
  const problem = assignmentProblem(assignments ?? [], nodeIds, 1);
  return problem === null ? null : refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, problem);
}
