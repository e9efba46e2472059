import { recordBatch } from './record-batch.js';
import {
  compactArray,
  compactBytes,
  compactNull,
  compactString,
  flexibleRequest,
  int16,
  int32,
  int64,
  int8,
  noTags,
} from './wire.js';

/** One line of the table: what is asked, over how many connections, and which share of the floor it must reach. */
export interface Row {
  readonly name: string;
  /** What `--only` knows it by. */
  readonly key: string;
  readonly request: Buffer;
  readonly connections: number;
  /** Requests that each connection keeps in flight. */
  readonly depth: number;
  /** What answers behind the gateway. */
  readonly backend: 'stub' | 'memory';
  /** The least median of gateway / floor. */
  readonly bar: number;
}

/** Servers other than the gateway may need this topic to exist, with one partition. */
export const topic = 'bench';

const correlationId = 0x0badcafe;
const clientId = 'bench';

export const apiVersionsRequest: Buffer = flexibleRequest({
  apiKey: 18,
  apiVersion: 3,
  correlationId,
  clientId,
  body: [compactString('iggy-gateway-kafka-bench'), compactString('1.0'), noTags],
});

const no = int8(0);

export const metadataRequest: Buffer = flexibleRequest({
  apiKey: 3,
  apiVersion: 9,
  correlationId,
  clientId,
  body: [compactArray([Buffer.concat([compactString(topic), noTags])]), no, no, no, noTags],
});

/** A topic, and what is asked about each of its first partitions. */
function partitionsOf({ name, count }: Asked, ...fields: readonly Buffer[]): Buffer {
  const partitions = Array.from({ length: count }, (_, index) => Buffer.concat([int32(index), ...fields, noTags]));
  return compactArray([Buffer.concat([compactString(name), compactArray(partitions), noTags])]);
}

interface Asked {
  /** Of a topic. */
  readonly name: string;
  /** How many partitions. */
  readonly count: number;
}

const only: Asked = { name: topic, count: 1 };

export function produceRequest(batchBytes: number, asked: Asked = only): Buffer {
  return flexibleRequest({
    apiKey: 0,
    apiVersion: 9,
    correlationId,
    clientId,
    body: [
      compactNull, // no transaction
      int16(1), // acks
      int32(30_000), // timeout in ms
      partitionsOf(asked, compactBytes(recordBatch(batchBytes, Math.min(1024, batchBytes - 61)))),
      noTags,
    ],
  });
}

const produce16KiB = produceRequest(16 * 1024);

/** Reads from the beginning, without a session. */
export function fetchRequest(asked: Asked = only, longestWaitMs = 500): Buffer {
  return flexibleRequest({
    apiKey: 1,
    apiVersion: 12,
    correlationId,
    clientId,
    body: [
      int32(-1), // a consumer
      int32(longestWaitMs),
      int32(1), // fewest bytes
      int32(50 * 1024 ** 2), // most bytes
      int8(0), // all records
      int32(0), // no session
      int32(-1),
      partitionsOf(
        asked,
        int32(-1), // any leader epoch
        int64(0n), // offset
        int32(-1),
        int64(-1n),
        int32(1024 ** 2), // most bytes of the partition
      ),
      compactArray([]), // nothing to forget
      compactString(''), // no rack
      noTags,
    ],
  });
}

export function listOffsetsRequest(asked: Asked = only): Buffer {
  return flexibleRequest({
    apiKey: 2,
    apiVersion: 6,
    correlationId,
    clientId,
    body: [
      int32(-1), // a consumer
      int8(0), // all records
      partitionsOf(
        asked,
        int32(-1), // any leader epoch
        int64(-1n), // the end
      ),
      noTags,
    ],
  });
}

const stub = { backend: 'stub' } as const;
const memory = { backend: 'memory' } as const;

export const rows: readonly Row[] = [
  { ...stub, name: 'ApiVersions v3', key: 'api-versions-1', request: apiVersionsRequest, ...flight(16, 1), bar: 0.85 },
  { ...stub, name: 'ApiVersions v3', key: 'api-versions-16', request: apiVersionsRequest, ...flight(16, 16), bar: 0.7 },
  { ...stub, name: 'Metadata v9', key: 'metadata-16', request: metadataRequest, ...flight(16, 16), bar: 0.55 },
  { ...stub, name: 'Produce v9 16 KiB', key: 'produce-5', request: produce16KiB, ...flight(4, 5), bar: 0.7 },
  {
    ...memory,
    name: 'memory: Produce 1 KiB',
    key: 'memory-1k',
    request: produceRequest(1024),
    ...flight(16, 5),
    bar: 0.5,
  },
  { ...memory, name: 'memory: Produce 16 KiB', key: 'memory-16k', request: produce16KiB, ...flight(4, 5), bar: 0.5 },
  {
    ...memory,
    name: 'memory: Produce 1 MiB',
    key: 'memory-1m',
    request: produceRequest(1024 ** 2),
    ...flight(1, 1),
    bar: 0.5,
  },
  {
    ...memory,
    name: 'memory: ListOffsets v6',
    key: 'memory-list',
    request: listOffsetsRequest(),
    ...flight(16, 16),
    bar: 0.35,
  },
  { ...memory, name: 'memory: Fetch 1 MiB', key: 'memory-fetch', request: fetchRequest(), ...flight(1, 1), bar: 0.6 },
];

function flight(connections: number, depth: number): Pick<Row, 'connections' | 'depth'> {
  return { connections, depth };
}
