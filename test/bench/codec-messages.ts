import {
  buildBatch,
  decodeResponse,
  type FetchResponse,
  readBatches,
  readRecords,
  type RequestValue,
  type ResponseValue,
} from 'iggy-gateway-kafka/protocol';

// The messages of the codec bench: as large as a busy client and a middling cluster make them.

/** Each partition of Produce and Fetch has one batch with one record of this value. */
export const RECORD_VALUE: Buffer = Buffer.alloc(100, 'v');
export const RECORD_TIMESTAMP = 1_700_000_000_000;

function oneRecord(): Buffer {
  return buildBatch([{ timestamp: RECORD_TIMESTAMP, key: null, value: RECORD_VALUE }]);
}

const TOPICS = 1000;
const PARTITIONS = 100;
const topicNames = Array.from({ length: TOPICS }, (_, index) => `topic-${String(index).padStart(4, '0')}`);
const partitions = Array.from({ length: PARTITIONS }, (_, index) => index);

export const software = { clientSoftwareName: 'codec-bench', clientSoftwareVersion: '1.0.0' };

/** Topics of Metadata, asked for by name. */
export function metadataTopics(): readonly string[] {
  return topicNames;
}

const metadataRequest: RequestValue<3> = {
  topics: topicNames.map((name) => ({ name })),
  allowAutoTopicCreation: false,
};

/** Three brokers; three partitions a topic, three replicas each. */
const metadataResponse: ResponseValue<3> = {
  brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: `broker-${String(nodeId)}.example`, port: 9092, rack: null })),
  clusterId: 'dGhpcyBpcyBhIGNsdXN0ZXI',
  controllerId: 1,
  topics: topicNames.map((name) => ({
    name,
    // Dropped before version 10.
    topicId: `8f6b5d1c-73ae-4f0b-9c52-${name.slice(-4).padStart(12, '0')}`,
    partitions: [0, 1, 2].map((partitionIndex) => ({
      partitionIndex,
      leaderId: 1 + partitionIndex,
      replicaNodes: [1, 2, 3],
      isrNodes: [1, 2, 3],
    })),
  })),
};

/** Builds the batches as well, for the others do so within the call. */
function produceRequest(): RequestValue<0> {
  return {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: 'topic', partitionData: partitions.map((index) => ({ index, records: oneRecord() })) }],
  };
}

const produceResponse: ResponseValue<0> = {
  responses: [
    {
      name: 'topic',
      partitionResponses: partitions.map((index) => ({ index, baseOffset: 1_000_000n, logStartOffset: 0n })),
    },
  ],
};

const fetchRequest: RequestValue<1> = {
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 52_428_800,
  topics: [
    {
      topic: 'topic',
      partitions: partitions.map((partition) => ({
        partition,
        currentLeaderEpoch: 5,
        fetchOffset: 1_000_000n,
        partitionMaxBytes: 1_048_576,
      })),
    },
  ],
};

const fetchResponse: ResponseValue<1> = {
  responses: [
    {
      topic: 'topic',
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        highWatermark: 1_000_000n,
        lastStableOffset: 1_000_000n,
        logStartOffset: 0n,
        abortedTransactions: [],
        records: oneRecord(),
      })),
    },
  ],
};

/** Reads all records as well, for the others do so as they decode. */
function decodeFetched(version: number, bytes: Buffer): unknown[] {
  const { responses }: FetchResponse = decodeResponse(1, version, bytes);
  const read: unknown[] = [];
  for (const topic of responses) {
    for (const { records } of topic.partitions) {
      for (const batch of readBatches(records!)) read.push(...readRecords(batch));
    }
  }
  return read;
}

/** What a broker with all APIs says. */
const apiVersionsResponse: ResponseValue<18> = {
  apiKeys: Array.from({ length: 75 }, (_, apiKey) => ({ apiKey, minVersion: 0, maxVersion: 9 })),
};

export interface Message {
  readonly api: string;
  readonly key: number;
  readonly what: string;
  readonly request: (version: number) => object;
  readonly response: object;
  /** Where decoding a response takes more than the codec. */
  readonly decodeResponse?: (version: number, bytes: Buffer) => unknown;
}

export const messages: readonly Message[] = [
  {
    api: 'ApiVersions',
    key: 18,
    what: '75 APIs',
    request: (version) => (version >= 3 ? software : {}),
    response: apiVersionsResponse,
  },
  { api: 'Metadata', key: 3, what: '1,000 topics', request: () => metadataRequest, response: metadataResponse },
  { api: 'Produce', key: 0, what: '100 partitions', request: produceRequest, response: produceResponse },
  {
    api: 'Fetch',
    key: 1,
    what: '100 partitions',
    request: () => fetchRequest,
    response: fetchResponse,
    decodeResponse: decodeFetched,
  },
];
