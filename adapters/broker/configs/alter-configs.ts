import { type Awaitable, ErrorCode } from '../../../src/contract/index.js';
import type {
  AlterConfigsRequest,
  AlterConfigsResponseInit,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponseInit,
} from '../../../src/protocol/index.js';
import { all, attempt, andThen } from '../awaitable.js';
import type { CoreKit } from '../core-kit.js';
import { serial } from '../serial.js';
import { type ApiFailure, storeFailure } from '../store-errors.js';
import { topicNameProblem } from '../topics/topic-name.js';
import { applyOperations, type ConfigOperation, Operation } from './operations.js';
import { checkBrokerChanges, keepBrokerConfigs } from './dynamic-configs.js';
import { brokerConfig, topicConfig } from './known-configs.js';
import { checkNodeId, ResourceType } from './resources.js';
import { checkTopicConfigs, ConfigFailure } from './topic-configs.js';

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

/** What answers AlterConfigs and IncrementalAlterConfigs: one change at a time, for each builds on the one before. */
export interface AlterConfigs {
  alterConfigs(request: AlterConfigsRequest): Awaitable<AlterConfigsResponseInit>;
  incrementalAlterConfigs(request: IncrementalAlterConfigsRequest): Awaitable<IncrementalAlterConfigsResponseInit>;
}

export function createAlterConfigs(kit: CoreKit): AlterConfigs {
  const oneByOne = serial();
  const alter = (resources: readonly Resource[], options: Options): Awaitable<{ responses: readonly Answer[] }> => {
    const seen = new Map<string, number>();
    for (const resource of resources) seen.set(keyOf(resource), (seen.get(keyOf(resource)) ?? 0) + 1);
    const answers = resources.map((resource): Awaitable<Answer> => {
      const { resourceType, resourceName } = resource;
      const answer = (failure: ApiFailure): Answer => ({ resourceType, resourceName, ...failure });
      return attempt(
        () => {
          if ((seen.get(keyOf(resource)) ?? 0) > 1) throw invalid('Each resource must appear at most once.');
          checkForm(resource);
          return oneByOne(() => alterOne(kit, resource, options));
        },
        () => answer({ errorCode: ErrorCode.NONE, errorMessage: null }),
        (error) =>
          answer(
            error instanceof ConfigFailure
              ? { errorCode: error.code, errorMessage: error.message }
              : storeFailure(kit, error),
          ),
      );
    });
    return andThen(all(answers), (responses) => ({ responses }));
  };
  return {
    alterConfigs({ resources, validateOnly }) {
      const replacing = resources.map(({ configs, ...resource }) => ({
        ...resource,
        configs: configs.map(({ name, value }) => ({ name, value, configOperation: Operation.SET })),
      }));
      return alter(replacing, { validateOnly, replace: true });
    },
    incrementalAlterConfigs: ({ resources, validateOnly }) => alter(resources, { validateOnly, replace: false }),
  };
}

/** @throws ConfigFailure */
function checkForm({ configs }: Resource): void {
  if (new Set(configs.map(({ name }) => name)).size < configs.length)
    throw invalid('Error due to duplicate config keys');
  const nulls = configs.flatMap(({ name, value, configOperation }) =>
    value === null && configOperation !== Operation.DELETE ? [name] : [],
  );
  if (nulls.length > 0) throw invalid(`Null value not supported for : ${nulls.join(', ')}`);
}

/** @throws ConfigFailure */
function alterOne(kit: CoreKit, { resourceType, resourceName, configs }: Resource, options: Options): Awaitable<void> {
  const { replace, validateOnly } = options;
  switch (resourceType) {
    case ResourceType.TOPIC: {
      const topic = kit.topics.byName(resourceName);
      const { kept, set } = applyOperations(topicConfig, replace ? {} : (topic?.configs ?? {}), configs);
      if (resourceName === '') throw invalid('Default topic resources are not allowed.');
      const problem = topicNameProblem(resourceName);
      if (problem !== null) throw new ConfigFailure(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
      const texts = checkTopicConfigs(kit, kept, set);
      if (topic === undefined) {
        const why = `The topic '${resourceName}' does not exist.`;
        throw new ConfigFailure(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, why);
      }
      return validateOnly ? undefined : kit.topics.configure(topic, texts);
    }
    case ResourceType.BROKER: {
      if (resourceName !== '') checkNodeId(resourceName, kit.placement.nodeId);
      const layer = resourceName === '' ? 'cluster' : 'broker';
      const own = kit.config.layers[layer];
      const { kept, set } = applyOperations(brokerConfig, replace ? {} : own, configs);
      const texts = checkBrokerChanges(kit, layer, kept, set);
      return validateOnly ? undefined : keepBrokerConfigs(kit, layer, texts);
    }
    case ResourceType.BROKER_LOGGER: {
      if (replace) throw invalid(`Unknown resource type ${String(resourceType)}`);
      checkNodeId(resourceName, kit.placement.nodeId);
      const [logger] = configs;
      if (logger === undefined) return undefined;
      throw new ConfigFailure(ErrorCode.INVALID_CONFIG, `Logger ${logger.name} does not exist!`);
    }
    default:
      throw invalid(`Unknown resource type ${String(resourceType)}`);
  }
}

function keyOf({ resourceType, resourceName }: Resource): string {
  return `${String(resourceType)} ${resourceName}`;
}

function invalid(why: string): ConfigFailure {
  return new ConfigFailure(ErrorCode.INVALID_REQUEST, why);
}
