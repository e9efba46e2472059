import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { metadataTopics, RECORD_TIMESTAMP, RECORD_VALUE, software } from './codec-messages.js';

// The codecs of kafkajs and @platformatic/kafka, as their clients call them. Both are clients: they encode requests and
// decode responses, and that is all they can be asked for.

/** One message of a peer: in its latest version that we have it in as well. */
export interface PeerCodec {
  readonly version: number;
  /** Into one piece. */
  readonly encodeRequest: () => Buffer | Promise<Buffer>;
  readonly decodeResponse: (bytes: Buffer) => unknown;
}

export interface Peer {
  readonly name: string;
  readonly version: string;
  /** By the name of the API. */
  readonly codecs: Readonly<Record<string, PeerCodec>>;
}

const partitions = Array.from({ length: 100 }, (_, index) => index);
const require = createRequire(import.meta.url);

interface KafkajsRequest {
  encode(): Promise<{ readonly buffer: Buffer }>;
}

export function loadKafkajs(): Peer {
  const load = (path: string): never => require(`kafkajs/src/protocol/requests/${path}`) as never;
  const codec = (api: string, version: number, options: object): PeerCodec => {
    const request: (options: object) => KafkajsRequest = load(`${api}/v${String(version)}/request`);
    const { decode }: { decode: (bytes: Buffer) => unknown } = load(`${api}/v${String(version)}/response`);
    return {
      version,
      encodeRequest: async () => (await request(options).encode()).buffer,
      decodeResponse: decode,
    };
  };
  const messages = [{ key: null, value: RECORD_VALUE, timestamp: RECORD_TIMESTAMP }];
  return {
    name: 'kafkajs',
    version: versionOf(require.resolve('kafkajs/package.json')),
    codecs: {
      ApiVersions: codec('apiVersions', 2, {}),
      Metadata: codec('metadata', 6, { topics: metadataTopics(), allowAutoTopicCreation: false }),
      Produce: codec('produce', 7, {
        acks: -1,
        timeout: 30_000,
        topicData: [{ topic: 'topic', partitions: partitions.map((partition) => ({ partition, messages })) }],
      }),
      Fetch: codec('fetch', 11, {
        replicaId: -1,
        maxWaitTime: 500,
        minBytes: 1,
        maxBytes: 52_428_800,
        isolationLevel: 0,
        topics: [
          {
            topic: 'topic',
            partitions: partitions.map((partition) => ({
              partition,
              currentLeaderEpoch: 5,
              fetchOffset: '1000000',
              maxBytes: 1_048_576,
            })),
          },
        ],
      }),
    },
  };
}

interface PlatformaticApi {
  createRequest(...args: unknown[]): { readonly buffer: Buffer };
  parseResponse(correlationId: number, apiKey: number, apiVersion: number, reader: unknown): unknown;
}

interface Platformatic {
  readonly Reader: { from(bytes: Buffer): unknown };
}

/** Null where @platformatic/kafka is not installed. */
export async function loadPlatformatic(): Promise<Peer | null> {
  const name = '@platformatic/kafka';
  let module: Platformatic & Record<string, PlatformaticApi>;
  try {
    module = (await import(name)) as typeof module;
  } catch {
    return null;
  }
  const codec = (api: string, key: number, version: number, args: () => unknown[]): PeerCodec => {
    const { createRequest, parseResponse } = module[`${api}V${String(version)}`]!;
    return {
      version,
      encodeRequest: () => createRequest(...args()).buffer,
      decodeResponse: (bytes) => parseResponse(1, key, version, module.Reader.from(bytes)),
    };
  };
  const topics = metadataTopics();
  const messages = partitions.map((partition) => ({
    topic: 'topic',
    partition,
    value: RECORD_VALUE,
    timestamp: BigInt(RECORD_TIMESTAMP),
  }));
  const fetched = [
    {
      topicId: 'topic',
      partitions: partitions.map((partition) => ({
        partition,
        currentLeaderEpoch: 5,
        fetchOffset: 1_000_000n,
        lastFetchedEpoch: -1,
        partitionMaxBytes: 1_048_576,
      })),
    },
  ];
  const { clientSoftwareName, clientSoftwareVersion } = software;
  return {
    name,
    version: versionOf(new URL('../package.json', import.meta.resolve(name))),
    codecs: {
      ApiVersions: codec('apiVersions', 18, 3, () => [clientSoftwareName, clientSoftwareVersion]),
      Metadata: codec('metadata', 3, 12, () => [topics, false, false]),
      Produce: codec('produce', 0, 9, () => [-1, 30_000, messages]),
      Fetch: codec('fetch', 1, 12, () => [500, 1, 52_428_800, 0, 0, -1, fetched, [], '']),
    },
  };
}

function versionOf(manifest: string | URL): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}
