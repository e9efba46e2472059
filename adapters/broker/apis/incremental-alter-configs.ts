// Versions 0 to 1.
// Supported: topics and this broker, or the defaults of all brokers; SET, DELETE, APPEND and SUBTRACT; validateOnly.
// Ignored: nothing. Log levels cannot be changed; groups and client metrics have no configs and are refused.
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponseInit,
} from '../../../src/protocol/index.js';
import { alterResources } from './alter-resources.js';
import type { Handler } from './handler.js';

export const incrementalAlterConfigs: Handler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponseInit> = (
  broker,
  { resources, validateOnly },
) => alterResources(broker, resources, { validateOnly, replace: false });
