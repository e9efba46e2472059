import {
  type Backend,
  checkOptionNames,
  type Endpoint,
  ErrorCode,
  OptionError,
  type RequestContext,
} from '../../src/contract/index.js';
import type {
  CreateTopicsRequest,
  CreateTopicsRequestCreatableTopic,
  CreateTopicsResponseInit,
  FetchRequest,
  FetchResponseInit,
  ListOffsetsRequest,
  ListOffsetsResponseInit,
  MetadataRequest,
  MetadataResponseInit,
  MetadataResponseTopicInit,
  ProduceRequest,
  ProduceResponseInit,
} from '../../src/protocol/index.js';

/**
 * How the stub responds. `retriable`: with retriable errors, so that no client assumes that its records are stored.
 * `accepting`: with success, so that real clients reach every API, for tests of the wire protocol. Both modes respond to a
 * Fetch immediately and ignore `maxWaitMs`, so a consumer polls without a pause.
 */
export type StubMode = 'retriable' | 'accepting';

/** Options of {@link createStubBackend}. */
export interface StubOptions {
  /** How the stub responds. Default: `retriable`. */
  readonly mode?: StubMode | undefined;
}

/** A backend that stores nothing. It responds to five APIs with placeholders; the gateway handles ApiVersions. */
export interface StubBackend extends Backend<undefined> {
  metadata(request: MetadataRequest, context: RequestContext<undefined>): MetadataResponseInit;
  produce(request: ProduceRequest): ProduceResponseInit;
  fetch(request: FetchRequest): FetchResponseInit;
  listOffsets(request: ListOffsetsRequest): ListOffsetsResponseInit;
  createTopics(request: CreateTopicsRequest, context: RequestContext<undefined>): CreateTopicsResponseInit;
}

const NODE_ID = 1;
const NO_RECORDS = Buffer.alloc(0);

/**
 * Creates a stub backend.
 *
 * @throws OptionError for an unknown mode or option.
 */
export function createStubBackend(options: StubOptions = {}): StubBackend {
  checkOptionNames('', options, ['mode']);
  const { mode = 'retriable' } = options;
  if (!['retriable', 'accepting'].includes(mode)) {
    throw new OptionError('mode', mode, `it is 'retriable' or 'accepting'`);
  }
  const answers = mode === 'accepting' ? accepting : retriable;
  return {
    name: `stub (${mode})`,
    shareable: true,
    versions: {
      produce: { min: 3, max: 9 },
      fetch: { min: 4, max: 12 },
      listOffsets: { min: 1, max: 6 },
      metadata: { min: 0, max: 9 },
      apiVersions: { min: 0, max: 3 },
      createTopics: { min: 2, max: 5 },
    },
    metadata: (request, { advertised }) => ({
      errorCode: ErrorCode.NONE,
      brokers: [broker(advertised)],
      clusterId: null,
      controllerId: NODE_ID,
      // Null, or an empty list in version 0, requests all topics. The stub has none.
      topics: (request.topics ?? []).map(({ name }) => answers.topic(name ?? '')),
    }),
    produce: (request) => ({
      responses: request.topicData.map(({ name, partitionData }) => ({
        name,
        partitionResponses: partitionData.map(({ index }) => ({ index, ...answers.produced })),
      })),
    }),
    fetch: (request) => ({
      errorCode: ErrorCode.NONE,
      sessionId: 0,
      responses: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({ partitionIndex: partition, ...answers.fetched })),
      })),
    }),
    listOffsets: (request) => ({
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...answers.offset })),
      })),
    }),
    createTopics: (request) => ({
      topics: request.topics.map((topic) => {
        const errorCode = checkNewTopic(topic);
        const created = { name: topic.name, errorMessage: null, configs: [] };
        if (errorCode !== ErrorCode.NONE) return { ...created, errorCode };
        if (answers.created !== ErrorCode.NONE) return { ...created, errorCode: answers.created };
        const { numPartitions, replicationFactor } = topic;
        return { ...created, errorCode: ErrorCode.NONE, numPartitions, replicationFactor };
      }),
    }),
  };
}

/** Responses of a mode, by API. */
interface Answers {
  topic(name: string): MetadataResponseTopicInit;
  readonly produced: Omit<ProduceResponseInit['responses'][0]['partitionResponses'][0], 'index'>;
  readonly fetched: Omit<FetchResponseInit['responses'][0]['partitions'][0], 'partitionIndex'>;
  readonly offset: Omit<ListOffsetsResponseInit['topics'][0]['partitions'][0], 'partitionIndex'>;
  readonly created: number;
}

const retriable: Answers = {
  topic: (name) => ({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name, isInternal: false, partitions: [] }),
  produced: {
    errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
    baseOffset: -1n,
    logAppendTimeMs: -1n,
    logStartOffset: -1n,
  },
  fetched: {
    errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER,
    highWatermark: -1n,
    lastStableOffset: -1n,
    logStartOffset: -1n,
    preferredReadReplica: -1,
    abortedTransactions: null,
    records: NO_RECORDS,
  },
  offset: { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, timestamp: -1n, offset: -1n },
  created: ErrorCode.NOT_CONTROLLER,
};

const accepting: Answers = {
  topic: (name) => ({
    errorCode: ErrorCode.NONE,
    name,
    isInternal: false,
    partitions: [
      {
        errorCode: ErrorCode.NONE,
        partitionIndex: 0,
        leaderId: NODE_ID,
        leaderEpoch: -1,
        replicaNodes: [NODE_ID],
        isrNodes: [NODE_ID],
      },
    ],
  }),
  produced: { errorCode: ErrorCode.NONE, baseOffset: 0n, logAppendTimeMs: -1n, logStartOffset: 0n },
  fetched: {
    errorCode: ErrorCode.NONE,
    highWatermark: 0n,
    lastStableOffset: 0n,
    logStartOffset: 0n,
    preferredReadReplica: -1,
    abortedTransactions: null,
    records: NO_RECORDS,
  },
  offset: { errorCode: ErrorCode.NONE, timestamp: -1n, offset: 0n, leaderEpoch: -1 },
  created: ErrorCode.NONE,
};

function broker({ host, port }: Endpoint): MetadataResponseInit['brokers'][0] {
  return { nodeId: NODE_ID, host, port, rack: null };
}

/** Returns the error code of an invalid topic, checked in Kafka's order; NONE for a valid one. */
function checkNewTopic(topic: CreateTopicsRequestCreatableTopic): number {
  const { numPartitions, replicationFactor, assignments } = topic;
  if (replicationFactor === 0 || replicationFactor < -1) return ErrorCode.INVALID_REPLICATION_FACTOR;
  if (numPartitions === 0 || numPartitions < -1) return ErrorCode.INVALID_PARTITIONS;
  if (assignments.length > 0 && (numPartitions !== -1 || replicationFactor !== -1)) return ErrorCode.INVALID_REQUEST;
  return ErrorCode.NONE;
}
