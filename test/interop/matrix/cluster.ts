import { createKafkaGateway, type KafkaGateway } from 'iggy-gateway-kafka';
import { type BrokerConfigInit, createBrokerBackend, type LogStore } from 'iggy-gateway-kafka/adapters/broker';
import { createMemoryStore } from 'iggy-gateway-kafka/adapters/memory';
import {
  type ApiCodec,
  createTopicsApi,
  fetchApi,
  type KafkaRecord,
  listOffsetsApi,
  metadataApi,
  produceApi,
  readBatches,
  readRecords,
  type RecordBatch,
} from 'iggy-gateway-kafka/protocol';
import { type Faults, withFaults } from 'iggy-gateway-kafka/testing';
import { expect, vi } from 'vitest';
import { WireClient } from '../../support/wire-client.js';
import type { ReadRecord, WireRecord } from './driver-protocol.js';

const LIMIT_BYTES = 64 * 1024 * 1024;
/** The timestamp that stands for the first offset. */
const EARLIEST = -2n;
const LEFT = ['ECONNRESET', 'EPIPE'];

/** Gives a store, and after a restart one that has what the store before had; hears what stores tell their operator. */
export type MakeStore = (warn: (message: string) => void) => LogStore;

export function inMemory(): MakeStore {
  const store = createMemoryStore();
  return () => store;
}

/** A broker that is also reached past every client, to lay records out and to look at what is stored. */
export class Cluster {
  /** What no client may cause: malformed requests, failures of the backend, connections that broke. */
  readonly trouble: unknown[] = [];
  /** Every request in its order, as `Metadata v9`, with its error code where the answer had one. */
  readonly asked: string[] = [];
  /** When the last successful answer to an API left, on the clock of `performance.now()`. */
  readonly answeredAt: Map<string, number> = new Map();
  readonly #fetches = new Set<string>();
  readonly #makeStore: MakeStore;
  /** What is to go wrong, until a restart; what this class itself asks goes wrong as well. */
  faults: Faults;
  readonly #config: BrokerConfigInit;
  #gateway: KafkaGateway;
  #port = 0;
  #wire: WireClient | null = null;

