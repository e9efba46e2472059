// Versions 0 to 6.
// Supported: ids for idempotent producers (KIP-98).
// Ignored: transactionTimeoutMs, producerId and producerEpoch, since each request gets a new id. No transactional ids.
import { ErrorCode } from '../../../src/contract/index.js';
import type { InitProducerIdRequest, InitProducerIdResponseInit } from '../../../src/protocol/index.js';
import { attempt } from '../awaitable.js';
import { StoreError } from '../store/store-error.js';
import type { Handler } from './handler.js';

export const initProducerId: Handler<InitProducerIdRequest, InitProducerIdResponseInit> = ({ kit, log }, request) => {
  const { transactionalId, producerId, producerEpoch } = request;
  if ((producerId === -1n) !== (producerEpoch === -1)) return failure(ErrorCode.INVALID_REQUEST);
  if (transactionalId === '') return failure(ErrorCode.INVALID_REQUEST);
  if (transactionalId !== null) {
    const what = `the transactional id '${transactionalId}' is refused, as any other`;
    kit.warn(`transactions are not supported: ${what}`, 'transactions');
    return failure(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  }
  // As Kafka has it, while it loads: clients ask again, of any broker that Metadata names. With COORDINATOR_NOT_AVAILABLE
  // Java's producer would look for the coordinator of a transactional id that it does not have.
  if (!kit.placement.isOwner) return failure(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
  return attempt(
    () => log.producerIds.next(),
    (id): InitProducerIdResponseInit => ({
      throttleTimeMs: 0,
      errorCode: 0,
      producerId: BigInt(id),
      producerEpoch: 0,
    }),
    (error) => {
      if (!(error instanceof StoreError)) throw error;
      kit.warn(`there are no producer ids to give: ${error.message}`);
      // As Kafka has it, while it cannot reserve any: clients ask again.
      return failure(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
    },
  );
};

function failure(errorCode: number): InitProducerIdResponseInit {
  return { throttleTimeMs: 0, errorCode, producerId: -1n, producerEpoch: -1 };
}
