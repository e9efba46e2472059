import { createTopicsApi, describeConfigsApi, incrementalAlterConfigsApi } from 'iggy-gateway-kafka/protocol';
import type { WireClient } from './wire-client.js';

export const TOPIC = 2;
export const BROKER = 4;

/** Operations of IncrementalAlterConfigs. */
export const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3] as const;

/** One config as DescribeConfigs shows it, in short: value, source, and the synonyms as `name=value from source`. */
export async function describeConfig(
  client: WireClient,
  resourceType: number,
  resourceName: string,
  name: string,
): Promise<{ value: string | null; source: number; readOnly: boolean; synonyms: string[] } | undefined> {
  const resources = [{ resourceType, resourceName, configurationKeys: [name] }];
  const { response } = await client.send(describeConfigsApi, 4, { resources, includeSynonyms: true });
  const config = response.results[0]?.configs[0];
  if (config === undefined) return undefined;
  const { value, configSource: source, readOnly } = config;
  const synonyms = config.synonyms.map((from) => `${from.name}=${String(from.value)} from ${from.source}`);
  return { value, source, readOnly, synonyms };
}

/** Changes configs one by one; gives the error code. */
export async function alter(
  client: WireClient,
  resourceType: number,
  resourceName: string,
  changes: readonly (readonly [name: string, operation: number, value: string | null])[],
  validateOnly = false,
): Promise<{ errorCode: number; errorMessage: string | null }> {
  const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }));
  const { response } = await client.send(incrementalAlterConfigsApi, 1, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly,
  });
  const [{ errorCode, errorMessage } = { errorCode: NaN, errorMessage: null }] = response.responses;
  return { errorCode, errorMessage };
}

/** What a topic to create is, apart from its name. */
export interface NewTopic {
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  /** Broker ids by partition. */
  readonly assignments?: readonly (readonly number[])[];
  readonly configs?: Readonly<Record<string, string | null>>;
}

/** A topic as CreateTopics takes it: one partition, one replica, unless told otherwise. */
export function newTopic(name: string, topic: NewTopic = {}) {
  const { assignments = [], configs = {} } = topic;
  const counts = assignments.length > 0 ? -1 : 1;
  return {
    name,
    numPartitions: topic.numPartitions ?? counts,
    replicationFactor: topic.replicationFactor ?? counts,
    assignments: assignments.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  };
}

/** Creates a topic; gives its id. */
export async function createTopic(client: WireClient, name: string, topic: NewTopic = {}): Promise<string> {
  const { response } = await client.send(createTopicsApi, 7, { topics: [newTopic(name, topic)] });
  const [result] = response.topics;
  if (result?.errorCode !== 0) throw new Error(`${name}: ${String(result?.errorCode)} ${String(result?.errorMessage)}`);
  return result.topicId;
}
