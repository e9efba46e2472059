// Versions 0 to 2.
// Supported: topics and this broker, each replaced as a whole; validateOnly.
// Ignored: nothing. Groups and client metrics have no configs and are refused.
import type { AlterConfigsRequest, AlterConfigsResponseInit } from '../../../src/protocol/index.js';
import { Operation } from '../configs/config-operations.js';
import { alterResources } from './alter-resources.js';
import type { Handler } from './handler.js';

export const alterConfigs: Handler<AlterConfigsRequest, AlterConfigsResponseInit> = (
  broker,
  { resources, validateOnly },
) => {
  const replacing = resources.map(({ configs, ...resource }) => ({
    ...resource,
    configs: configs.map(({ name, value }) => ({ name, value, configOperation: Operation.SET })),
  }));
  return alterResources(broker, replacing, { validateOnly, replace: true });
};
