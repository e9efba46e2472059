// Versions 0 to 13. Versions 12 and later name topics by name or id.
// Supported: all topics or some, automatic creation with the defaults of the broker, authorized operations.
// Ignored: nothing. Without an authorizer, clients may do everything.
import { all, type Awaitable, ErrorCode, KafkaError, type RequestContext } from '../../../src/contract/index.js';
import { NIL_UUID } from '../../../src/protocol/core.js';
import type {
  MetadataRequest,
  MetadataRequestTopic,
  MetadataResponseInit,
  MetadataResponseTopicInit,
} from '../../../src/protocol/index.js';
import { attempt, andThen } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { StoreError } from '../store/store-error.js';
import { isInternal } from '../topics/store-topic.js';
import { topicNameProblem } from '../topics/topic-name.js';
import type { Topic } from '../topic-registry.js';
import { CLUSTER_OPERATIONS, NOT_ASKED, TOPIC_OPERATIONS } from './authorized-operations.js';
import { describePartition } from './describe-partition.js';
import type { Handler } from './handler.js';

export const metadata: Handler<MetadataRequest, MetadataResponseInit> = ({ kit }, request, context) => {
  const { topics, allowAutoTopicCreation } = request;
  const { apiVersion } = context;
  const topicOperations = request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : NOT_ASKED;
  const known = (topic: Topic): MetadataResponseTopicInit => ({
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: topic.partitions.map((partition) => describePartition(kit.placement, partition)),
    topicAuthorizedOperations: topicOperations,
  });
  const failed = (errorCode: number, name: string | null, topicId = NIL_UUID): MetadataResponseTopicInit => ({
    errorCode,
    name,
    topicId,
    isInternal: name !== null && isInternal(name),
    partitions: [],
    topicAuthorizedOperations: topicOperations,
  });
  const byName = (name: string): Awaitable<MetadataResponseTopicInit> => {
    const topic = kit.topics.byName(name);
    if (topic !== undefined) return known(topic);
    if (topicNameProblem(name) !== null) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION, name);
    if (!allowAutoTopicCreation || !kit.config.get('auto.create.topics.enable')) {
      return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name);
    }
    return autoCreate(kit, name, context, known, failed);
  };
  const byId = (id: string): MetadataResponseTopicInit => {
    const topic = kit.topics.byId(id);
    return topic === undefined ? failed(ErrorCode.UNKNOWN_TOPIC_ID, null, id) : known(topic);
  };

  let answered: Awaitable<readonly MetadataResponseTopicInit[]>;
  if (topics === null || (apiVersion === 0 && topics.length === 0)) {
    answered = Array.from(kit.topics.all(), known);
  } else {
    if (apiVersion < 12 && topics.some(isNotByName)) {
      throw new KafkaError(ErrorCode.INVALID_REQUEST, `Metadata v${apiVersion} asks for topics by name`);
    }
    // As in Kafka: one id, and names do not count.
    const ids = new Set(topics.flatMap(({ topicId }) => (topicId === NIL_UUID ? [] : [topicId])));
    if (ids.size > 0) answered = Array.from(ids, byId);
    else answered = all(Array.from(new Set(topics.map(({ name }) => name ?? '')), byName));
  }
  return andThen(answered, (results) => ({
    errorCode: ErrorCode.NONE,
    brokers: kit.placement.nodes(context.advertised),
    clusterId: kit.clusterId,
    controllerId: kit.placement.controllerId(),
    topics: results,
    ...(apiVersion >= 8 && apiVersion <= 10
      ? { clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : NOT_ASKED }
      : {}),
  }));
};

/** Versions 10 and 11 carry ids, but do not ask by them. */
function isNotByName({ name, topicId }: MetadataRequestTopic): boolean {
  return name === null || topicId !== NIL_UUID;
}

/** Creates a topic with the broker's defaults; what cannot be created now is not known, and clients ask again. */
function autoCreate(
  kit: Kit,
  name: string,
  { advertised }: RequestContext,
  known: (topic: Topic) => MetadataResponseTopicInit,
  failed: (errorCode: number, name: string) => MetadataResponseTopicInit,
): Awaitable<MetadataResponseTopicInit> {
  if (kit.topics.colliding(name) !== undefined) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION, name);
  if (kit.config.get('default.replication.factor') > kit.placement.nodes(advertised).length) {
    return failed(ErrorCode.INVALID_REPLICATION_FACTOR, name);
  }
  const partitionCount = kit.config.get('num.partitions');
  return attempt(
    () => kit.topics.create({ name, partitionCount, configs: {} }),
    known,
    (error) => {
      const found = kit.topics.byName(name);
      if (found !== undefined) return known(found);
      // Someone else is creating it at this moment.
      const begun = error instanceof StoreError && error.code === 'EXISTS';
      if (!begun) kit.warn(`topic ${name} cannot be created: ${String(error)}`);
      return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name);
    },
  );
}
