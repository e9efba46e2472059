// Versions 4 to 18. Versions 12 and later return the leader (KIP-951), versions 13 and later name topics by id.
// Supported: long polls, byte limits, fetch sessions (KIP-227), fencing by the current leader epoch (KIP-320).
// Ignored: rackId and lastFetchedEpoch. Isolation levels read the same: there are no transactions.
import type { FetchRequest, FetchResponseInit } from '../../../src/protocol/index.js';
import type { Handler } from './handler.js';

export const fetch: Handler<FetchRequest, FetchResponseInit> = ({ log }, request, context) =>
  log.fetch.handle(request, context);
