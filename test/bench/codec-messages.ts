import type {
  ApiVersionsResponse,
  FetchRequest,
  FetchResponse,
  MetadataRequest,
  MetadataResponse,
  ProduceRequest,
  ProduceResponse,
} from 'iggy-gateway-kafka/protocol';
import { recordBatch } from './record-batch.js';

// The messages of the codec bench: as large as a busy client and a middling cluster make them.

/** Records of each partition in Produce: one batch with one record. */
export const RECORD_BATCH: Buffer = recordBatch(170, 109);
/** What that record holds. */
export const RECORD_VALUE: Buffer = Buffer.alloc(100, 'v');

const TOPICS = 1000;
const PARTITIONS = 100;
const topicNames = Array.from({ length: TOPICS }, (_, index) => `topic-${String(index).padStart(4, '0')}`);
const partitions = Array.from({ length: PARTITIONS }, (_, index) => index);

export const software = { clientSoftwareName: 'codec-bench', clientSoftwareVersion: '1.0.0' };

/** Topics of Metadata, asked for by name. */
export function metadataTopics(): readonly string[] {
  return topicNames;
}

export const metadataRequest: Partial<MetadataRequest> = {
  topics: topicNames.map((name) => ({ name, topicId: '00000000-0000-0000-0000-000000000000' })),
  allowAutoTopicCreation: false,
};

/** Three brokers; three partitions a topic, three replicas each. */
export const metadataResponse: Partial<MetadataResponse> = {
  brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: `broker-${String(nodeId)}.example`, port: 9092, rack: null })),
  clusterId: 'dGhpcyBpcyBhIGNsdXN0ZXI',
  controllerId: 1,
  topics: topicNames.map((name) => ({
    errorCode: 0,
    name,
    // Dropped before version 10.
    topicId: `8f6b5d1c-73ae-4f0b-9c52-${name.slice(-4).padStart(12, '0')}`,
    isInternal: false,
    partitions: [0, 1, 2].map((partitionIndex) => ({
      errorCode: 0,
      partitionIndex,
      leaderId: 1 + partitionIndex,
      leaderEpoch: -1,
      replicaNodes: [1, 2, 3],
      isrNodes: [1, 2, 3],
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: -2147483648,
  })),
};

export const produceRequest = {
  transactionalId: null,
  acks: -1,
  timeoutMs: 30_000,
  topicData: [{ name: 'topic', partitionData: partitions.map((index) => ({ index, records: RECORD_BATCH })) }],
} satisfies Partial<Omit<ProduceRequest, 'topicData'>> & { topicData: object[] };

export const produceResponse: object = {
  responses: [
    {
      name: 'topic',
      partitionResponses: partitions.map((index) => ({
        index,
        errorCode: 0,
        baseOffset: 1_000_000n + BigInt(index),
        logAppendTimeMs: -1n,
        logStartOffset: 0n,
      })),
    },
  ],
} satisfies { responses: object[] } & Partial<Record<keyof ProduceResponse, unknown>>;

export const fetchRequest = {
  replicaId: -1,
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 52_428_800,
  isolationLevel: 0,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [
    {
      topic: 'topic',
      partitions: partitions.map((partition) => ({
        partition,
        currentLeaderEpoch: 5,
        fetchOffset: 1_000_000n,
        lastFetchedEpoch: -1,
        logStartOffset: -1n,
        partitionMaxBytes: 1_048_576,
      })),
    },
  ],
  rackId: '',
} satisfies Partial<Omit<FetchRequest, 'topics'>> & { topics: object[] };

/** Without records: decoding them is a matter of its own, which the others do on the way and we do not. */
export const fetchResponse: object = {
  errorCode: 0,
  sessionId: 0,
  responses: [
    {
      topic: 'topic',
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        errorCode: 0,
        highWatermark: 1_000_000n,
        lastStableOffset: 1_000_000n,
        logStartOffset: 0n,
        abortedTransactions: [],
        preferredReadReplica: -1,
        records: Buffer.alloc(0),
      })),
    },
  ],
} satisfies { responses: object[] } & Partial<Record<keyof FetchResponse, unknown>>;

/** What a broker with all APIs says. */
export const apiVersionsResponse: Partial<ApiVersionsResponse> = {
  apiKeys: Array.from({ length: 75 }, (_, apiKey) => ({ apiKey, minVersion: 0, maxVersion: 9 })),
};
