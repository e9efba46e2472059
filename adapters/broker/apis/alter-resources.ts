import { all, type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import { attempt, andThen } from '../awaitable.js';
import { brokerConfig, topicConfig } from '../configs/config-lookup.js';
import { applyOperations, type ConfigOperation, Operation } from '../configs/config-operations.js';
import { checkNodeId, ResourceType } from '../configs/config-resources.js';
import { checkTopicConfigs, ConfigRefusedError } from '../configs/check-topic-configs.js';
import { type ApiFailure, storeFailure } from './admin-failure.js';
import { topicNameProblem } from '../topics/topic-name.js';
import type { Broker } from './handler.js';

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly ConfigOperation[];
}

interface Options {
  readonly validateOnly: boolean;
  /** Whether what is not given goes back to its default. */
  readonly replace: boolean;
}

type Answer = ApiFailure & Pick<Resource, 'resourceType' | 'resourceName'>;

/** Handles AlterConfigs and IncrementalAlterConfigs: alters each resource on its own, one after another. */
export function alterResources(
  broker: Broker,
  resources: readonly Resource[],
  options: Options,
): Awaitable<{ responses: readonly Answer[] }> {
  const seen = new Map<string, number>();
  for (const resource of resources) seen.set(keyOf(resource), (seen.get(keyOf(resource)) ?? 0) + 1);
  const answers = resources.map((resource): Awaitable<Answer> => {
    const { resourceType, resourceName } = resource;
    const answer = (failure: ApiFailure): Answer => ({ resourceType, resourceName, ...failure });
    return attempt(
      () => {
        if ((seen.get(keyOf(resource)) ?? 0) > 1) throw invalid('Each resource must appear at most once.');
        checkForm(resource);
        return broker.configs.inTurn(() => alterOne(broker, resource, options));
      },
      () => answer({ errorCode: ErrorCode.NONE, errorMessage: null }),
      (error) =>
        answer(
          error instanceof ConfigRefusedError
            ? { errorCode: error.errorCode, errorMessage: error.message }
            : storeFailure(broker.kit, error),
        ),
    );
  });
  return andThen(all(answers), (responses) => ({ responses }));
}

/** @throws ConfigRefusedError */
function checkForm({ configs }: Resource): void {
  if (new Set(configs.map(({ name }) => name)).size < configs.length)
    throw invalid('Error due to duplicate config keys');
  const nulls = configs.flatMap(({ name, value, configOperation }) =>
    value === null && configOperation !== Operation.DELETE ? [name] : [],
  );
  if (nulls.length > 0) throw invalid(`Null value not supported for : ${nulls.join(', ')}`);
}

/** @throws ConfigRefusedError */
function alterOne(
  { kit, configs: dynamicConfigs }: Broker,
  { resourceType, resourceName, configs }: Resource,
  options: Options,
): Awaitable<void> {
  const { replace, validateOnly } = options;
  switch (resourceType) {
    case ResourceType.TOPIC: {
      const topic = kit.topics.byName(resourceName);
      const { kept, set } = applyOperations(topicConfig, replace ? {} : (topic?.configs ?? {}), configs);
      if (resourceName === '') throw invalid('Default topic resources are not allowed.');
      const problem = topicNameProblem(resourceName);
      if (problem !== null) throw new ConfigRefusedError(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
      const texts = checkTopicConfigs(kit, kept, set);
      if (topic === undefined) {
        const why = `The topic '${resourceName}' does not exist.`;
        throw new ConfigRefusedError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, why);
      }
      return validateOnly ? undefined : kit.topics.configure(topic, texts);
    }
    case ResourceType.BROKER: {
      if (resourceName !== '') checkNodeId(resourceName, kit.placement.nodeId);
      const layer = resourceName === '' ? 'cluster' : 'broker';
      const own = dynamicConfigs.current.layers[layer];
      const { kept, set } = applyOperations(brokerConfig, replace ? {} : own, configs);
      const texts = dynamicConfigs.check(layer, kept, set);
      return validateOnly ? undefined : dynamicConfigs.keep(layer, texts);
    }
    case ResourceType.BROKER_LOGGER: {
      if (replace) throw invalid(`Unknown resource type ${String(resourceType)}`);
      checkNodeId(resourceName, kit.placement.nodeId);
      const [logger] = configs;
      if (logger === undefined) return undefined;
      throw new ConfigRefusedError(ErrorCode.INVALID_CONFIG, `Logger ${logger.name} does not exist!`);
    }
    default:
      throw invalid(`Unknown resource type ${String(resourceType)}`);
  }
}

function keyOf({ resourceType, resourceName }: Resource): string {
  return `${String(resourceType)} ${resourceName}`;
}

function invalid(why: string): ConfigRefusedError {
  return new ConfigRefusedError(ErrorCode.INVALID_REQUEST, why);
}
