// Versions 3 to 13. Versions 10 and later return the leader (KIP-951), versions 13 and later name topics by id.
// Supported: idempotent producers, acks -1, 0 and 1.
// Ignored: timeoutMs. Transactional batches are refused.
import type { ProduceRequest, ProduceResponseInit } from '../../../src/protocol/index.js';
import type { Handler } from './handler.js';

export const produce: Handler<ProduceRequest, ProduceResponseInit> = ({ log }, request, context) =>
  log.produce.handle(request, context);
