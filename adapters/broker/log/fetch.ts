import { type Awaitable, ErrorCode, isPromise, type RequestContext } from '../../../src/contract/index.js';
import type {
  FetchRequest,
  FetchResponseFetchableTopicResponseInit,
  FetchResponseInit,
  FetchResponsePartitionDataInit,
} from '../../../src/protocol/index.js';
import { int64 } from '../int64.js';
import type { Kit } from '../kit.js';
import { checkIsolationLevel, READ_COMMITTED } from './isolation-level.js';
import { type FetchPass, FetchReader, isEnough, releasePass, type TargetResult } from './fetch-read.js';
import { type FetchScope, FetchSessions, type FetchTarget, moveToEnd } from './fetch-sessions.js';
import { waitForRecords } from './fetch-wait.js';

const NO_RECORDS = Buffer.alloc(0);
const NO_TRANSACTIONS = [] as const;

/** Versions from this one on name topics by id (KIP-516). */
const TOPIC_IDS_SINCE = 13;
/** Versions from this one on say where other leaders are (KIP-951). */
const NODE_ENDPOINTS_SINCE = 16;
/** Versions from this one on have a place for the leader. */
const CURRENT_LEADER_SINCE = 12;

/** Answers Fetch. */
export class Fetch {
  private readonly kit: Kit;
  readonly sessions: FetchSessions;

  constructor(kit: Kit) {
    this.kit = kit;
    this.sessions = new FetchSessions(kit.clock, () => kit.config.get('max.incremental.fetch.session.cache.slots'));
  }

  handle(request: FetchRequest, context: RequestContext): Awaitable<FetchResponseInit> {
    const { apiVersion } = context;
    checkIsolationLevel(request.isolationLevel);
    const scope = this.sessions.scope(request, apiVersion);
    if (scope.errorCode !== 0) return { errorCode: scope.errorCode, sessionId: 0, responses: [], throttleTimeMs: 0 };
    const maxBytes = Math.min(request.maxBytes, this.kit.config.get('fetch.max.bytes'));
    const minBytes = Math.min(request.minBytes, maxBytes);
    const limits = {
      maxBytes,
      byId: apiVersion >= TOPIC_IDS_SINCE,
      follower: request.replicaId >= 0 || request.replicaState.replicaId >= 0,
    };
    const reader = new FetchReader(this.kit, scope.targets, limits, () => context.signal);
    let asynchronous = false;
    const settle = (pass: FetchPass): Awaitable<FetchResponseInit> => {
      if (request.maxWaitMs <= 0 || isEnough(pass, minBytes)) return this.answer(scope, pass, request, context);
      releasePass(pass);
      const wait = { minBytes, maxWaitMs: request.maxWaitMs, lookAtOnce: asynchronous };
      return waitForRecords(this.kit, reader, wait, context.signal).then((late) =>
        this.answer(scope, late, request, context),
      );
    };
    const pass = reader.pass();
    if (!isPromise(pass)) return settle(pass);
    asynchronous = true;
    return pass.then(settle);
  }

  private answer(
    scope: FetchScope,
    pass: FetchPass,
    { isolationLevel }: FetchRequest,
    { apiVersion, advertised }: RequestContext,
  ): FetchResponseInit {
    // Nothing was aborted, but only who reads what is committed is told so.
    const aborted = isolationLevel === READ_COMMITTED ? NO_TRANSACTIONS : null;
    const { targets, session, incremental } = scope;
    const responses: FetchResponseFetchableTopicResponseInit[] = [];
    let last: FetchTarget | undefined;
    let partitions: FetchResponsePartitionDataInit[] = [];
    for (let index = 0; index < targets.length; index++) {
      const target = targets[index]!;
      const result = pass.results[index]!;
      if (session !== null) {
        const news = isNews(target, result);
        if (incremental && !news) {
          result.read?.release?.();
          continue;
        }
        if (incremental && (result.read?.bytes ?? 0) > 0) moveToEnd(session, target);
      }
      if (last?.topic !== target.topic || last.topicId !== target.topicId) {
        partitions = [];
        responses.push({ topic: target.topic, topicId: target.topicId, partitions });
      }
      last = target;
      partitions.push(partitionAnswer(target, result, aborted, apiVersion));
    }
    const nodeEndpoints = apiVersion >= NODE_ENDPOINTS_SINCE ? pass.hints.endpoints(advertised) : undefined;
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, sessionId: session?.id ?? 0, responses, nodeEndpoints };
  }
}

/** Whether there is something about the partition that the session's client does not know; notes what it learns. */
function isNews(target: FetchTarget, { errorCode, read }: TargetResult): boolean {
  if (read === undefined) {
    // Once the error is gone, the client is told of the partition again.
    target.highWatermark = -1;
    return errorCode !== 0;
  }
  const news =
    read.bytes > 0 || read.logEndOffset !== target.highWatermark || read.logStartOffset !== target.logStartOffset;
  target.highWatermark = read.logEndOffset;
  target.logStartOffset = read.logStartOffset;
  return news;
}

function partitionAnswer(
  { index }: FetchTarget,
  { errorCode, read, hint }: TargetResult,
  abortedTransactions: typeof NO_TRANSACTIONS | null,
  version: number,
): FetchResponsePartitionDataInit {
  if (read === undefined) {
    return {
      partitionIndex: index,
      errorCode,
      highWatermark: -1n,
      lastStableOffset: -1n,
      logStartOffset: -1n,
      currentLeader: version >= CURRENT_LEADER_SINCE ? hint : undefined,
      abortedTransactions: null,
      preferredReadReplica: -1,
      records: NO_RECORDS,
    };
  }
  const { chunks, release, bytes } = read;
  const highWatermark = int64(read.logEndOffset);
  const records = release === undefined ? chunks : { chunks, release };
  return {
    partitionIndex: index,
    errorCode: 0,
    highWatermark,
    lastStableOffset: highWatermark,
    logStartOffset: int64(read.logStartOffset),
    abortedTransactions,
    preferredReadReplica: -1,
    records: bytes === 0 && release === undefined ? NO_RECORDS : records,
  };
}
