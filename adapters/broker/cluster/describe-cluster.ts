import { ErrorCode, KafkaError, type RequestContext } from '../../../src/contract/index.js';
import type { DescribeClusterRequest, DescribeClusterResponseInit } from '../../../src/protocol/index.js';
import type { CoreKit } from '../core-kit.js';
import { CLUSTER_OPERATIONS, NOT_ASKED } from './authorized-operations.js';

const BROKERS = 1;
const CONTROLLERS = 2;

/** Answers DescribeCluster: of brokers, for a client never reaches a controller here. */
export function createDescribeCluster(
  kit: CoreKit,
): (request: DescribeClusterRequest, context: RequestContext) => DescribeClusterResponseInit {
  return ({ endpointType, includeClusterAuthorizedOperations }, { advertised }) => {
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
}
