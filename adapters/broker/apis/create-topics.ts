// Versions 2 to 7. Names are checked before configs and configs before counts, as in Kafka.
// Supported: default counts, manual assignments to known brokers, configs, validateOnly.
// Ignored: timeoutMs, and replicas beyond the leader: the store replicates.
import { all, type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  CreateTopicsRequest,
  CreateTopicsRequestCreatableTopic,
  CreateTopicsResponseCreatableTopicConfigsInit,
  CreateTopicsResponseCreatableTopicResultInit,
  CreateTopicsResponseInit,
} from '../../../src/protocol/index.js';
import { attempt, andThen } from '../awaitable.js';
import { describeTopicConfigs } from '../configs/described-configs.js';
import { checkTopicConfigs, ConfigRefusedError } from '../configs/check-topic-configs.js';
import type { Kit } from '../kit.js';
import { type ApiFailure, storeFailure } from './admin-failure.js';
import { assignmentProblem, MAX_PARTS_PER_REQUEST } from '../topics/assignments.js';
import { hasCollisionChars, topicNameProblem } from '../topics/topic-name.js';
import type { Broker, Handler } from './handler.js';

/** The topic of Kafka's controllers, which no client may make. */
const CONTROLLERS_TOPIC = '__cluster_metadata';

type Result = CreateTopicsResponseCreatableTopicResultInit;

/** What is to be created, when all is well with it. */
interface Plan {
  readonly partitionCount: number;
  readonly configs: Readonly<Record<string, string>>;
}

