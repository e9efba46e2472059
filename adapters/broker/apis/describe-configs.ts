// Versions 1 to 4.
// Supported: topics, this broker and the defaults of all brokers, with synonyms and documentation.
// Ignored: nothing. Broker loggers have no configs; groups and client metrics are refused.
import { type Endpoint, ErrorCode } from '../../../src/contract/index.js';
import type {
  DescribeConfigsRequest,
  DescribeConfigsRequestDescribeConfigsResource,
  DescribeConfigsResponseDescribeConfigsResourceResultInit,
  DescribeConfigsResponseInit,
} from '../../../src/protocol/index.js';
import { topicNameProblem } from '../topics/topic-name.js';
import type { ConfigTexts } from '../configs/layered-broker-config.js';
import {
  describeBrokerConfigs,
  describeClusterConfigs,
  type DescribedConfig,
  describeTopicConfigs,
} from '../configs/described-configs.js';
import { checkNodeId, ResourceType } from '../configs/config-resources.js';
import { ConfigRefusedError } from '../configs/check-topic-configs.js';
import type { Kit } from '../kit.js';
import { logDir } from './describe-log-dirs.js';
import type { Broker, Handler } from './handler.js';

export const describeConfigs: Handler<DescribeConfigsRequest, DescribeConfigsResponseInit> = (
  broker,
  { resources, includeSynonyms, includeDocumentation },
  { advertised },
) => ({
  results: resources.map((resource) => {
    const { resourceType, resourceName, configurationKeys } = resource;
    const answer = { resourceType, resourceName };
    try {
      const described = describeResource(broker, resource, advertised);
      const wanted = configurationKeys === null || configurationKeys.length === 0 ? null : new Set(configurationKeys);
      const configs = described.flatMap((config) =>
        wanted === null || wanted.has(config.name) ? [answerOf(config, includeSynonyms, includeDocumentation)] : [],
      );
      return { ...answer, errorCode: ErrorCode.NONE, errorMessage: null, configs };
    } catch (error) {
      if (!(error instanceof ConfigRefusedError)) throw error;
      return { ...answer, errorCode: error.errorCode, errorMessage: error.message, configs: [] };
    }
  }),
});

/** @throws ConfigRefusedError */
function describeResource(
  { kit, configs }: Broker,
  { resourceType, resourceName }: DescribeConfigsRequestDescribeConfigsResource,
  advertised: Endpoint,
): DescribedConfig[] {
  switch (resourceType) {
    case ResourceType.TOPIC: {
      const problem = topicNameProblem(resourceName);
      if (problem !== null) throw new ConfigRefusedError(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
      const topic = kit.topics.byName(resourceName);
      if (topic !== undefined) return describeTopicConfigs(configs.current, topic.configs);
      throw new ConfigRefusedError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `There is no topic ${resourceName}`);
    }
    case ResourceType.BROKER:
      if (resourceName === '') return describeClusterConfigs(configs.current);
      checkNodeId(resourceName, kit.placement.nodeId);
      return describeBrokerConfigs(configs.current, derivedConfigs(kit, advertised));
    case ResourceType.BROKER_LOGGER:
      checkNodeId(resourceName, kit.placement.nodeId);
      return []; // there are no loggers whose level could be changed
    default:
      throw new ConfigRefusedError(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${String(resourceType)}`);
  }
}

function derivedConfigs(kit: Kit, { host, port }: Endpoint): ConfigTexts {
  const nodeId = String(kit.placement.nodeId);
  const listener = `PLAINTEXT://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  return {
    'node.id': nodeId,
    'broker.id': nodeId,
    'process.roles': 'broker,controller',
    listeners: listener,
    'advertised.listeners': listener,
    'log.dir': logDir(kit),
    'log.dirs': logDir(kit),
  };
}

function answerOf(
  { name, value, readOnly, source, synonyms, type, sensitive, doc }: DescribedConfig,
  includeSynonyms: boolean,
  includeDocumentation: boolean,
): DescribeConfigsResponseDescribeConfigsResourceResultInit {
  return {
    name,
    value,
    readOnly,
    configSource: source,
    isSensitive: sensitive,
    synonyms: includeSynonyms ? synonyms : [],
    configType: type,
    documentation: includeDocumentation ? doc : null,
  };
}
