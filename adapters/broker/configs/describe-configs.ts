import { type Endpoint, ErrorCode, type RequestContext } from '../../../src/contract/index.js';
import type {
  DescribeConfigsRequest,
  DescribeConfigsRequestDescribeConfigsResource,
  DescribeConfigsResponseDescribeConfigsResourceResultInit,
  DescribeConfigsResponseInit,
} from '../../../src/protocol/index.js';
import { logDir } from '../cluster/describe-log-dirs.js';
import type { CoreKit } from '../core-kit.js';
import { topicNameProblem } from '../topics/topic-name.js';
import type { ConfigTexts } from './broker-configs.js';
import {
  describeBrokerConfigs,
  describeClusterConfigs,
  type DescribedConfig,
  describeTopicConfigs,
} from './describe.js';
import { checkNodeId, ResourceType } from './resources.js';
import { ConfigFailure } from './topic-configs.js';

/** Answers DescribeConfigs, of topics and of brokers. */
export function createDescribeConfigs(
  kit: CoreKit,
): (request: DescribeConfigsRequest, context: RequestContext) => DescribeConfigsResponseInit {
  return ({ resources, includeSynonyms, includeDocumentation }, { advertised }) => ({
    results: resources.map((resource) => {
      const { resourceType, resourceName, configurationKeys } = resource;
      const answer = { resourceType, resourceName };
      try {
        const described = describeResource(kit, resource, advertised);
        const wanted = configurationKeys === null || configurationKeys.length === 0 ? null : new Set(configurationKeys);
        const configs = described.flatMap((config) =>
          wanted === null || wanted.has(config.name) ? [answerOf(config, includeSynonyms, includeDocumentation)] : [],
        );
        return { ...answer, errorCode: ErrorCode.NONE, errorMessage: null, configs };
      } catch (error) {
        if (!(error instanceof ConfigFailure)) throw error;
        return { ...answer, errorCode: error.code, errorMessage: error.message, configs: [] };
      }
    }),
  });
}

/** @throws ConfigFailure */
function describeResource(
  kit: CoreKit,
  { resourceType, resourceName }: DescribeConfigsRequestDescribeConfigsResource,
  advertised: Endpoint,
): DescribedConfig[] {
  switch (resourceType) {
    case ResourceType.TOPIC: {
      const problem = topicNameProblem(resourceName);
      if (problem !== null) throw new ConfigFailure(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
      const topic = kit.topics.byName(resourceName);
      if (topic !== undefined) return describeTopicConfigs(kit.config, topic.configs);
      throw new ConfigFailure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `There is no topic ${resourceName}`);
    }
    case ResourceType.BROKER:
      if (resourceName === '') return describeClusterConfigs(kit.config);
      checkNodeId(resourceName, kit.placement.nodeId);
      return describeBrokerConfigs(kit.config, derivedConfigs(kit, advertised));
    case ResourceType.BROKER_LOGGER:
      checkNodeId(resourceName, kit.placement.nodeId);
      return []; // there are no loggers whose level could be changed
    default:
      throw new ConfigFailure(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${String(resourceType)}`);
  }
}

function derivedConfigs(kit: CoreKit, { host, port }: Endpoint): ConfigTexts {
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
