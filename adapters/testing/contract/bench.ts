import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Awaitable, type ErrorName, errorName } from '../../../src/contract.js';
import {
  createTopicsApi,
  deleteTopicsApi,
  listOffsetsApi,
  metadataApi,
  type MetadataResponseTopic,
} from '../../../src/protocol/index.js';
import type { BrokerConfigInit } from '../../broker/index.js';
import { WireClient } from '../wire-client.js';
import type { ContractBroker, ContractStart } from './case.js';

type Start = (wanted: ContractStart) => Awaitable<ContractBroker>;

/** Milliseconds that what comes about by itself may take. */
const PATIENCE_MS = 15_000;

/** A topic that a case has made. */
export interface BenchTopic {
  readonly name: string;
  readonly id: string;
}

/** What a case works with: a broker of its own, clients, names that nobody else has. */
export class Bench {
  #broker: ContractBroker;
  #clients: WireClient[] = [];
  /** A client that is connected. */
  client: WireClient;

  private constructor(broker: ContractBroker, client: WireClient) {
    this.#broker = broker;
    this.client = client;
    this.#clients.push(client);
  }

  static async start(start: Start, config: BrokerConfigInit): Promise<Bench> {
    const broker = await start({ config });
    try {
      return new Bench(broker, await WireClient.connect(broker.bootstrap));
    } catch (error) {
      await broker.close();
      throw error;
    }
  }

  /** Another connection. */
  async connect(): Promise<WireClient> {
    const client = await WireClient.connect(this.#broker.bootstrap);
    this.#clients.push(client);
    return client;
  }

  /** A name that no other case has. */
  name(what: string): string {
    return `${what}-${randomBytes(6).toString('hex')}`;
  }

  /** Creates a topic, and waits until it can be used. */
  async topic({
    partitions = 1,
    configs = {},
  }: { partitions?: number; configs?: Record<string, string> } = {}): Promise<BenchTopic> {
    const name = this.name('topic');
    const topic = {
      name,
      numPartitions: partitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    };
    const { topics } = await this.client.send(createTopicsApi, { topics: [topic], timeoutMs: 10_000 });
    isCode(topics[0]?.errorCode, 'NONE', `CreateTopics (${topics[0]?.errorMessage ?? 'no message'})`);
    return this.ready(name, partitions);
  }

  /** Waits until a topic has so many partitions with a leader. */
  async ready(name: string, partitions: number): Promise<BenchTopic> {
    return eventually(async () => {
      const found = await this.describe(name);
      isCode(found.errorCode, 'NONE', `Metadata of topic ${name}`);
      assert.equal(found.partitions.length, partitions, `Metadata of topic ${name} has another number of partitions`);
      for (const { errorCode, partitionIndex } of found.partitions) {
        isCode(errorCode, 'NONE', `Metadata of partition ${String(partitionIndex)}`);
      }
      // A leader that is named may have yet to learn it.
      const ask = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }));
      const request = { replicaId: -1, topics: [{ name, partitions: ask }] };
      const { topics } = await this.client.send(listOffsetsApi, request);
      for (const { errorCode } of topics.flatMap((each) => each.partitions)) {
        isCode(errorCode, 'NONE', `ListOffsets of topic ${name}`);
      }
      return { name, id: found.topicId };
    });
  }

  /** What Metadata says of a topic, without creating it. */
  async describe(name: string): Promise<MetadataResponseTopic> {
    const { topics } = await this.client.send(metadataApi, { topics: [{ name }], allowAutoTopicCreation: false });
    const [found] = topics;
    assert(
      found !== undefined && topics.length === 1,
      `Metadata of topic ${name}: ${String(topics.length)} topics came`,
    );
    return found;
  }

  /** Deletes a topic, and waits until it is gone. */
  async deleteTopic({ name, id }: BenchTopic): Promise<void> {
    const version = this.client.version(deleteTopicsApi);
    const request = version >= 6 ? { topics: [{ name: null, topicId: id }] } : { topicNames: [name] };
    const { responses } = await this.client.send(deleteTopicsApi, { ...request, timeoutMs: 10_000 }, version);
    isCode(responses[0]?.errorCode, 'NONE', 'DeleteTopics');
    await eventually(async () => {
      isCode((await this.describe(name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata after DeleteTopics');
    });
  }

  /** Stops the broker and starts another over the same store, with a new client. */
  async restart(): Promise<void> {
    await this.#disconnect();
    const restarted = await this.#broker.restart?.();
    assert(restarted !== undefined, 'a broker that is durable has a restart()');
    this.#broker = restarted;
    this.client = await this.connect();
  }

  async close(): Promise<void> {
    await this.#disconnect();
    await this.#broker.close();
  }

  async #disconnect(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
  }
}

/** Whether an error code is the one of this name. */
export function isCode(actual: number | undefined, expected: ErrorName, what: string): void {
  assert(actual !== undefined, `${what}: nothing was answered`);
  assert.equal(errorName(actual), expected, `${what}: the error code is ${errorName(actual)}; it must be ${expected}`);
}

/** Repeats until nothing is thrown any more: for what a broker does by itself. */
export async function eventually<T>(attempt: () => Awaitable<T>, patienceMs: number = PATIENCE_MS): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await sleep(20);
  }
}
