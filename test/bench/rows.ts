import { recordBatch } from './record-batch.js';
import {
  compactArray,
  compactBytes,
  compactNull,
  compactString,
  flexibleRequest,
  int16,
  int32,
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

const metadataRequest = flexibleRequest({
  apiKey: 3,
  apiVersion: 9,
  correlationId,
  clientId,
  body: [compactArray([Buffer.concat([compactString(topic), noTags])]), no, no, no, noTags],
});

const partition = Buffer.concat([int32(0), compactBytes(recordBatch(16 * 1024, 1024)), noTags]);

const produceRequest = flexibleRequest({
  apiKey: 0,
  apiVersion: 9,
  correlationId,
  clientId,
  body: [
    compactNull, // no transaction
    int16(1), // acks
    int32(30_000), // timeout in ms
    compactArray([Buffer.concat([compactString(topic), compactArray([partition]), noTags])]),
    noTags,
  ],
});

export const rows: readonly Row[] = [
  { name: 'ApiVersions v3', key: 'api-versions-1', request: apiVersionsRequest, connections: 16, depth: 1, bar: 0.85 },
  { name: 'ApiVersions v3', key: 'api-versions-16', request: apiVersionsRequest, connections: 16, depth: 16, bar: 0.7 },
  { name: 'Metadata v9', key: 'metadata-16', request: metadataRequest, connections: 16, depth: 16, bar: 0.55 },
  { name: 'Produce v9 16 KiB', key: 'produce-5', request: produceRequest, connections: 4, depth: 5, bar: 0.7 },
];
