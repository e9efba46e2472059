// Versions 1 to 6. Version 6 names topics by name or id.
// Supported: delete.topic.enable.
// Ignored: timeoutMs.
import { all, type Awaitable, ErrorCode, KafkaError } from '../../../src/contract/index.js';
import { NIL_UUID } from '../../../src/protocol/core.js';
import type {
  DeleteTopicsRequest,
  DeleteTopicsResponseDeletableTopicResultInit,
  DeleteTopicsResponseInit,
} from '../../../src/protocol/index.js';
import { attempt, andThen } from '../awaitable.js';
import type { Kit } from '../kit.js';
import { storeFailure } from './admin-failure.js';
import type { Topic } from '../topic-registry.js';
import type { Handler } from './handler.js';

type Result = DeleteTopicsResponseDeletableTopicResultInit;

export const deleteTopics: Handler<DeleteTopicsRequest, DeleteTopicsResponseInit> = (
  { kit },
  request,
  { apiVersion },
) => {
  if (!kit.config.get('delete.topic.enable')) {
    if (apiVersion < 3) throw new KafkaError(ErrorCode.INVALID_REQUEST, 'Topic deletion is disabled.');
    throw new KafkaError(ErrorCode.TOPIC_DELETION_DISABLED, 'Topic deletion is disabled.');
  }
  const refused: Result[] = [];
  const refuse = (name: string | null, topicId: string, errorCode: number, errorMessage: string | null): void => {
    refused.push({ name, topicId, errorCode, errorMessage });
  };
  const names = new Map<string, number>();
  const ids = new Map<string, number>();
  for (const name of request.topicNames) count(names, name);
  for (const { name, topicId } of request.topics) {
    if (name === null && topicId === NIL_UUID) {
      refuse(null, NIL_UUID, ErrorCode.INVALID_REQUEST, 'Neither topic name nor id were specified.');
    } else if (name === null) {
      count(ids, topicId);
    } else if (topicId === NIL_UUID) {
      count(names, name);
    } else {
      refuse(name, topicId, ErrorCode.INVALID_REQUEST, 'You may not specify both topic name and topic id.');
    }
  }

  const doomed = new Set<Topic>();
  for (const [id, times] of ids) {
    const topic = kit.topics.byId(id);
    if (times > 1) refuse(null, id, ErrorCode.INVALID_REQUEST, 'Duplicate topic id.');
    else if (topic === undefined) refuse(null, id, ErrorCode.UNKNOWN_TOPIC_ID, null);
    else doomed.add(topic);
  }
  for (const [name, times] of names) {
    const topic = kit.topics.byName(name);
    if (times > 1) {
      refuse(name, NIL_UUID, ErrorCode.INVALID_REQUEST, 'Duplicate topic name.');
    } else if (topic === undefined) {
      refuse(name, NIL_UUID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null);
    } else if (ids.has(topic.id)) {
      doomed.delete(topic);
      const why = 'The provided topic name maps to an ID that was already supplied.';
      refuse(name, topic.id, ErrorCode.INVALID_REQUEST, why);
    } else {
      doomed.add(topic);
    }
  }
  const deleted = Array.from(doomed, (topic) => deleteOne(kit, topic));
  return andThen(all(deleted), (results) => ({ responses: [...refused, ...results] }));
};

function deleteOne(kit: Kit, topic: Topic): Awaitable<Result> {
  const { id: topicId, name } = topic;
  return attempt(
    () => kit.topics.delete(topic),
    (): Result => ({ name, topicId, errorCode: ErrorCode.NONE }),
    (error) => ({ name, topicId, ...storeFailure(kit, error) }),
  );
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
