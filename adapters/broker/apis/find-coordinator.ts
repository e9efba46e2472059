// Versions 0 to 6. Versions 4 and later ask for several keys.
// Supported: coordinators of groups. Those of transactional ids and share groups are refused.
// Ignored: nothing.
import { type Endpoint, ErrorCode } from '../../../src/contract/index.js';
import type {
  FindCoordinatorRequest,
  FindCoordinatorResponseCoordinatorInit,
  FindCoordinatorResponseInit,
} from '../../../src/protocol/index.js';
import type { Kit } from '../kit.js';
import type { Handler } from './handler.js';

/** From this version of FindCoordinator on several keys are asked for at a time. */
const KEYS_FROM = 4;
const GROUP = 0;
const TRANSACTION = 1;

export const findCoordinator: Handler<FindCoordinatorRequest, FindCoordinatorResponseInit> = (
  { kit },
  request,
  { apiVersion, advertised },
) => {
  const find = (key: string): FindCoordinatorResponseCoordinatorInit => findOne(key, request.keyType, advertised, kit);
  if (apiVersion >= KEYS_FROM) return { errorCode: ErrorCode.NONE, coordinators: request.coordinatorKeys.map(find) };
  const { errorCode, errorMessage, nodeId, host, port } = find(request.key);
  // Kafka's words for a success, which only these versions have.
  return { errorCode, errorMessage: errorCode === ErrorCode.NONE ? 'NONE' : errorMessage, nodeId, host, port };
};

function findOne(key: string, keyType: number, advertised: Endpoint, kit: Kit): FindCoordinatorResponseCoordinatorInit {
  if (keyType === TRANSACTION) {
    // A code that clients do not try again: one that they do would have them ask for ever.
    kit.warn('a client asked for the coordinator of a transactional id: transactions are not supported');
    const why = 'Transactions are not supported.';
    return nobody(key, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, why);
  }
  if (keyType !== GROUP) {
    return nobody(key, ErrorCode.INVALID_REQUEST, `There is no coordinator for keys of type ${keyType}.`);
  }
  const { placement } = kit;
  const coordinator = placement.coordinator('group', key);
  const node = placement.nodes(advertised).find(({ nodeId }) => nodeId === coordinator);
  if (node === undefined) return nobody(key, ErrorCode.COORDINATOR_NOT_AVAILABLE, 'The coordinator is not available.');
  const { nodeId, host, port } = node;
  return { key, nodeId, host, port, errorCode: ErrorCode.NONE, errorMessage: '' };
}

function nobody(key: string, errorCode: number, errorMessage: string): FindCoordinatorResponseCoordinatorInit {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage };
}
