// Versions 0 to 2.
// Supported: brokers, and authorized operations.
// Ignored: includeFencedBrokers, since no broker is fenced. Controllers are refused: clients reach brokers only.
import { ErrorCode, KafkaError } from '../../../src/contract/index.js';
import type { DescribeClusterRequest, DescribeClusterResponseInit } from '../../../src/protocol/index.js';
import { CLUSTER_OPERATIONS, NOT_ASKED } from './authorized-operations.js';
import type { Handler } from './handler.js';

const BROKERS = 1;
const CONTROLLERS = 2;

export const describeCluster: Handler<DescribeClusterRequest, DescribeClusterResponseInit> = (
  { kit },
  { endpointType, includeClusterAuthorizedOperations },
  { advertised },
) => {
  if (endpointType !== BROKERS) {
    if (endpointType !== CONTROLLERS) {
      throw new KafkaError(ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, `Unsupported endpoint type ${String(endpointType)}`);
    }
    const why = 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER';
    throw new KafkaError(ErrorCode.MISMATCHED_ENDPOINT_TYPE, why);
  }
  return {
    errorCode: ErrorCode.NONE,
    endpointType: BROKERS,
    clusterId: kit.clusterId,
    controllerId: kit.placement.controllerId(),
    brokers: kit.placement.nodes(advertised).map(({ nodeId, host, port, rack }) => ({
      brokerId: nodeId,
      host,
      port,
      rack,
      isFenced: false,
    })),
    clusterAuthorizedOperations: includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : NOT_ASKED,
  };
};