  private constructor(config: BrokerConfigInit, makeStore: MakeStore) {
    this.#makeStore = makeStore;
    this.#config = { 'group.initial.rebalance.delay.ms': 200, 'message.max.bytes': 16 * 1024 * 1024, ...config };
    [this.#gateway, this.faults] = this.#make();
  }

  static async start(config: BrokerConfigInit = {}, makeStore: MakeStore = inMemory()): Promise<Cluster> {
    const cluster = new Cluster(config, makeStore);
    await cluster.#open();
    return cluster;
  }

  /** What clients connect to, also after a restart. */
  get bootstrap(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async close(): Promise<void> {
    await this.#wire?.close();
    await this.#gateway.close({ drainTimeoutMs: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes the gateway with every connection, and starts another at the same port over what the store has. */
  async restart(): Promise<void> {
    await this.close();
    this.#fetches.clear();
    [this.#gateway, this.faults] = this.#make();
    await this.#open();
  }

  #make(): [KafkaGateway, Faults] {
    const store = this.#makeStore((message) => this.trouble.push(message));
    const { backend, faults } = withFaults(createBrokerBackend({ store, config: this.#config }));
    const gateway = createKafkaGateway({ listener: { port: this.#port }, backend });
    gateway.on('request', ({ api, connection, correlationId }) => {
      if (api === 'fetch') this.#fetches.add(`${connection.id} ${correlationId}`);
    });
    gateway.on('response', ({ api, apiVersion, errorCode, connection, correlationId }) => {
      this.asked.push(`${api} v${apiVersion}${errorCode === 0 ? '' : ` error ${errorCode}`}`);
      this.#fetches.delete(`${connection.id} ${correlationId}`);
      if (errorCode === 0) this.answeredAt.set(api, performance.now());
    });
    gateway.on('disconnect', (connection) => {
      for (const fetch of this.#fetches) if (fetch.startsWith(`${connection.id} `)) this.#fetches.delete(fetch);
    });
    gateway.on('unsupportedVersion', ({ apiName, apiKey, apiVersion }) => {
      this.asked.push(`${apiName ?? `API ${apiKey}`} v${apiVersion} refused`);
    });
    for (const event of ['protocolError', 'requestError', 'error'] as const) {
      gateway.on(event, (cause: unknown) => this.trouble.push({ event, cause }));
    }
    gateway.on('connectionError', ({ error }) => {
      if (!LEFT.includes((error as NodeJS.ErrnoException).code ?? '')) this.trouble.push(error);
    });
    return [gateway, faults];
  }

  async #open(): Promise<void> {
    ({ port: this.#port } = await this.#gateway.listen());
    this.#wire = await WireClient.connect(this.#port);
  }

  #send<Request, Response>(api: ApiCodec<unknown, Request, Response>, version: number, init: Request) {
    if (this.#wire === null) throw new Error('not open');
    return this.#wire.send(api, version, init);
  }

  /** Settles once the fetches that wait at the moment have been answered, or left. */
  async fetchesAnswered(): Promise<void> {
    const waiting = [...this.#fetches];
    await vi.waitFor(
      () => {
        expect(waiting.filter((fetch) => this.#fetches.has(fetch))).toEqual([]);
      },
      { timeout: 10_000 },
    );
  }

  async createTopic(name: string, numPartitions = 1): Promise<void> {
    const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] };
    const { response } = await this.#send(createTopicsApi, 5, { topics: [topic], timeoutMs: 5000 });
    const errorCode = response.topics[0]?.errorCode;
    if (errorCode !== 0) throw new Error(`CreateTopics ${name}: error ${errorCode}`);
  }

  /** What clients know the cluster and a topic by, beside their names. */
  async ids(name: string): Promise<{ readonly clusterId: string | null; readonly topicId: string | undefined }> {
    const { response } = await this.#send(metadataApi, 12, { topics: [{ name }] });
    return { clusterId: response.clusterId, topicId: response.topics[0]?.topicId };
  }

  /** Appends one batch. */
  async append(topic: string, partition: number, batch: Buffer): Promise<void> {
    const partitionData = [{ index: partition, records: batch }];
    const init = { acks: -1, timeoutMs: 5000, topicData: [{ name: topic, partitionData }] };
    const { response } = await this.#send(produceApi, 9, init);
    const errorCode = response.responses[0]?.partitionResponses[0]?.errorCode;
    if (errorCode !== 0) throw new Error(`Produce to ${topic}-${partition}: error ${errorCode}`);
  }

  /** The first offset of a partition. */
  async logStart(topic: string, partition = 0): Promise<number> {
    const partitions = [{ partitionIndex: partition, timestamp: EARLIEST }];
    const { response } = await this.#send(listOffsetsApi, 6, {
      replicaId: -1,
      topics: [{ name: topic, partitions }],
    });
    return Number(response.topics[0]!.partitions[0]!.offset);
  }

  /** All batches of a partition that has lost none; error 3 is an unknown topic. */
  async log(topic: string, partition = 0): Promise<{ batches: RecordBatch[]; errorCode: number }> {
    const batches: RecordBatch[] = [];
    let next = 0n;
    for (;;) {
      const asked = { partition, fetchOffset: next, partitionMaxBytes: LIMIT_BYTES };
      const topics = [{ topic, partitions: [asked] }];
      const init = { maxWaitMs: 0, minBytes: 0, maxBytes: LIMIT_BYTES, topics, sessionEpoch: -1 };
      const { response } = await this.#send(fetchApi, 11, init);
      const { records, errorCode, highWatermark } = response.responses[0]!.partitions[0]!;
      for (const batch of readBatches(bytesOf(records), { partial: 'skip' })) {
        batch.checkCrc();
        batches.push(batch);
        next = BigInt(batch.lastOffset + 1);
      }
      if (errorCode !== 0 || next >= highWatermark) return { batches, errorCode };
    }
  }

  /** All records of a partition. */
  async records(topic: string, partition = 0): Promise<ReadRecord[]> {
    const { batches } = await this.log(topic, partition);
    return batches.flatMap((batch) => [...readRecords(batch)].map(readRecord));
  }
}

function bytesOf(records: Buffer | readonly Buffer[] | null): Buffer {
  if (records === null) return Buffer.alloc(0);
  return Buffer.isBuffer(records) ? records : Buffer.concat(records);
}

const base64 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('base64');
const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'));

function readRecord({ offset, timestamp, key, value, headers }: KafkaRecord): ReadRecord {
  const pairs = headers.map((header) => [header.key, base64(header.value)] as const);
  return { offset, timestamp, key: base64(key), value: base64(value), headers: pairs };
}

/** As the builder of batches takes it. */
export function recordInit({ key, value, headers, timestamp }: WireRecord) {
  const pairs = headers.map(([name, header]) => ({ key: name, value: bytes(header) }));
  return { key: bytes(key), value: bytes(value), headers: pairs, timestamp };
}
