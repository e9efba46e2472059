import { ErrorCode } from '../../../src/contract/index.js';
import { ConfigRefusedError } from './check-topic-configs.js';

/** Types of resources that have configs, by Kafka's numbers. */
export const ResourceType = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8, CLIENT_METRICS: 16, GROUP: 32 } as const;

/** Checks the name of a broker: its own id. @throws ConfigRefusedError */
export function checkNodeId(name: string, nodeId: number): void {
  if (!/^[+-]?\d{1,10}$/.test(name)) {
    throw new ConfigRefusedError(ErrorCode.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`);
  }
  if (Number(name) !== nodeId) {
    const why = `Unexpected broker id, expected ${String(nodeId)}, but received ${name}`;
    throw new ConfigRefusedError(ErrorCode.INVALID_REQUEST, why);
  }
}
