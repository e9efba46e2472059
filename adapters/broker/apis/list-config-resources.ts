// Versions 0 to 1. Version 0 lists client metrics, of which there are none.
// Supported: topics, brokers and broker loggers.
// Ignored: nothing. Groups and client metrics have no configs, so none are listed.
import { ErrorCode, KafkaError, type RequestContext } from '../../../src/contract/index.js';
import type {
  ListConfigResourcesRequest,
  ListConfigResourcesResponseConfigResourceInit,
  ListConfigResourcesResponseInit,
} from '../../../src/protocol/index.js';
import { ResourceType } from '../configs/config-resources.js';
import type { Kit } from '../kit.js';
import type { Handler } from './handler.js';

export const listConfigResources: Handler<ListConfigResourcesRequest, ListConfigResourcesResponseInit> = (
  { kit },
  { resourceTypes },
  { apiVersion, advertised },
) => {
  const known: readonly number[] = Object.values(ResourceType);
  const wanted = apiVersion === 0 ? [ResourceType.CLIENT_METRICS] : resourceTypes.length === 0 ? known : resourceTypes;
  const configResources: ListConfigResourcesResponseConfigResourceInit[] = [];
  for (const resourceType of new Set(wanted)) {
    if (!known.includes(resourceType)) {
      throw new KafkaError(ErrorCode.UNSUPPORTED_VERSION, `Unsupported resource type ${String(resourceType)}`);
    }
    for (const resourceName of names(kit, resourceType, advertised)) {
      configResources.push({ resourceName, resourceType });
    }
  }
  return { errorCode: ErrorCode.NONE, configResources };
};

function names(kit: Kit, resourceType: number, advertised: RequestContext['advertised']): string[] {
  switch (resourceType) {
    case ResourceType.TOPIC:
      return Array.from(kit.topics.all(), ({ name }) => name);
    case ResourceType.BROKER:
    case ResourceType.BROKER_LOGGER:
      return kit.placement.nodes(advertised).map(({ nodeId }) => String(nodeId));
    default:
      return []; // neither groups nor client metrics have configs here
  }
}
