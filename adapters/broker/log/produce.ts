import { type Awaitable, ErrorCode, KafkaError, type RequestContext } from '../../../src/contract/index.js';
import type {
  ProduceRequest,
  ProduceRequestPartitionProduceData,
  ProduceResponseInit,
  ProduceResponseTopicProduceResponseInit,
} from '../../../src/protocol/index.js';
import { BatchRefusedError } from '../batch-refused.js';
import { int64 } from '../int64.js';
import type { Kit } from '../kit.js';
import { findTopic, type Topic, unknownTopicCode } from '../topic-registry.js';
import { AppendJob, type Appends, notOwner, type PartitionAnswer, refusedAnswer } from './appends.js';
import { LeaderHints } from './leader-hints.js';
import type { PartitionLogs } from './partition-logs.js';
import { checkBatch, theBatch } from './record-checks.js';

/** Versions from this one on tell where the leader is (KIP-951). */
const LEADER_HINTS_SINCE = 10;
/** Versions from this one on name topics by id (KIP-516). */
const TOPIC_IDS_SINCE = 13;

/** Answers Produce. */
export class Produce {
  private readonly kit: Kit;
  private readonly logs: PartitionLogs;
  private readonly appends: Appends;

  constructor(kit: Kit, logs: PartitionLogs, appends: Appends) {
    this.kit = kit;
    this.logs = logs;
    this.appends = appends;
  }

  handle(request: ProduceRequest, context: RequestContext): Awaitable<ProduceResponseInit> {
    const { acks, topicData } = request;
    const { apiVersion } = context;
    const now = this.kit.clock.now();
    const validAcks = acks >= -1 && acks <= 1;
    // Arrays are made at their size or around their first element: growing them costs more than what goes in.
    let jobs: AppendJob[] | null = null;
    const hints = new LeaderHints(this.kit);
    const responses = new Array<ProduceResponseTopicProduceResponseInit>(topicData.length);
    for (let at = 0; at < topicData.length; at++) {
      const { name, topicId, partitionData } = topicData[at]!;
      const byId = apiVersion >= TOPIC_IDS_SINCE;
      const topic = findTopic(this.kit.topics, byId, topicId, name);
      const partitionResponses = new Array<PartitionAnswer>(partitionData.length);
      for (let index = 0; index < partitionData.length; index++) {
        const data = partitionData[index]!;
        let answer: PartitionAnswer;
        try {
          if (topic === undefined) throw unknownTopic(byId);
          const job = this.check(topic, data, apiVersion, validAcks, now, hints);
          answer = job.answer;
          if (jobs === null) jobs = [job];
          else jobs.push(job);
        } catch (error) {
          if (!(error instanceof BatchRefusedError)) throw error;
          answer = refusedAnswer(data.index, error);
          const elsewhere = error.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER && apiVersion >= LEADER_HINTS_SINCE;
          if (elsewhere) answer.currentLeader = hints.last;
        }
        partitionResponses[index] = answer;
      }
      responses[at] = { name, topicId, partitionResponses };
    }
    const nodeEndpoints = apiVersion >= LEADER_HINTS_SINCE ? hints.endpoints(context.advertised) : undefined;
    const response = { responses, throttleTimeMs: 0, nodeEndpoints };
    if (jobs === null) return response;
    const done = this.appends.run(jobs);
    return done === undefined ? response : whenDone(done, response);
  }

  private check(
    topic: Topic,
    { index, records }: ProduceRequestPartitionProduceData,
    version: number,
    validAcks: boolean,
    now: number,
    hints: LeaderHints,
  ): AppendJob {
    const partition = topic.partitions[index];
    if (partition === undefined) throw unknownTopic(false);
    const batch = theBatch(records, version);
    if (batch.isTransactional) throw new KafkaError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    if (!validAcks) throw new BatchRefusedError(ErrorCode.INVALID_REQUIRED_ACKS, 'acks are 0, 1 or -1');
    if (topic.isInternal) throw new BatchRefusedError(ErrorCode.INVALID_TOPIC_EXCEPTION, `'${topic.name}' is internal`);
    if (!hints.leads(partition)) throw new BatchRefusedError(ErrorCode.NOT_LEADER_OR_FOLLOWER, 'led by another broker');
    if (batch.producerId >= 0 && !this.kit.placement.isOwner) {
      hints.toOwner(partition);
      throw notOwner();
    }
    const { config } = topic;
    const job = new AppendJob(this.logs.of(partition), checkBatch(batch, config, now), index, now);
    if (config['message.timestamp.type'] === 'LogAppendTime') job.answer.logAppendTimeMs = int64(now);
    return job;
  }
}

/** A function of its own: what a closure refers to is kept in memory that even a synchronous answer would pay for. */
function whenDone(done: PromiseLike<unknown>, response: ProduceResponseInit): PromiseLike<ProduceResponseInit> {
  return done.then(() => response);
}

function unknownTopic(byId: boolean): BatchRefusedError {
  const what = byId ? 'there is no topic with this id' : 'there is no such topic or partition';
  return new BatchRefusedError(unknownTopicCode(byId), what);
}
