import { type Endpoint, ErrorCode } from '../../../src/contract/index.js';
import type {
  FindCoordinatorRequest,
  FindCoordinatorResponseCoordinatorInit,
  FindCoordinatorResponseInit,
} from '../../../src/protocol/index.js';
import type { Kit } from '../kit.js';

/** From this version of FindCoordinator on several keys are asked for at a time. */
const KEYS_FROM = 4;
const GROUP = 0;
const TRANSACTION = 1;

/** Names the brokers that coordinate groups. */
export function findCoordinator(
  request: FindCoordinatorRequest,
  { apiVersion, advertised }: { readonly apiVersion: number; readonly advertised: Endpoint },
  kit: Pick<Kit, 'placement' | 'warn'>,
): FindCoordinatorResponseInit {
  const find = (key: string): FindCoordinatorResponseCoordinatorInit => findOne(key, request.keyType, advertised, kit);
  if (apiVersion >= KEYS_FROM) return { errorCode: ErrorCode.NONE, coordinators: request.coordinatorKeys.map(find) };
  const { errorCode, errorMessage, nodeId, host, port } = find(request.key);
  // Kafka's words for a success, which only these versions have.
  return { errorCode, errorMessage: errorCode === ErrorCode.NONE ? 'NONE' : errorMessage, nodeId, host, port };
}

function findOne(
  key: string,
  keyType: number,
  advertised: Endpoint,
  { placement, warn }: Pick<Kit, 'placement' | 'warn'>,
): FindCoordinatorResponseCoordinatorInit {
  if (keyType === TRANSACTION) {
    // A code that clients do not try again: one that they do would have them ask for ever.
    warn('a client asked for the coordinator of a transactional id: transactions are not supported');
    const why = 'Transactions are not supported.';
    return nobody(key, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, why);
  }
  if (keyType !== GROUP) {
    return nobody(key, ErrorCode.INVALID_REQUEST, `There is no coordinator for keys of type ${keyType}.`);
  }
  const coordinator = placement.coordinator('group', key);
  const node = placement.nodes(advertised).find(({ nodeId }) => nodeId === coordinator);
  if (node === undefined) return nobody(key, ErrorCode.COORDINATOR_NOT_AVAILABLE, 'The coordinator is not available.');
  const { nodeId, host, port } = node;
  return { key, nodeId, host, port, errorCode: ErrorCode.NONE, errorMessage: '' };
}

function nobody(key: string, errorCode: number, errorMessage: string): FindCoordinatorResponseCoordinatorInit {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage };
}