export const createTopics: Handler<CreateTopicsRequest, CreateTopicsResponseInit> = (
  broker,
  { topics, validateOnly },
  { advertised },
) => {
  const { kit } = broker;
  const nodeIds = kit.placement.nodes(advertised).map(({ nodeId }) => nodeId);
  const names = new Map<string, number>();
  for (const { name } of topics) names.set(name, (names.get(name) ?? 0) + 1);
  const tooMany = countParts(kit, topics) > MAX_PARTS_PER_REQUEST;

  const results: Awaitable<Result>[] = [];
  for (const topic of topics) {
    const { name } = topic;
    const count = names.get(name) ?? 0;
    if (count === 0) continue; // answered already
    if (count > 1) {
      names.set(name, 0);
      results.push(failed(name, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.'));
    } else if (name === CONTROLLERS_TOPIC) {
      results.push(failed(name, ErrorCode.INVALID_REQUEST, `Creation of internal topic ${name} is prohibited.`));
    } else if (tooMany) {
      const most = String(MAX_PARTS_PER_REQUEST);
      results.push(
        failed(
          name,
          ErrorCode.POLICY_VIOLATION,
          `A request may create at most ${most} topics, partitions and configs.`,
        ),
      );
    } else {
      results.push(createOne(broker, topic, nodeIds, validateOnly));
    }
  }
  return andThen(all(results), (answered) => ({ topics: answered }));
};

function createOne(
  broker: Broker,
  topic: CreateTopicsRequestCreatableTopic,
  nodeIds: readonly number[],
  validateOnly: boolean,
): Awaitable<Result> {
  const { kit } = broker;
  const { name } = topic;
  const plan = planTopic(kit, topic, nodeIds);
  if ('errorCode' in plan) return { name, ...plan, configs: [] };
  const { partitionCount, configs } = plan;
  const created = (topicId?: string): Result => ({
    name,
    ...(topicId === undefined ? {} : { topicId }),
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    numPartitions: partitionCount,
    replicationFactor: 1,
    configs: describedConfigs(broker, configs),
  });
  if (validateOnly) return created();
  return attempt(
    () => kit.topics.create({ name, partitionCount, configs }),
    ({ id }) => created(id),
    (error): Result => ({ name, ...storeFailure(kit, error), configs: [] }),
  );
}

function planTopic(kit: Kit, topic: CreateTopicsRequestCreatableTopic, nodeIds: readonly number[]): Plan | ApiFailure {
  const { name } = topic;
  const refuse = (errorCode: number, errorMessage: string): ApiFailure => ({ errorCode, errorMessage });
  const badName = topicNameProblem(name) ?? collision(kit, name);
  if (kit.topics.byName(name)) return refuse(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
  if (badName !== null) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, badName);

  let configs: Readonly<Record<string, string>>;
  try {
    configs = checkTopicConfigs(kit, {}, topic.configs);
  } catch (error) {
    if (!(error instanceof ConfigRefusedError)) throw error;
    return refuse(error.errorCode, error.message);
  }

  const { assignments, numPartitions, replicationFactor } = topic;
  if (assignments.length > 0) {
    for (const [field, value] of [
      ['replication factor', replicationFactor],
      ['numPartitions', numPartitions],
    ] as const) {
      if (value !== -1) {
        const why = `A manual partition assignment was specified, but ${field} was not set to -1.`;
        return refuse(ErrorCode.INVALID_REQUEST, why);
      }
    }
    const problem = indexProblem(assignments) ?? assignmentProblem(assignments, nodeIds);
    if (problem !== null) return refuse(ErrorCode.INVALID_REPLICA_ASSIGNMENT, problem);
    return { partitionCount: assignments.length, configs };
  }
  if (replicationFactor < -1 || replicationFactor === 0) {
    const why = 'Replication factor must be larger than 0, or -1 to use the default value.';
    return refuse(ErrorCode.INVALID_REPLICATION_FACTOR, why);
  }
  if (numPartitions < -1 || numPartitions === 0) {
    return refuse(ErrorCode.INVALID_PARTITIONS, 'Number of partitions was set to an invalid non-positive value.');
  }
  const factor = replicationFactor === -1 ? kit.config.get('default.replication.factor') : replicationFactor;
  if (factor > nodeIds.length) return refuse(ErrorCode.INVALID_REPLICATION_FACTOR, tooFewNodes(factor, nodeIds.length));
  return { partitionCount: numPartitions === -1 ? kit.config.get('num.partitions') : numPartitions, configs };
}

/** Says that a replication factor cannot be reached. */
function tooFewNodes(factor: number, nodes: number): string {
  return (
    `Unable to replicate the partition ${String(factor)} time(s): The target replication factor of ` +
    `${String(factor)} cannot be reached because only ${String(nodes)} broker(s) are registered.`
  );
}

function countParts(kit: Kit, topics: readonly CreateTopicsRequestCreatableTopic[]): number {
  let count = 0;
  for (const { assignments, configs, numPartitions } of topics) {
    count += 1 + configs.length;
    if (assignments.length > 0) count += assignments.length;
    else count += numPartitions === -1 ? kit.config.get('num.partitions') : Math.max(0, numPartitions);
  }
  return count;
}

function collision(kit: Kit, name: string): string | null {
  if (!hasCollisionChars(name)) return null;
  const other = kit.topics.colliding(name);
  return other === undefined ? null : `Topic '${name}' collides with existing topic: ${other}`;
}

function indexProblem(assignments: CreateTopicsRequestCreatableTopic['assignments']): string | null {
  const indexes = new Set<number>();
  for (const { partitionIndex } of assignments) {
    if (indexes.has(partitionIndex)) {
      return `Found multiple manual partition assignments for partition ${String(partitionIndex)}`;
    }
    indexes.add(partitionIndex);
  }
  for (let index = 0; index < assignments.length; index++) {
    if (!indexes.has(index)) return 'partitions should be a consecutive 0-based integer sequence';
  }
  return null;
}

function describedConfigs(
  { configs }: Broker,
  own: Readonly<Record<string, string>>,
): CreateTopicsResponseCreatableTopicConfigsInit[] {
  return describeTopicConfigs(configs.current, own).map(({ name, value, readOnly, source }) => ({
    name,
    value,
    readOnly,
    configSource: source,
    isSensitive: false,
  }));
}

function failed(name: string, errorCode: number, errorMessage: string): Result {
  return { name, errorCode, errorMessage, configs: [] };
}
