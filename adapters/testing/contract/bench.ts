import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type Awaitable, type ErrorName, errorName, type RequestErrorEvent } from '../../../src/index.js';
import {
  createTopicsApi,
  deleteTopicsApi,
  listOffsetsApi,
  metadataApi,
  type MetadataResponseTopic,
} from '../../../src/protocol/index.js';
import { WireClient } from '../../../src/wire-client/index.js';
import type { ContractBroker, ContractStart } from './contract-broker.js';
import { eventually } from './eventually.js';

type Start = (wanted: ContractStart) => Awaitable<ContractBroker>;

/** A topic id that no topic has. */
export const NOBODYS_ID = '9b2f6a0e-1c4d-4e8f-9a3b-5d7c8e0f1a2b';

/** A topic that a case has created. */
export interface BenchTopic {
  readonly name: string;
  readonly id: string;
}

/** Test bench of a case: a broker, clients and unique names. */
export class Bench {
  readonly #patienceMs: number;
  #broker: ContractBroker;
  #clients: WireClient[] = [];
  /** The last error that the backend threw. */
  #thrown: unknown;
  readonly #onRequestError = ({ error }: RequestErrorEvent): void => {
    this.#thrown = error;
  };
  /** A connected client. */
  client: WireClient;

  private constructor(broker: ContractBroker, client: WireClient, patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.#broker = broker;
    this.client = client;
    this.#clients.push(client);
    broker.gateway?.on('requestError', this.#onRequestError);
  }

  /** @param patienceMs - Maximum time in milliseconds that `eventually` waits for asynchronous effects. */
  static async start(start: Start, wanted: ContractStart, patienceMs: number): Promise<Bench> {
    const broker = await start(wanted);
    try {
      return new Bench(broker, await WireClient.connect(broker.bootstrap), patienceMs);
    } catch (error) {
      await broker.close();
      throw error;
    }
  }

  /** Opens another connection. */
  async connect(): Promise<WireClient> {
    const client = await WireClient.connect(this.#broker.bootstrap);
    this.#clients.push(client);
    return client;
  }

  /** Returns a unique name. */
  name(what: string): string {
    return `${what}-${randomBytes(6).toString('hex')}`;
  }

  /** Creates a topic and waits until it is usable. */
  async topic({
    name = this.name('topic'),
    partitions = 1,
    configs = {},
  }: { name?: string; partitions?: number; configs?: Record<string, string> } = {}): Promise<BenchTopic> {
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

  /** Waits until a topic has the expected number of partitions, all with a leader. */
  async ready(name: string, partitions: number): Promise<BenchTopic> {
    return this.eventually(async () => {
      const found = await this.describe(name);
      isCode(found.errorCode, 'NONE', `Metadata of topic ${name}`);
      assert.equal(found.partitions.length, partitions, `Metadata of topic ${name} has another number of partitions`);
      for (const { errorCode, partitionIndex } of found.partitions) {
        isCode(errorCode, 'NONE', `Metadata of partition ${String(partitionIndex)}`);
      }
      // A leader in Metadata may not know yet that it is the leader.
      const ask = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }));
      const request = { replicaId: -1, topics: [{ name, partitions: ask }] };
      const { topics } = await this.client.send(listOffsetsApi, request);
      for (const { errorCode } of topics.flatMap((each) => each.partitions)) {
        isCode(errorCode, 'NONE', `ListOffsets of topic ${name}`);
      }
      return { name, id: found.topicId };
    });
  }

  /** Returns the Metadata of a topic without creating it. */
  async describe(name: string): Promise<MetadataResponseTopic> {
    const { topics } = await this.client.send(metadataApi, { topics: [{ name }], allowAutoTopicCreation: false });
    const [found] = topics;
    assert(
      found !== undefined && topics.length === 1,
      `Metadata of topic ${name}: ${String(topics.length)} topics came`,
    );
    return found;
  }

  /** Deletes a topic and waits until it is gone. */
  async deleteTopic({ name, id }: BenchTopic): Promise<void> {
    const version = this.client.version(deleteTopicsApi);
    const request = version >= 6 ? { topics: [{ name: null, topicId: id }] } : { topicNames: [name] };
    const { responses } = await this.client.send(deleteTopicsApi, { ...request, timeoutMs: 10_000 }, version);
    isCode(responses[0]?.errorCode, 'NONE', 'DeleteTopics');
    await this.eventually(async () => {
      isCode((await this.describe(name)).errorCode, 'UNKNOWN_TOPIC_OR_PARTITION', 'Metadata after DeleteTopics');
    });
  }

  /** Restarts the broker over the same store and connects a new client. */
  async restart(): Promise<void> {
    await this.#disconnect();
    const restarted = await this.#broker.restart?.();
    assert(restarted !== undefined, 'a broker that is durable has a restart()');
    this.#broker = restarted;
    restarted.gateway?.on('requestError', this.#onRequestError);
    this.client = await this.connect();
  }

  /** Repeats an attempt until it succeeds, for asynchronous effects of the broker. */
  eventually<T>(attempt: () => Awaitable<T>): Promise<T> {
    return eventually(attempt, this.#patienceMs);
  }

  /** Adds the last error of the backend as the cause of an error of a case, because clients get only an error code. */
  explained(error: unknown): unknown {
    if (error instanceof Error) error.cause ??= this.#thrown;
    return error;
  }

  async close(): Promise<void> {
    await this.#disconnect();
    // A broker that all cases share keeps running after this case.
    this.#broker.gateway?.off('requestError', this.#onRequestError);
    await this.#broker.close();
  }

  async #disconnect(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
  }
}

/** Marks a promise as awaited later or never, so that its rejection is not reported as unhandled. */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Asserts that an error code has this name. */
export function isCode(actual: number | undefined, expected: ErrorName, what: string): void {
  assert(actual !== undefined, `${what}: nothing was answered`);
  assert.equal(errorName(actual), expected, `${what}: the error code is ${errorName(actual)}; it must be ${expected}`);
}
